"""Puts mechanisms and workloads together into what pytest runs: one row each."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest

from callcost.benchmarks.workload import Example, Workload
from callcost.bindings.registry import Build, Mechanism, StaleBuildError, mechanisms
from callcost.model import contender as model
from callcost.model.contender import Binary, Contender
from callcost.pytest_plugin.plugin import case, refused

BREAK_EVEN = "break-even"


@cache
def build() -> Build:
    """Reads the manifest of the build once; raises StaleBuildError."""
    return Build()


def contender(mechanism: Mechanism, workload: Workload, built: Build | None = None) -> Contender:
    """Describes one workload through one mechanism to the instrument.

    The file hashes go with it, so that a worker refuses any file that the build did not make.
    """
    built = built or build()
    built.check_sources(mechanism)
    binaries = tuple(
        Binary(file.name, str(file.path), file.sha256, file.module)
        for file in built.files(mechanism)
    )
    return describe(mechanism, workload, binaries)


def describe(mechanism: Mechanism, workload: Workload, binaries: tuple[Binary, ...]) -> Contender:
    """Describes a cell that consists of these compiled files."""
    return Contender(
        name=mechanism.name,
        setup=setup_source(mechanism, workload),
        call=workload.call,
        expect=repr(workload.expect),
        binaries=binaries,
        view=workload.view,
        raises=workload.raises,
        examples=tuple(example(mechanism, workload, one) for one in workload.examples),
    )


def example(mechanism: Mechanism, workload: Workload, one: Example) -> model.Example:
    """Describes a cell with other arguments to the instrument."""
    asked = workload.asked(one)
    return model.Example(
        given=one.given or asked.setup,
        setup=setup_source(mechanism, asked),
        call=asked.call,
        expect=repr(asked.expect),
        view=asked.view,
        raises=asked.raises,
    )


def setup_source(mechanism: Mechanism, workload: Workload) -> str:
    """Writes the set-up of a cell: the names that every call may use, then the workload's own."""
    return (
        f"import {mechanism.module} as mechanism\n"
        f"from {mechanism.module} import {workload.function}\n"
        f"{workload.setup}"
    )


def group_name(workload: Workload, prefix: str = "") -> str:
    """Names the group of contenders that a workload is measured through."""
    return f"{prefix} {workload.name}".strip()


def cells(workloads: Iterable[Workload]) -> list[tuple[Workload, Mechanism]]:
    """Pairs every workload with the mechanisms that can express it, built or not."""
    return [
        (workload, mechanism)
        for workload in workloads
        for mechanism in mechanisms()
        if mechanism.offers(workload.function)
    ]


def supported(workloads: Iterable[Workload]) -> list[tuple[Workload, Mechanism]]:
    """Pairs every workload with the mechanisms that can express it and were built."""
    return [cell for cell in cells(workloads) if build().missing(cell[1]) is None]


def rows(workloads: Iterable[Workload], prefix: str = "") -> list[Any]:
    """Lists the pytest parameters (workload, mechanism) of every cell that is supported."""
    return [_row(workload, mechanism, prefix) for workload, mechanism in cells(workloads)]


def _row(workload: Workload, mechanism: Mechanism, prefix: str) -> Any:
    names = workload.name, mechanism.name
    identity = "-".join(names)
    try:
        reason = build().missing(mechanism)
        if reason is not None:
            skip = pytest.mark.skip(f"not built: {reason}")
            return pytest.param(*names, id=identity, marks=skip)
        made = contender(mechanism, workload)
    except StaleBuildError as error:
        return refused(f"{mechanism.name}: {error}", *names, identity=identity)
    return case(group_name(workload, prefix), made, *names, identity=identity)
