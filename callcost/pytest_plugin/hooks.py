"""What a suite may add to a run measured by callcost's pytest plugin."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import RenderableType

from callcost.estimate.estimate import GroupEstimate


@pytest.hookspec(firstresult=True)
def pytest_callcost_environment(
    config: pytest.Config, contenders: Sequence[str]
) -> dict[str, Any] | None:
    """Called before anything is timed, with the names of what will be.

    Returns what the record shall say of it: tools, compiler, flags, facts.
    """


@pytest.hookspec(firstresult=True)
def pytest_callcost_notes(config: pytest.Config, group: str) -> dict[str, str] | None:
    """Returns what shall stand beside the contenders of a group in its table: letters by name.

    What is returned for the group "" is their legend, under the name "".
    """


@pytest.hookspec
def pytest_callcost_saved(config: pytest.Config, path: Path) -> list[Path]:  # type: ignore[empty-body]
    """Called with the record of a run once it is saved; returns the files made from it."""


@pytest.hookspec
def pytest_callcost_tables(  # type: ignore[empty-body]
    config: pytest.Config, estimates: dict[str, GroupEstimate]
) -> tuple[list[str], list[RenderableType]]:
    """Returns the names of the groups that the suite sums up by itself, and its tables of them."""
