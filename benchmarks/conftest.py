"""What this suite adds to pytest: selecting rows, facts about the build, tables, charts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import RenderableType
from rich.text import Text

from callcost.benchmarks.contenders import build, layout_facts, layouts
from callcost.benchmarks.facts import facts
from callcost.benchmarks.facts.marks import LEGEND, Marks, marks_of
from callcost.benchmarks.ladder import rungs
from callcost.bindings import registry
from callcost.bindings.registry import damaged, mechanisms
from callcost.estimate.estimate import GroupEstimate
from callcost.model.contender import ELSEWHERE
from callcost.model.layout import Layout
from callcost.model.patterns import UnknownNameError, matches, require_known

OPTIONS = {
    "mechanism": "Measure only this mechanism; a pattern such as 'cffi_*', and may be repeated.",
    "workload": "Measure only this workload; a pattern such as 'add_*', and may be repeated.",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declares the options that select rows."""
    group = parser.getgroup("callcost")
    for name, text in OPTIONS.items():
        group.addoption(f"--{name}", action="append", metavar="NAME", default=[], help=text)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps only the rows that the options name; raises UnknownNameError for an unknown name."""
    for name in OPTIONS:
        patterns: list[str] = config.getoption(name)
        if patterns:
            try:
                require_known(f"--{name}", patterns, [_parameter(item, name) for item in items])
            except UnknownNameError as error:
                known = f"{error} (`callcost list` shows what there is)"
                raise UnknownNameError("; ".join([known, *_damaged(patterns)])) from error
            left_out = [i for i in items if not matches(_parameter(i, name), patterns)]
            # As a set: two lists would compare every row with every other.
            dropped = set(left_out)
            items[:] = [item for item in items if item not in dropped]
            config.hook.pytest_deselected(items=left_out)


def _damaged(patterns: list[str]) -> list[str]:
    """Tells why the damaged mechanisms among those selected cannot be used."""
    selected = ((name, why) for name, why in damaged().items() if matches(name, patterns))
    return [f"{name} is damaged: {why}" for name, why in selected]


def _parameter(item: pytest.Item, name: str) -> str:
    """Returns the mechanism or the workload of a row; empty for a test that is not a row."""
    callspec = getattr(item, "callspec", None)
    return str(callspec.params.get(name, "")) if callspec else ""


FACTS = pytest.StashKey[Mapping[str, facts.Facts]]()
MARKS = pytest.StashKey[Marks]()


def pytest_callcost_environment(config: pytest.Config, contenders: Sequence[str]) -> dict[str, Any]:
    """Records how the mechanisms were built, what was not built, and the facts of each."""
    chosen = [mechanism for mechanism in mechanisms() if mechanism.name in contenders]
    config.stash[FACTS] = facts.probe_all(chosen)
    config.stash[MARKS] = Marks({mechanism.name: marks_of(mechanism) for mechanism in chosen})
    about_build = {k: v for k, v in build().facts.items() if k not in ("files", "sources")}
    return {
        **about_build,
        "unmoved": layout_facts().get("unmoved", {}),
        "facts": config.stash[FACTS],
        "marks": config.stash[MARKS].by_mechanism,
    }


def pytest_callcost_layouts() -> list[Layout]:
    """Returns the layouts in which the build has linked the mechanisms."""
    return layouts()


def pytest_callcost_notes(config: pytest.Config, group: str) -> dict[str, str]:
    """Returns what the table shows beside each name: facts of the mechanism, marks of the row.

    They are about the run's own interpreter only.
    """
    if not group:
        return {"": f"{facts.legend()} {LEGEND}."}
    found = {} if ELSEWHERE in group else config.stash[FACTS]
    marks = config.stash[MARKS]
    return {
        name: f"{facts.letters(known)} {marks.of(name, group)}" for name, known in found.items()
    }


def pytest_callcost_saved(config: pytest.Config, path: Path) -> list[Path]:
    """Draws the charts of a saved run."""
    from callcost.benchmarks.charts.draw import draw

    return draw(path)


def pytest_callcost_tables(
    estimates: dict[str, GroupEstimate],
) -> tuple[list[str], list[RenderableType]]:
    """Replaces the tables of the sweep, one for each n, by one table."""
    from callcost.benchmarks.break_even import break_even_table, sweep

    names = list(sweep(estimates).values())
    tables: list[RenderableType] = [break_even_table(estimates)] if names else []
    return names, [*tables, *not_built()]


def not_built() -> Iterator[Text]:
    """Lists the mechanisms and rungs that are not in the run, with the reasons."""
    missing = {mechanism.name: build().missing(mechanism) for mechanism in mechanisms()}
    for name, damage in registry.left_out(build()).items():
        yield Text(f"Not measured: {name} (damaged: {damage})")
    missing |= {rung.name: rung.missing for rung in rungs()}
    for name, reason in missing.items():
        if reason is not None:
            yield Text(f"Not measured: {name} (not built: {reason})")
