"""Finds the interpreter that the option --python of a command names."""

from __future__ import annotations

from pathlib import Path

from callcost.console.options import PYTHON_HELP
from callcost.errors import CallcostError
from callcost.model.group import Environment
from callcost.revisions.errors import SpecError
from callcost.revisions.interpreter import locate
from callcost.run.interpreters import find
from callcost.run.process import WorkerError


def interpreter_at(python: str | None, option: str = "--python") -> Environment | None:
    """Finds the interpreter that an option names; None is the running one.

    It can be a version, a name or a path, like after the @ of `callcost compare`. A virtual
    environment is used as it is, with its modules. Raises CallcostError, naming the option.
    """
    if python is None:
        return None
    if not python.strip():
        raise CallcostError(f"{option} is empty: give {PYTHON_HELP}")
    try:
        found = locate(python)
        own, behind = found.executable or python, found.system_executable or python
        if "/" in python:
            # Literally: behind a link there may be a virtual environment.
            own = str(Path(python).expanduser().absolute())
        try:
            return find(own if "/" in python or _is_in_environment(own) else behind)
        except WorkerError:
            # A script that searches for an interpreter, like pyenv's, may find none here.
            return find(behind)
    except (SpecError, WorkerError, KeyError) as error:
        raise CallcostError(f"{option}: {error}") from error


def _is_in_environment(executable: str) -> bool:
    """Tells whether an interpreter belongs to a virtual environment."""
    folder = Path(executable).parent
    return any((place / "pyvenv.cfg").is_file() for place in (folder, folder.parent))
