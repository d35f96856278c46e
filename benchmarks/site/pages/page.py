"""A page of the site before it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from matplotlib.figure import Figure

from callcost.benchmarks.site.drawing import Chart
from callcost.console.page import Theme


@dataclass(frozen=True)
class Picture:
    """A chart that is a file of its own: its address without the ending, and what draws it."""

    stem: str
    drawing: Callable[[Theme], Figure]


@dataclass(frozen=True)
class Page:
    """One page: its address in the site, its template, its title, and the template's variables."""

    path: str
    template: str
    title: str
    content: dict[str, Any] = field(default_factory=dict)
    charts: tuple[Chart | None, ...] = ()
    pictures: tuple[Picture, ...] = ()
    said: str = ""
    """What the page says in one sentence, for search engines and previews; empty for its title."""

    @property
    def root(self) -> str:
        """The relative address of the top of the site."""
        return "../" * self.path.count("/")
