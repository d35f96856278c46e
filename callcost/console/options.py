"""What several commands read from their options in the same way."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from callcost.errors import CallcostError

if TYPE_CHECKING:
    from callcost.model.contender import Environment

PYTHON_HELP = "a version (3.13), a name (pypy3.9) or a path"


class FiniteRange(click.FloatRange):
    """A number within a range: NaN passes every comparison with its ends, and infinity one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Reads the number; raises BadParameter."""
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return found


class OptionError(CallcostError):
    """The value of an option that cannot be used; the text names the option."""


def interpreter_at(python: str | None, option: str = "--python") -> Environment | None:
    """Finds the interpreter that an option names; None is the one that runs this.

    It may be a version, a name or a path, as behind the @ of `callcost compare`. A virtual
    environment is taken as it is, with its modules. Raises OptionError.
    """
    if python is None:
        return None
    if not python.strip():
        raise OptionError(f"{option} names no interpreter: give a version, a name or a path")
    # Late, as they are slow to import and the commands' help does without.
    from callcost.revisions.errors import SpecError
    from callcost.revisions.interpreter import locate
    from callcost.run.interpreters import find
    from callcost.run.process import WorkerError

    try:
        found = locate(python)
        own, behind = found.executable or python, found.system_executable or python
        if "/" in python:
            # Literally: behind a link there may be a virtual environment.
            own = str(Path(python).expanduser().absolute())
        try:
            return find(own if "/" in python or _is_in_environment(own) else behind)
        except WorkerError:
            # A script that looks for an interpreter, like those of pyenv, may find none here.
            return find(behind)
    except (SpecError, WorkerError, KeyError) as error:
        raise OptionError(f"{option}: {error}") from error


def _is_in_environment(executable: str) -> bool:
    """Tells whether an interpreter belongs to a virtual environment."""
    folder = Path(executable).parent
    return any((place / "pyvenv.cfg").is_file() for place in (folder, folder.parent))
