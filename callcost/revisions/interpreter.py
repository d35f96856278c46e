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
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from python_discovery import PythonInfo, PythonSpec, get_interpreter, iter_interpreters

from callcost.console.numbers import listed
from callcost.console.options import PYTHON_HELP
from callcost.model import abi
from callcost.revisions.errors import SpecError
from callcost.revisions.source import LOCAL_VARIABLES
from callcost.run.together import together
from callcost.worker import probe, worker

# It warns about every old interpreter that it finds.
logging.getLogger("python_discovery").addHandler(logging.NullHandler())

OLDEST = (3, 9)
PROBE_S = 60.0
STAGES = {"alpha": "a", "beta": "b", "candidate": "rc"}
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
    return _described(wanted, locate(wanted))


def find_all(
    wanted: Sequence[str | None], oldest: tuple[int, ...] = OLDEST
) -> dict[str | None, Interpreter]:
    """Finds several interpreters; raises one SpecError that names all that cannot be used.

    `oldest` is the oldest version of Python that will do.
    """
    found: dict[str | None, PythonInfo] = {}
    missing: list[str] = []
    wrong: list[str] = []
    for name in dict.fromkeys(wanted):
        try:
            info = _look_for(name)
            if info is None:
                missing.append(str(name))
            elif info.version_info[:2] < oldest:
                wrong.append(_too_old(name, info, oldest))
            else:
                found[name] = info
        except SpecError as error:
            wrong.append(str(error).rstrip("."))
    if missing or wrong:
        raise SpecError("; ".join([*wrong, *([_missing(missing, oldest)] if missing else ())]))
    described = together(lambda each: _described(*each), list(found.items()))
    return dict(zip(found, described, strict=True))


def _described(wanted: str | None, info: PythonInfo) -> Interpreter:
    executable = info.system_executable or info.executable
    if not executable:
        raise SpecError(f"Cannot find the executable file of {wanted}")
    facts = ask(executable)
    digest = hashlib.sha256(json.dumps(facts["build"]).encode()).hexdigest()[:20]
    return Interpreter(executable, facts["interpreter"], digest, tuple(facts["compilers"]))


def locate(wanted: str | None) -> PythonInfo:
    """Finds an interpreter by its version, name or path; raises SpecError."""
    found = _look_for(wanted)
    if found is None:
        raise SpecError(_missing([str(wanted)], OLDEST))
    if found.version_info[:2] < OLDEST:
        raise SpecError(_too_old(wanted, found, OLDEST))
    return found


def _look_for(wanted: str | None) -> PythonInfo | None:
    """Searches PATH, pyenv and uv's folder; raises SpecError for what cannot be an interpreter.

    Not with `uv python find`, which stops at the first of pyenv's scripts that finds nothing.
    """
    if wanted is not None and not wanted.strip():
        raise SpecError(f"An interpreter's name is empty: give {PYTHON_HELP}")
    if wanted is not None and "/" in wanted:
        wanted = _path(wanted)
    try:
        return get_interpreter(wanted or sys.executable, env=_search())
    except RuntimeError as error:
        # The error's text holds a whole program.
        raise SpecError(f"{wanted} is not an interpreter, or is too old") from error
    except ValueError as error:
        raise SpecError(f"{wanted} does not name an interpreter: give {PYTHON_HELP}") from error


def _path(wanted: str) -> str:
    """Returns an executable file as an absolute path; raises SpecError if there is none."""
    path = Path(wanted)
    with suppress(RuntimeError):  # a user who does not exist
        path = path.expanduser()
    path = path.absolute()
    if path.is_dir():
        raise SpecError(f"{path} is a folder: name the interpreter in it")
    if not os.access(path, os.X_OK):
        raise SpecError(f"Cannot find the interpreter {path}.")
    return str(path)


def _search() -> dict[str, str]:
    """Returns variables whose PATH has pyenv's interpreters too, newest first."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
    folders = sorted(root.glob("*/bin"), key=_version, reverse=True) if root.is_dir() else []
    path = [os.environ.get("PATH", os.defpath), *map(str, folders)]
    return {**os.environ, "PATH": os.pathsep.join(path)}


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", folder.parent.name)))


def _missing(names: Sequence[str], oldest: tuple[int, ...]) -> str:
    """Says which interpreters are missing, which there are, and how to get one."""
    there = [info for info in iter_interpreters(None, env=_search()) if _fits(info, oldest)]
    newest_first = sorted(there, key=_rank, reverse=True)
    found = ", ".join(dict.fromkeys(map(_name, newest_first))) or "none"
    known = dict.fromkeys(text for text in map(_for_uv, names) if text)
    how = f" (`uv python install {' '.join(known)}`)" if known else ""
    get = "Install it{}, or pass a path" if len(names) == 1 else "Install them{}, or pass paths"
    what = f"the interpreter{'s' if len(names) > 1 else ''} {listed(names)}"
    return f"Cannot find {what} on PATH, in pyenv or in uv. Found: {found}. {get.format(how)}."


def _too_old(wanted: str | None, info: PythonInfo, oldest: tuple[int, ...]) -> str:
    needed = ".".join(map(str, oldest))
    newer = f"{'' if _is_cpython(info) else info.implementation.lower()}{needed}"
    return (
        f"{wanted or info.executable} is {info.implementation} {_version_of(info)}, but Python "
        f"{needed} or later is needed: name another (`uv python install {newer}`)"
    )


def _fits(info: PythonInfo, oldest: tuple[int, ...]) -> bool:
    return tuple(info.version_info[:2]) >= oldest


def _rank(info: PythonInfo) -> tuple[object, ...]:
    """Orders interpreters: CPython before others, later versions last."""
    return _is_cpython(info), info.version_info[:3], _stage(info), info.free_threaded


def _stage(info: PythonInfo) -> tuple[str, int]:
    # In the order of the alphabet: alpha, beta, candidate, final.
    return info.version_info.releaselevel, info.version_info.serial


def _is_cpython(info: PythonInfo) -> bool:
    return bool(info.implementation == "CPython")


def _name(info: PythonInfo) -> str:
    """Returns the name for people: 3.15.0rc2, 3.15.0t, pypy 3.11.13."""
    prefix = "" if _is_cpython(info) else f"{info.implementation.lower()} "
    return prefix + _version_of(info)


def _version_of(info: PythonInfo) -> str:
    stage, serial = _stage(info)
    stage = "" if stage == "final" else f"{STAGES.get(stage, stage)}{serial}"
    flag = abi.FREE_THREADED_FLAG if info.free_threaded else ""
    return f"{info.version_str}{stage}{flag}"


def _for_uv(name: str) -> str | None:
    """Writes a name as uv reads it: 3.15t for py315t; None if it names no version."""
    spec = PythonSpec.from_string_spec(name)
    if spec.path or spec.major is None:
        return None
    implementation = (spec.implementation or "").lower().removeprefix("cpython")
    parts = [part for part in (spec.major, spec.minor, spec.micro) if part is not None]
    flag = abi.FREE_THREADED_FLAG if spec.free_threaded else ""
    return f"{implementation}{'.'.join(map(str, parts))}{flag}"


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
