"""Starts counter.py in its own process, with or without callgrind."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from callcost.run.process import WorkerProcess
from callcost.worker import counter

HASH_SEED = 0
# All other variables are removed. Without these, an interpreter may not find its libraries,
# valgrind its tools, or a contender its modules.
KEPT_VARIABLES = ("LD_LIBRARY_PATH", "PYTHONPATH", "VALGRIND_LIB")
FIXED_VARIABLES = {"PYTHONHASHSEED": str(HASH_SEED), "PYTHONUNBUFFERED": "1"}
# The cost of a block in CPython's own allocator depends on its place in a pool, and so on every
# earlier allocation. libc's allocator returns the same block again and again.
ALLOCATOR = {"PYTHONMALLOC": "malloc"}
VALGRIND_OPTIONS = ("--quiet", "--tool=callgrind", "--dump-line=no")
# Deeper stacks lose their outer frames.
DEPTH = 24
PROFILE_OPTIONS = ("--dump-instr=yes", f"--separate-callers={DEPTH}")


@cache
def fixed_layout() -> tuple[str, ...]:
    """Return the command prefix that starts a program without ASLR; empty if that fails."""
    setarch = shutil.which("setarch")
    if setarch is None:
        return ()
    command = (setarch, platform.machine(), "-R")
    try:
        subprocess.run([*command, "true"], capture_output=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    return command


def vgdb() -> str:
    """Return the path of the program that switches callgrind on and off; empty if missing."""
    return shutil.which("vgdb") or ""


class CounterProcess(WorkerProcess):
    """Runs counter.py on one job, under callgrind if the job counts."""

    script = Path(counter.__file__)

    def __init__(
        self, python: str, job: dict[str, Any], timeout_s: float, *, free_threaded: bool
    ) -> None:
        self._counts = bool(job["counts"])
        self._options = PROFILE_OPTIONS if job["profiles"] else ()
        # The allocator of a free-threaded build cannot be replaced.
        self._allocator = ALLOCATOR if self._counts and not free_threaded else {}
        super().__init__(python, job, HASH_SEED, timeout_s)

    def command(self, python: str, job_file: Path) -> list[str]:
        """Return the command that runs counter.py, without ASLR if possible when it counts."""
        counter_command = super().command(python, job_file)
        if not self._counts:
            return counter_command
        switch = ["--vgdb=no"]
        if vgdb():
            prefix = job_file.with_name(counter.SWITCH_NAME)
            switch = ["--vgdb=yes", f"--vgdb-prefix={prefix}", "--instr-atstart=no"]
        return [
            *fixed_layout(),
            shutil.which("valgrind") or "valgrind",
            *VALGRIND_OPTIONS,
            *self._options,
            *switch,
            f"--callgrind-out-file={job_file.with_name(counter.DUMP_NAME)}",
            f"--dump-before={counter.MARKER}",
            *counter_command,
        ]

    def environment(self, hash_seed: int) -> dict[str, str]:
        """Return cleared environment variables, with what an interpreter needs to run."""
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        return {**kept, **FIXED_VARIABLES, **self._allocator}
