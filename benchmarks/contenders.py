"""Makes the rows that pytest runs: one for each workload through each mechanism."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from callcost.benchmarks.workload import Example, Workload
from callcost.bindings._build.layouts import FACTS_FILE, FOLDER
from callcost.bindings.registry import Build, BuiltFile, Mechanism, StaleBuildError, mechanisms
from callcost.model import contender as model
from callcost.model.contender import Binary, Contender
from callcost.model.group import Environment
from callcost.model.layout import Layout
from callcost.pytest_plugin.plugin import case, refused

BREAK_EVEN = "break-even"


@cache
def build() -> Build:
    """Reads the manifest of the build once; raises StaleBuildError."""
    return Build()


def layout_facts() -> dict[str, Any]:
    """Reads in which layouts the build has linked its files; empty if in none."""
    path = FOLDER / FACTS_FILE
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    # Files of another build have other hashes.
    return facts if facts.get("built", {}).items() <= build().facts["files"].items() else {}


def layouts() -> list[Layout]:
    """Lists the layouts in which the build has linked its files."""
    return [
        Layout.of(folder, digests, build().path_of)
        for number, digests in enumerate(layout_facts().get("digests", ()), start=1)
        if (folder := FOLDER / str(number)).is_dir()
    ]


def builds(folder: Path, tag: str = "") -> list[Build]:
    """Reads every manifest in a folder whose ABI tag begins with `tag`."""
    names = sorted(path.name for path in folder.glob(f"built.{tag}*.json"))
    return [Build(folder, name.removeprefix("built.").removesuffix(".json")) for name in names]


def contender(mechanism: Mechanism, workload: Workload, built: Build | None = None) -> Contender:
    """Describes one workload through one mechanism to the instrument; raises StaleBuildError.

    It includes the hashes of the files: a worker refuses a file that the build did not make.
    """
    built = built or build()
    built.check_sources(mechanism)
    return describe(mechanism, workload, built.files(mechanism))


def describe(mechanism: Mechanism, workload: Workload, files: Iterable[BuiltFile]) -> Contender:
    """Describes a workload through a mechanism that consists of these compiled files."""
    return Contender(
        name=mechanism.name,
        **_sources(mechanism, workload),
        binaries=tuple(Binary(one.name, str(one.path), one.sha256, one.module) for one in files),
        examples=tuple(example(mechanism, workload, one) for one in workload.examples),
    )


def example(mechanism: Mechanism, workload: Workload, one: Example) -> model.Example:
    """Describes the workload with the arguments of an example."""
    asked = workload.asked(one)
    return model.Example(given=one.given or asked.setup, **_sources(mechanism, asked))


def _sources(mechanism: Mechanism, workload: Workload) -> dict[str, Any]:
    return {
        "setup": setup_source(mechanism, workload),
        "call": workload.call,
        "expect": repr(workload.expect),
        "view": workload.view,
        "raises": workload.raises,
    }


def setup_source(mechanism: Mechanism, workload: Workload) -> str:
    """Writes the set-up of a call: the imports that every call may use, then the workload's own."""
    return (
        f"import {mechanism.module} as mechanism\n"
        f"from {mechanism.module} import {workload.function}\n"
        f"{workload.setup}"
    )


def group_name(workload: Workload, prefix: str = "") -> str:
    """Names the group of a workload's contenders."""
    return f"{prefix} {workload.name}".strip()


def cells(workloads: Iterable[Workload]) -> list[tuple[Workload, Mechanism]]:
    """Pairs every workload with the mechanisms that support it, built or not."""
    return [
        (workload, mechanism)
        for workload in workloads
        for mechanism in mechanisms()
        if mechanism.offers(workload.function)
    ]


def supported(workloads: Iterable[Workload]) -> list[tuple[Workload, Mechanism]]:
    """Pairs every workload with the mechanisms that support it and were built."""
    return [cell for cell in cells(workloads) if build().missing(cell[1]) is None]


def rows(workloads: Iterable[Workload], prefix: str = "") -> list[Any]:
    """Lists the pytest parameters (workload, mechanism) of every supported row."""
    return [
        row(workload, mechanism.name, partial(_described, mechanism, workload), prefix=prefix)
        for workload, mechanism in cells(workloads)
    ]


def _described(mechanism: Mechanism, workload: Workload) -> Contender | str:
    reason = build().missing(mechanism)
    return contender(mechanism, workload) if reason is None else f"not built: {reason}"


def row(
    workload: Workload,
    name: str,
    describe: Callable[[], Contender | str],
    *,
    prefix: str = "",
    environment: Environment | None = None,
    floor: bool = False,
) -> Any:
    """Makes the pytest parameters (workload, name) of one row.

    `describe` returns the contender, or the reason to skip the row. If it raises StaleBuildError,
    the row fails with that reason.
    """
    names = workload.name, name
    identity = "-".join(names) + (f"@{environment.name}" if environment else "")
    try:
        described = describe()
    except StaleBuildError as error:
        return refused(f"{name}: {error}", *names, identity=identity)
    if isinstance(described, str):
        return pytest.param(*names, id=identity, marks=pytest.mark.skip(described))
    group = group_name(workload, prefix)
    return case(group, described, *names, identity=identity, environment=environment, floor=floor)
