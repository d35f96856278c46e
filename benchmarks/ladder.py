"""Finds the rungs: the programs of native/ladder, which call the same C without Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from callcost import native
from callcost.benchmarks.catalogue import WORKLOADS, Workload
from callcost.benchmarks.contenders import build, row
from callcost.bindings.registry import StaleBuildError
from callcost.model.contender import Binary, Contender
from callcost.native import ladder
from callcost.pytest_plugin.plugin import refused

# A line of the header for a function that every rung can call, with its workload's name.
_FUNCTION = re.compile(r"^ +X\((\w+),", re.MULTILINE)


@dataclass(frozen=True)
class Rung:
    """One way to call C from C: a program, with the reason if it was not built."""

    name: str
    missing: str | None = None

    @property
    def path(self) -> Path:
        """The program's file."""
        return ladder.FOLDER / self.name


def rungs() -> list[Rung]:
    """Lists every rung of the build by name, without the libraries that the rungs load."""
    missing = {
        name.removeprefix(f"{ladder.__name__}."): reason
        for name, reason in build().facts["missing"].items()
        if name.startswith(f"{ladder.__name__}.")
    }
    names = {path.name for path in _built()} | missing.keys()
    return [Rung(name, missing.get(name)) for name in sorted(names) if not Path(name).suffix]


def _built() -> Iterator[Path]:
    """Yields the installed names of the files that the build made for the ladder."""
    package = Path(*ladder.__name__.split("."))
    yield from (path for path in map(Path, build().facts["files"]) if path.parent == package)


def workloads() -> list[Workload]:
    """Lists the workloads in the C header that all rungs share."""
    names = _FUNCTION.findall((ladder.FOLDER / "ladder.h").read_text(encoding="utf-8"))
    return [workload for workload in WORKLOADS if workload.name in names]


def contender(rung: Rung, workload: Workload) -> Contender:
    """Describes one workload on one rung to the instrument; raises StaleBuildError."""
    build().check_package(ladder.__name__)
    build().check_package(native.__name__)
    return Contender(
        name=rung.name,
        setup="",
        call=workload.call,
        expect=repr(workload.expect),
        binaries=tuple(_binaries(rung)),
        program=(str(rung.path), workload.function),
    )


def _binaries(rung: Rung) -> Iterator[Binary]:
    """Yields the program, the core, and the library named after the rung, if there is one."""
    own = {rung.name, f"libcallcost_{rung.name}{native.SUFFIX}"}
    places = {path.as_posix(): ladder.FOLDER / path.name for path in _built() if path.name in own}
    places[f"callcost/native/{native.LIBRARY.name}"] = native.LIBRARY
    for name, place in places.items():
        yield Binary(name, str(place), build().facts["files"][name])


def floor_rows() -> list[Any]:
    """Lists the pytest parameters (workload, rung) of every floor."""
    try:
        found = rungs()
    except StaleBuildError as error:
        return [refused(f"{error}", "every workload", "every rung", identity="not-built")]
    return [
        row(workload, rung.name, partial(_described, rung, workload), floor=True)
        for workload in workloads()
        for rung in found
    ]


def _described(rung: Rung, workload: Workload) -> Contender | str:
    return f"not built: {rung.missing}" if rung.missing else contender(rung, workload)
