"""The tables of all commands: names on the left, figures on the right, no lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from rich.console import JustifyMethod


class PlainTable(Table):
    """A table whose title and cells are plain text, never markup.

    A column whose heading begins with `>` has figures, aligned right.
    """

    def __init__(self, *headings: str, title: str = "") -> None:
        super().__init__(title=escape(title), title_justify="left", box=box.SIMPLE)
        for heading in headings:
            justify: JustifyMethod = "right" if heading.startswith(">") else "left"
            self.add_column(heading.removeprefix(">"), justify=justify, no_wrap=True)

    def add(self, *cells: str, style: str | None = None) -> None:
        """Adds a row."""
        self.add_row(*map(escape, cells), style=style)
