"""Finds the other interpreters that mechanisms can be measured in: PyPy, where it is installed.

Nothing is installed there: the files of the packages are handed to its workers. Mechanisms
without an extension of their own take part as they are; those of bindings/_build/elsewhere.py once
that has compiled them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import callcost
from callcost import bindings, native
from callcost.benchmarks.catalogue import Workload
from callcost.benchmarks.contenders import cells, contender, group_name
from callcost.bindings.registry import (
    FOLDER,
    Build,
    Mechanism,
    StaleBuildError,
    mechanisms,
)
from callcost.errors import CallcostError
from callcost.model.contender import Environment
from callcost.pytest_plugin.plugin import case, refused
from callcost.run.interpreters import find
from callcost.run.process import WorkerError

VARIABLE = "CALLCOST_PYPY"
COMMAND = "pypy3"
# The tools that come with PyPy; it runs extensions of CPython's C API in an emulation only.
FAMILIES = ("cffi", "ctypes")


class NoEnvironmentError(CallcostError):
    """An interpreter that cannot be measured in; the text says why, and what to do."""


@cache
def pypy() -> Environment:
    """Asks PyPy, once, who it is and which mechanisms it can import; raises NoEnvironmentError.

    The environment variable CALLCOST_PYPY names the executable. It has to be asked for, since a
    row takes several times as long there: its compiler needs time to settle.
    """
    command = os.environ.get(VARIABLE)
    if not command:
        raise NoEnvironmentError(f"not asked for: {VARIABLE}={COMMAND} measures there, too")
    python = shutil.which(command)
    if python is None:
        raise NoEnvironmentError(f"{command} is not installed: apt-get install pypy3 pypy3-dev")
    try:
        return find(python, package_files(), [mechanism.module for mechanism in portable()])
    except WorkerError as error:
        raise NoEnvironmentError(f"{command} cannot be used: {error.kind}: {error}") from error


def portable() -> list[Mechanism]:
    """Lists the mechanisms that are not for CPython alone."""
    return [m for m in mechanisms() if not m.compiled or m.family in FAMILIES]


def package_files() -> dict[str, str]:
    """Names the files of the packages that every mechanism needs, and that hold them all."""
    folders = {
        "callcost": Path(callcost.__path__[0]),
        native.__name__: native.FOLDER,
        bindings.__name__: FOLDER,
    }
    return {name: str(folder / "__init__.py") for name, folder in folders.items()}


def environment_rows(workloads: Iterable[Workload]) -> list[Any]:
    """Lists the pytest parameters (workload, mechanism) of every cell that PyPy may run."""
    try:
        environment = pypy()
    except NoEnvironmentError as error:
        return [pytest.param("", "", id=COMMAND, marks=pytest.mark.skip(str(error)))]
    names = {mechanism.name for mechanism in portable()}
    return [_row(*cell, environment) for cell in cells(workloads) if cell[1].name in names]


def _row(workload: Workload, mechanism: Mechanism, environment: Environment) -> Any:
    names = workload.name, mechanism.name
    identity = f"{'-'.join(names)}@{environment.name}"
    missing = environment.missing.get(mechanism.module)
    if missing is not None:
        hint = "; to build it: pypy3 bindings/_build/elsewhere.py" if mechanism.compiled else ""
        skip = pytest.mark.skip(missing + hint)
        return pytest.param(*names, id=identity, marks=skip)
    try:
        made = contender(mechanism, workload, _built(environment, mechanism))
    except StaleBuildError as error:
        return refused(f"{mechanism.name}: {error}", *names, identity=identity)
    return case(group_name(workload), made, *names, identity=identity, environment=environment)


def _built(environment: Environment, mechanism: Mechanism) -> Build | None:
    """Returns the build of a mechanism for an environment; None for what needs none of its own."""
    for built in _builds(environment.facts["cache_tag"]) if mechanism.compiled else ():
        if len(built.files(mechanism)) > 1:
            return built
    return None


@cache
def _builds(tag: str) -> list[Build]:
    manifests = sorted(FOLDER.glob(f"built.{tag}*.json"))
    return [Build(FOLDER, path.name[len("built.") : -len(".json")]) for path in manifests]
