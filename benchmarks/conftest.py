"""What this suite adds to its runs: how it was built, the break-even table, and the charts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import RenderableType
from rich.text import Text

from callcost.benchmarks.rows import build
from callcost.bindings.registry import mechanisms
from callcost.estimate import GroupEstimate


def pytest_callcost_environment(config: pytest.Config) -> dict[str, Any]:
    """Records compiler, flags and versions of the tools, and what could not be built."""
    facts = build().facts
    return {name: fact for name, fact in facts.items() if name not in ("files", "sources")}


def pytest_callcost_saved(config: pytest.Config, path: Path) -> list[Path]:
    """Draws the charts of a run that was saved."""
    from callcost.benchmarks.charts import draw

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
    """Says which mechanisms are not in the run at all, and why."""
    for mechanism in mechanisms():
        reason = build().missing(mechanism)
        if reason is not None:
            yield Text(f"Not measured: {mechanism.name} (not built: {reason})")
