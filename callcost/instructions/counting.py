"""The processes that run counter.py, without valgrind and under its callgrind."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from functools import cache
from pathlib import Path

from callcost.run.process import WorkerProcess
from callcost.worker import counter

COUNTER_FILE = Path(counter.__file__)
HASH_SEED = 0
# The rest of the environment is cleared. Without these an interpreter may not find its libraries,
# valgrind its tools, nor a contender its modules: it would be another one, or none.
KEPT_VARIABLES = ("LD_LIBRARY_PATH", "PYTHONPATH", "VALGRIND_LIB")
FIXED_VARIABLES = {"PYTHONHASHSEED": str(HASH_SEED), "PYTHONUNBUFFERED": "1"}
# What CPython's own allocator takes for a block depends on where in its pools the block lies, so
# on everything allocated before. libc's hands out the same one again and again.
ALLOCATOR = {"PYTHONMALLOC": "malloc"}
VALGRIND_OPTIONS = ("--quiet", "--tool=callgrind", "--dump-line=no")
# A stack that is deeper loses its outer end.
DEPTH = 24
PROFILE_OPTIONS = ("--dump-instr=yes", f"--separate-callers={DEPTH}")


@cache
def fixed_layout() -> tuple[str, ...]:
    """Returns the command that starts another without ASLR; nothing where that is impossible."""
    setarch = shutil.which("setarch")
    if setarch is None:
        return ()
    command = (setarch, platform.machine(), "-R")
    try:
        subprocess.run([*command, "true"], capture_output=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    return command


class CheckingProcess(WorkerProcess):
    """Runs counter.py without callgrind: checks contenders, and says who the interpreter is."""

    script = COUNTER_FILE

    def environment(self, hash_seed: int) -> dict[str, str]:
        """Returns a cleared environment, with what an interpreter needs to be itself."""
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        return {**kept, **FIXED_VARIABLES}


def vgdb() -> str:
    """Returns the program that tells callgrind to begin and to end; empty where it is not there."""
    return shutil.which("vgdb") or ""


def _switch_options(job_file: Path) -> tuple[str, ...]:
    """Has callgrind begin only when it is told to, which takes a program beside valgrind."""
    if not vgdb():
        return ("--vgdb=no",)
    prefix = job_file.with_name(counter.SWITCH_NAME)
    return ("--vgdb=yes", f"--vgdb-prefix={prefix}", "--instr-atstart=no")


class CountingProcess(CheckingProcess):
    """Runs counter.py under callgrind."""

    options: tuple[str, ...] = ()

    def command(self, python: str, job_file: Path) -> list[str]:
        """Returns the command that runs counter.py under callgrind, without ASLR if possible."""
        return [
            *fixed_layout(),
            shutil.which("valgrind") or "valgrind",
            *VALGRIND_OPTIONS,
            *self.options,
            *_switch_options(job_file),
            f"--callgrind-out-file={job_file.with_name(counter.DUMP_NAME)}",
            f"--dump-before={counter.MARKER}",
            *super().command(python, job_file),
        ]

    def environment(self, hash_seed: int) -> dict[str, str]:
        """Returns a cleared environment in which blocks of memory cost the same everywhere."""
        return {**super().environment(hash_seed), **ALLOCATOR}


class FreeThreadedProcess(CountingProcess):
    """The same for a build without the GIL, which has an allocator that cannot be replaced."""

    def environment(self, hash_seed: int) -> dict[str, str]:
        """Returns a cleared environment."""
        return CheckingProcess.environment(self, hash_seed)


class ProfilingProcess(CountingProcess):
    """Runs counter.py under callgrind, which keeps apart by whom a function was called."""

    options = PROFILE_OPTIONS


class FreeThreadedProfilingProcess(FreeThreadedProcess):
    """The same for a build without the GIL."""

    options = PROFILE_OPTIONS
