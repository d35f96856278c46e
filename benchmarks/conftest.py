"""What this suite adds to its runs: how it was built, the break-even table, and the charts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.console import RenderableType

from callcost.benchmarks.rows import build
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
    return names, [break_even_table(estimates)] if names else []
