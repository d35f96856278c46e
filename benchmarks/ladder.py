"""Finds the rungs below Python: the programs of native/ladder, which call the same C without it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from callcost import native
from callcost.benchmarks.catalogue import WORKLOADS, Workload
from callcost.benchmarks.contenders import build, group_name
from callcost.bindings.registry import StaleBuildError
from callcost.model.contender import Binary, Contender
from callcost.native import ladder
from callcost.pytest_plugin.plugin import case, refused

# How the header lists a function that every rung can call, under the name of its workload.
_FUNCTION = re.compile(r"^ +X\((\w+),", re.MULTILINE)


@dataclass(frozen=True)
class Rung:
    """One way to call C from C: a program, or the reason why it was not built."""

    name: str
    missing: str | None = None

    @property
    def path(self) -> Path:
        """Where the program is."""
        return ladder.FOLDER / self.name


def rungs() -> list[Rung]:
    """Lists every rung that the build knows, in the order of their names; libraries are none."""
    missing = {
        name.removeprefix(f"{ladder.__name__}."): reason
        for name, reason in build().facts["missing"].items()
        if name.startswith(f"{ladder.__name__}.")
    }
    names = {path.name for path in _built()} | missing.keys()
    return [Rung(name, missing.get(name)) for name in sorted(names) if not Path(name).suffix]


def _built() -> Iterator[Path]:
    """Yields the files that the build made for the ladder, by their installed names."""
    package = Path(*ladder.__name__.split("."))
    yield from (path for path in map(Path, build().facts["files"]) if path.parent == package)


def workloads() -> list[Workload]:
    """Lists the workloads that the rungs can do, as the C header that they share has them."""
    names = _FUNCTION.findall((ladder.FOLDER / "ladder.h").read_text(encoding="utf-8"))
    return [workload for workload in WORKLOADS if workload.name in names]


def contender(rung: Rung, workload: Workload) -> Contender:
    """Describes one workload on one rung to the instrument; raises StaleBuildError."""
    build().check_folder(ladder.FOLDER, ladder.__name__)
    build().check_folder(native.FOLDER, native.__name__)
    return Contender(
        name=rung.name,
        setup="",
        call=workload.call,
        expect=repr(workload.expect),
        binaries=tuple(_binaries(rung)),
        program=(str(rung.path), workload.function),
    )


def _binaries(rung: Rung) -> Iterator[Binary]:
    """Yields the program, the core, and the library that is named after the rung, if it has one."""
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
    return [_row(workload, rung) for workload in workloads() for rung in found]


def _row(workload: Workload, rung: Rung) -> Any:
    names = workload.name, rung.name
    identity = "-".join(names)
    if rung.missing is not None:
        skip = pytest.mark.skip(f"not built: {rung.missing}")
        return pytest.param(*names, id=identity, marks=skip)
    try:
        made = contender(rung, workload)
    except StaleBuildError as error:
        return refused(f"{rung.name}: {error}", *names, identity=identity)
    return case(group_name(workload), made, *names, identity=identity, floor=True)
