"""What this suite adds to its runs: how it was built, and the charts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from callcost.benchmarks.rows import build


def pytest_callcost_environment(config: pytest.Config) -> dict[str, Any]:
    """Records compiler, flags and versions of the tools, and what could not be built."""
    facts = build().facts
    return {name: facts[name] for name in ("compiler", "compile_command", "tools", "missing")}


def pytest_callcost_saved(config: pytest.Config, path: Path) -> list[Path]:
    """Draws the charts of a run that was saved."""
    from callcost.benchmarks.charts import draw

    return draw(path)
