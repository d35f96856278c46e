"""Starts supervisors and listens to them, and repairs what a killed one has left."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callcost.console.files import write_atomically
from callcost.revisions.builder import end_marked
from callcost.revisions.cache import LOCK, Cache, Entry, Lock
from callcost.revisions.errors import BuildError, CancelledError, ContradictionError
from callcost.revisions.folders import remove_tree

POLL_S = 0.1


@dataclass(frozen=True)
class Supervision:
    """What the supervisors of one comparison share; setting `cancel` ends them all."""

    cache: Cache
    cancel: threading.Event = field(default_factory=threading.Event)

    def run(
        self, job: Mapping[str, Any], say: Callable[[str], None], locks: Sequence[Lock] = ()
    ) -> dict[str, Any]:
        """Has a supervisor do a job (builder.py) and returns its answer.

        The supervisor inherits the locks. Raises BuildError, ContradictionError, or
        CancelledError once `cancel` is set.
        """
        with self.cache.staged(job["kind"]) as (folder, lock):
            fds = [each.fd for each in (lock, *locks)]
            job_file = folder / "job.json"
            whole = {**job, "cache": str(self.cache.folder), "locks": fds}
            write_atomically(job_file, json.dumps(whole))
            with _started(job_file, fds) as process:
                last = _listen(process, self.cancel, say)
            if last is None:
                _mend_staging(folder)
                raise BuildError(f"its supervisor {_end_of(process)}")
        return _judged(last)


@contextlib.contextmanager
def _started(job_file: Path, fds: Sequence[int]) -> Iterator[subprocess.Popen[bytes]]:
    """Starts a supervisor; leaving closes its standard input, and waits until it has cleaned up."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "callcost.revisions.builder", str(job_file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=fds,
        cwd=job_file.parent,
        # Its own session: Ctrl-C reaches the caller alone, which then closes the pipe.
        start_new_session=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def _listen(
    process: subprocess.Popen[bytes], cancel: threading.Event, say: Callable[[str], None]
) -> dict[str, Any] | None:
    """Passes progress on and returns the last answer; None if the process ended without one."""
    last = None
    for line in _lines(process, cancel):
        event = json.loads(line)
        if "say" in event:
            say(event["say"])
        else:
            last = event
    return last


def _lines(process: subprocess.Popen[bytes], cancel: threading.Event) -> Iterator[bytes]:
    assert process.stdin is not None and process.stdout is not None
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if cancel.is_set():
                process.stdin.close()
            if not selector.select(POLL_S):
                continue
            chunk = os.read(process.stdout.fileno(), 1 << 16)
            if not chunk:
                return
            *lines, pending = (pending + chunk).split(b"\n")
            yield from lines


def _end_of(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    return f"died of {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _judged(last: Mapping[str, Any]) -> dict[str, Any]:
    if "done" in last:
        return dict(last["done"])
    match last["failed"]:
        case "abandoned":
            raise CancelledError
        case "contradiction":
            raise ContradictionError(last["message"])
        case _:
            raise BuildError(last["message"], last["log"])


def mend(cache: Cache) -> list[Path]:
    """Removes what killed supervisors have left: processes, worktrees and half-built entries.

    Returns the folders of those supervisors. The books of a repository keep a worktree until the
    next comparison there: only a file says which one it was, and no file is trusted here.
    """
    mended = []
    for folder in cache.stagings():
        lock_file = folder.with_name(folder.name + LOCK)
        lock = Lock.attempt(lock_file)
        if lock is None:
            continue
        with lock:
            _mend_staging(folder)
            lock_file.unlink(missing_ok=True)
        mended.append(folder)
    if mended:
        for entry in cache.entries():
            _discard_half_built(entry)
    return mended


def _mend_staging(folder: Path) -> None:
    end_marked(folder.name)
    remove_tree(folder)


def _discard_half_built(entry: Entry) -> None:
    lock = Lock.attempt(entry.lock_file)
    # Without the lock it is being built anew, or is the caller's own to discard.
    if lock is not None:
        with lock:
            if entry.read() is None:
                entry.discard()
