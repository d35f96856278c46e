"""What a page of the site is, before it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from callcost.benchmarks.site.drawing import Chart


@dataclass(frozen=True)
class Page:
    """One page: its place in the site, its template, its title, and what the template is given."""

    path: str
    template: str
    title: str
    content: dict[str, Any]
    charts: tuple[Chart, ...] = ()

    @property
    def root(self) -> str:
        """The way from the page to the top of the site."""
        return "../" * self.path.count("/")
