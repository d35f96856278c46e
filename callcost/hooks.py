"""What a suite may add to a run measured by callcost's pytest plugin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.console import RenderableType

from callcost.estimate import GroupEstimate


@pytest.hookspec(firstresult=True)
def pytest_callcost_environment(config: pytest.Config) -> dict[str, Any] | None:
    """Returns what the record shall say of the build: tools, compiler, flags."""


@pytest.hookspec
def pytest_callcost_saved(config: pytest.Config, path: Path) -> list[Path]:  # type: ignore[empty-body]
    """Called with the record of a run once it is saved; returns the files made from it."""


@pytest.hookspec
def pytest_callcost_tables(  # type: ignore[empty-body]
    config: pytest.Config, estimates: dict[str, GroupEstimate]
) -> tuple[list[str], list[RenderableType]]:
    """Returns the names of the groups that the suite sums up by itself, and its tables of them."""
