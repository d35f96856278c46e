"""What several tests share: the processes that a test has started, and waiting for their end."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

MARK = "CALLCOST_TEST"


def marked_processes(mark: Path) -> list[psutil.Process]:
    """Lists the other living processes whose environment variable MARK has this value."""
    found = []
    for process in psutil.process_iter():
        try:
            marked = process.environ().get(MARK) == str(mark)
            if marked and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return [process for process in found if process.pid != os.getpid()]


def wait_until(condition: Callable[[], object], limit_s: float = 120) -> bool:
    """Waits until a condition holds; tells whether it does in the end."""
    end_s = time.monotonic() + limit_s
    while time.monotonic() < end_s:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


@contextmanager
def few_files(most: int = 64) -> Iterator[None]:
    """Lets this process, and those that it starts, have few files open, as `ulimit -n` does."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
