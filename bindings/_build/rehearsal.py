"""Runs each build.py in another process first, to find those that exit, crash or never end."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .places import ROOT

# Limits of a build.py: of wall time, as some try out compilers, and of its own CPU time.
LIMIT_S, PROCESSOR_S = 120.0, 20
BEGUN, DONE = b".", b"!"
# The caller gets the same exceptions when it runs a build.py itself.
PROGRAM = f"""
import os, resource, sys, time
from pathlib import Path
root, processor_s, *paths = sys.argv[1:]
sys.path.insert(0, root)
channel = os.dup(1)
os.dup2(2, 1)
from bindings._build.declare import declared_in
for path in paths:
    os.write(channel, {BEGUN!r})
    limit_s = int(time.process_time()) + 1 + int(processor_s)
    resource.setrlimit(resource.RLIMIT_CPU, (limit_s, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    try:
        list(declared_in(Path(path)))
    except Exception:
        pass
os.write(channel, {DONE!r})
"""


def unfit(
    paths: Sequence[Path], limit_s: float = LIMIT_S, processor_s: int = PROCESSOR_S
) -> dict[Path, str]:
    """Names each build.py that must not run in this process, with the reason."""
    left = list(paths)
    found = {}
    while left:
        begun, why = _rehearse(left, limit_s, processor_s)
        # If no process can be started, nothing can be said about any of them.
        if why is None or begun == 0:
            break
        found[left[begun - 1]] = why
        del left[:begun]
    return found


def _rehearse(paths: Sequence[Path], limit_s: float, processor_s: int) -> tuple[int, str | None]:
    """Runs them in a new process. Returns how many were begun, and how the last one ended it."""
    command = [sys.executable, "-c", PROGRAM, str(ROOT), str(processor_s), *map(str, paths)]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        said = b""
        while select.select([process.stdout], [], [], limit_s)[0]:
            chunk = os.read(process.stdout.fileno(), 4096)
            if not chunk:
                break
            said += chunk
        else:
            # Its whole session: it may have started compilers.
            os.killpg(process.pid, signal.SIGKILL)
            return said.count(BEGUN), f"its build.py did not end within {limit_s:g} s"
    if said.endswith(DONE):
        return said.count(BEGUN), None
    return said.count(BEGUN), f"its build.py {_end_of(process.returncode)}"


def _end_of(status: int) -> str:
    if status == -signal.SIGXCPU:
        return "does not end"
    if status < 0:
        return f"crashes ({signal.Signals(-status).name})"
    return f"ends Python with exit code {status}"
