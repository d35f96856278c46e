"""A page of the site before it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from callcost.benchmarks.site.drawing import Chart


@dataclass(frozen=True)
class Page:
    """One page: its address in the site, its template, its title, and the template's variables."""

    path: str
    template: str
    title: str
    content: dict[str, Any] = field(default_factory=dict)
    charts: tuple[Chart | None, ...] = ()

    @property
    def root(self) -> str:
        """The relative address of the top of the site."""
        return "../" * self.path.count("/")
