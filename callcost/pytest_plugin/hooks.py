"""What a suite may add to a run measured by callcost's pytest plugin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import RenderableType

from callcost.estimate.estimate import GroupEstimate
from callcost.estimate.sheet import Sheet, Wording
from callcost.model.layout import Layout
from callcost.model.run import Progress


@pytest.hookspec(firstresult=True)
def pytest_callcost_environment(
    config: pytest.Config, contenders: Sequence[str]
) -> dict[str, Any] | None:
    """Called before anything is timed, with the names of the contenders.

    Returns what the record says about them: tools, compiler, flags, facts.
    """


@pytest.hookspec(firstresult=True)
def pytest_callcost_measured(
    config: pytest.Config,
    estimates: dict[str, GroupEstimate],
    report: Callable[[Progress], None],
) -> dict[str, Any] | None:
    """Called when everything is timed; `report` shows progress.

    Returns what the record says about the results, beside what it says about the contenders.
    """


@pytest.hookspec(firstresult=True)
def pytest_callcost_layouts(config: pytest.Config) -> Sequence[Layout] | None:
    """Returns the layouts in which the libraries of the contenders were linked."""


@pytest.hookspec(firstresult=True)
def pytest_callcost_wording(config: pytest.Config, group: str) -> Wording | None:
    """Returns what people call a group and its contenders, and the marks to show beside them."""


@pytest.hookspec(firstresult=True)
def pytest_callcost_legend(config: pytest.Config) -> str | None:
    """Returns what the marks mean."""


@pytest.hookspec(firstresult=True)
def pytest_callcost_answers(
    config: pytest.Config, sheets: Sequence[Sheet], aa_error: float
) -> list[str] | None:
    """Returns what the run found, a sentence each, to be shown above the tables."""


@pytest.hookspec
def pytest_callcost_saved(config: pytest.Config, path: Path) -> list[Path]:  # type: ignore[empty-body]
    """Called with the saved record of a run; returns the files made from it."""


@pytest.hookspec
def pytest_callcost_tables(  # type: ignore[empty-body]
    config: pytest.Config, estimates: dict[str, GroupEstimate]
) -> tuple[list[str], list[RenderableType]]:
    """Returns the names of the groups that the suite shows itself, and its tables of them."""
