"""What this suite adds to its runs: how it was built, the break-even table, and the charts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import RenderableType
from rich.text import Text

from callcost.benchmarks import selection
from callcost.benchmarks.contenders import build
from callcost.benchmarks.facts import facts
from callcost.benchmarks.facts.marks import LEGEND, Marks, marks_of
from callcost.benchmarks.ladder import rungs
from callcost.bindings.registry import left_out, mechanisms
from callcost.estimate.estimate import GroupEstimate
from callcost.model.contender import ELSEWHERE


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declares the options that cut a run down."""
    selection.add_options(parser)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what those options do not name."""
    selection.deselect(config, items)


FACTS = pytest.StashKey[Mapping[str, facts.Facts]]()
MARKS = pytest.StashKey[Marks]()


def pytest_callcost_environment(config: pytest.Config, contenders: Sequence[str]) -> dict[str, Any]:
    """Records how the mechanisms were built, what was not, and what each does for its time."""
    chosen = [mechanism for mechanism in mechanisms() if mechanism.name in contenders]
    config.stash[FACTS] = facts.probe_all(chosen)
    config.stash[MARKS] = Marks({mechanism.name: marks_of(mechanism) for mechanism in chosen})
    about_build = {k: v for k, v in build().facts.items() if k not in ("files", "sources")}
    return {
        **about_build,
        "facts": config.stash[FACTS],
        "marks": config.stash[MARKS].by_mechanism,
    }


def pytest_callcost_notes(config: pytest.Config, group: str) -> dict[str, str]:
    """Stands what was found out about each mechanism, and the marks of the cell, beside its times.

    Nobody has asked in other interpreters.
    """
    if not group:
        return {"": f"{facts.legend()} {LEGEND}."}
    found = {} if ELSEWHERE in group else config.stash[FACTS]
    marks = config.stash[MARKS]
    return {
        name: f"{facts.letters(known)} {marks.of(name, group)}" for name, known in found.items()
    }


def pytest_callcost_saved(config: pytest.Config, path: Path) -> list[Path]:
    """Draws the charts of a run that was saved."""
    from callcost.benchmarks.charts.draw import draw

    return draw(path)


def pytest_callcost_tables(
    estimates: dict[str, GroupEstimate],
) -> tuple[list[str], list[RenderableType]]:
    """Sums the sweep over n up in one table, in place of one for each n."""
    from callcost.benchmarks.break_even import break_even_table, sweep

    names = list(sweep(estimates).values())
    tables: list[RenderableType] = [break_even_table(estimates)] if names else []
    return names, [*tables, *not_built()]


def not_built() -> Iterator[Text]:
    """Says which mechanisms and rungs are not in the run at all, and why."""
    for mechanism in mechanisms():
        reason = build().missing(mechanism)
        if reason is not None:
            yield Text(f"Not measured: {mechanism.name} (not built: {reason})")
    for name, damage in left_out(build()).items():
        yield Text(f"Not measured: {name} (damaged: {damage})")
    for rung in rungs():
        if rung.missing is not None:
            yield Text(f"Not measured: {rung.name} (not built: {rung.missing})")
