"""Finds another interpreter to measure mechanisms in: PyPy, if it is installed.

Nothing is installed there: its workers get the files of the packages. A mechanism without an
extension works as it is; bindings/_build/elsewhere.py compiles the others.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

import callcost
from callcost import bindings, native
from callcost.benchmarks.catalogue import Workload
from callcost.benchmarks.contenders import builds, cells, contender, row
from callcost.bindings.registry import FOLDER, Build, Mechanism, mechanisms
from callcost.errors import CallcostError
from callcost.model.contender import Contender, Environment
from callcost.run.interpreters import find
from callcost.run.process import WorkerError

VARIABLE = "CALLCOST_PYPY"
COMMAND = "pypy3"
# The tools that PyPy includes. It only emulates the C API of CPython.
TOOLS = ("cffi", "ctypes")


class NoEnvironmentError(CallcostError):
    """Why an interpreter cannot be measured, and what to do."""


@cache
def pypy() -> Environment:
    """Asks PyPy, once, what it is and which mechanisms it can import; raises NoEnvironmentError.

    The environment variable CALLCOST_PYPY names the executable. PyPy is never measured by
    default: a row takes several times as long there, because its compiler needs time to settle.
    """
    command = os.environ.get(VARIABLE)
    if not command:
        raise NoEnvironmentError(f"not measured: set {VARIABLE}={COMMAND} to measure there, too")
    python = shutil.which(command)
    if python is None:
        raise NoEnvironmentError(f"{command} is not installed: apt-get install pypy3 pypy3-dev")
    try:
        return find(python, package_files(), [mechanism.module for mechanism in portable()])
    except WorkerError as error:
        raise NoEnvironmentError(f"{command} cannot be used: {error.kind}: {error}") from error


def portable() -> list[Mechanism]:
    """Lists the mechanisms that work outside CPython."""
    return [m for m in mechanisms() if not m.compiled or m.tool in TOOLS]


def package_files() -> dict[str, str]:
    """Names the files of the packages that contain the mechanisms or that they all need."""
    folders = {
        "callcost": Path(callcost.__path__[0]),
        native.__name__: native.FOLDER,
        bindings.__name__: FOLDER,
    }
    return {name: str(folder / "__init__.py") for name, folder in folders.items()}


def environment_rows(workloads: Iterable[Workload]) -> list[Any]:
    """Lists the pytest parameters (workload, mechanism) of every row that PyPy may run."""
    try:
        environment = pypy()
    except NoEnvironmentError as error:
        return [pytest.param("", "", id=COMMAND, marks=pytest.mark.skip(str(error)))]
    names = {mechanism.name for mechanism in portable()}
    return [
        row(
            workload,
            mechanism.name,
            partial(_described, mechanism, workload, environment),
            environment=environment,
        )
        for workload, mechanism in cells(workloads)
        if mechanism.name in names
    ]


def _described(
    mechanism: Mechanism, workload: Workload, environment: Environment
) -> Contender | str:
    missing = environment.missing.get(mechanism.module)
    if missing is None:
        return contender(mechanism, workload, _built(environment, mechanism))
    hint = "; to build it: pypy3 bindings/_build/elsewhere.py" if mechanism.compiled else ""
    return missing + hint


def _built(environment: Environment, mechanism: Mechanism) -> Build | None:
    """Returns a mechanism's build for an environment, None if it does not need its own."""
    for built in _builds(environment.facts["cache_tag"]) if mechanism.compiled else ():
        if len(built.files(mechanism)) > 1:
            return built
    return None


@cache
def _builds(tag: str) -> list[Build]:
    return builds(FOLDER, tag)
