"""Finds interpreters by version, name or path, and asks them for their facts."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from python_discovery import PythonInfo, get_interpreter, iter_interpreters

from callcost.model import abi
from callcost.revisions.errors import SpecError
from callcost.revisions.source import LOCAL_VARIABLES
from callcost.worker import probe, worker

# It warns about every old interpreter that it finds.
logging.getLogger("python_discovery").addHandler(logging.NullHandler())

OLDEST = (3, 9)
PROBE_S = 60.0
# Variables that would send uv elsewhere.
MISLEADING = (
    *LOCAL_VARIABLES,
    *("VIRTUAL_ENV", "CONDA_PREFIX", "__PYVENV_LAUNCHER__"),
    *("UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_PROJECT", "UV_WORKING_DIR", "UV_PROJECT_ENVIRONMENT"),
    *("UV_NO_BUILD_ISOLATION", "UV_BREAK_SYSTEM_PACKAGES"),
)


@dataclass(frozen=True)
class Interpreter:
    """An interpreter to make environments from; `digest` identifies its files and its build.

    `compilers` are the C and C++ commands that it was built with.
    """

    executable: str
    facts: Mapping[str, str]
    digest: str
    compilers: tuple[str, ...]

    @property
    def label(self) -> str:
        """The name for people: cpython 3.13.0, or cpython 3.14.0t if it is free-threaded."""
        return f"{self.facts['implementation']} {abi.version(self.facts)}"


def clean_variables() -> dict[str, str]:
    """Returns the user's variables without those that would mislead an interpreter or uv."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON") and name not in MISLEADING
    }


def find(wanted: str | None) -> Interpreter:
    """Finds an interpreter, by default the running one; raises SpecError.

    For a virtual environment, that is the interpreter that it was made from.
    """
    found = locate(wanted)
    executable = found.system_executable or found.executable
    if not executable:
        raise SpecError(f"Cannot find the executable file of {wanted}")
    facts = ask(executable)
    digest = hashlib.sha256(json.dumps(facts["build"]).encode()).hexdigest()[:20]
    return Interpreter(executable, facts["interpreter"], digest, tuple(facts["compilers"]))


def locate(wanted: str | None) -> PythonInfo:
    """Finds an interpreter by its version, name or path; raises SpecError.

    Not with `uv python find`, which stops at the first of pyenv's scripts that finds nothing.
    """
    if wanted is not None and "/" in wanted:
        wanted = str(Path(wanted).expanduser().absolute())
        if not os.access(wanted, os.X_OK) or Path(wanted).is_dir():
            raise SpecError(f"Cannot find the interpreter {wanted}.")
    try:
        found = get_interpreter(wanted or sys.executable, env=_search())
    except RuntimeError as error:
        # The error's text holds a whole program.
        raise SpecError(f"{wanted} is not an interpreter, or is too old") from error
    if not found:
        raise SpecError(_missing(str(wanted)))
    if found.version_info[:2] < OLDEST:
        raise SpecError(
            f"{found.executable} is Python {found.version_str}: callcost measures in "
            f"{'.'.join(map(str, OLDEST))} and later"
        )
    return found


def _search() -> dict[str, str]:
    """Returns variables whose PATH has pyenv's interpreters too, newest first."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
    folders = sorted(root.glob("*/bin"), key=_version, reverse=True) if root.is_dir() else []
    path = [os.environ.get("PATH", os.defpath), *map(str, folders)]
    return {**os.environ, "PATH": os.pathsep.join(path)}


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", folder.parent.name)))


def _missing(wanted: str) -> str:
    there = iter_interpreters(None, env=_search())
    found = sorted({_name(info) for info in there if info.version_info[:2] >= OLDEST})
    return (
        f"Cannot find the interpreter {wanted} on PATH, in pyenv or in uv. "
        f"Found: {', '.join(found)}. Install it, or pass a path."
    )


def _name(info: PythonInfo) -> str:
    flag = abi.FREE_THREADED_FLAG if info.free_threaded else ""
    return f"{info.implementation} {info.version_str}{flag}"


def ask(executable: str) -> dict[str, Any]:
    """Has an interpreter run the probe; raises SpecError if it cannot."""
    try:
        done = _run([executable, "-I", str(probe.__file__), str(worker.__file__)])
        return dict(json.loads(done.stdout))
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SpecError(f"Cannot run {executable}: {error}") from error
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        raise SpecError(f"Cannot use {executable}: {last}") from None


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=PROBE_S,
        check=False,
        stdin=subprocess.DEVNULL,
        env=clean_variables(),
    )


def compiler_versions(interpreter: Interpreter) -> list[str]:
    """Returns the first line that each compiler prints for --version; "" if there is none."""
    chosen = zip(("CC", "CXX"), interpreter.compilers, strict=True)
    return [_first_line(os.environ.get(name) or known) for name, known in chosen]


def _first_line(command: str) -> str:
    words = shlex.split(command)
    if not words or shutil.which(words[0]) is None:
        return ""
    try:
        return (_run([words[0], "--version"]).stdout.splitlines() or [""])[0]
    except (OSError, subprocess.TimeoutExpired):
        return ""
