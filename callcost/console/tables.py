"""The tables of all commands: names on the left, figures on the right, no lines.

A narrow terminal loses columns or gets a second table below the first, but no digit is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult

# No terminal is as wide: what a table would like to have.
UNLIMITED = 10_000
# A column of text is folded to this width before figures move to a second table.
FOLDED = 16


class PlainTable(Table):
    """A table whose title and cells are plain text, never markup.

    A column whose heading begins with `>` has figures, aligned right. `spare` has the numbers of
    the columns that a narrow console leaves out, the least important first.
    """

    def __init__(self, *headings: str, title: str = "", spare: Sequence[int] = ()) -> None:
        super().__init__(title=escape(title), title_justify="left", box=box.SIMPLE)
        self._spare = tuple(spare)
        for heading in headings:
            justify: JustifyMethod = "right" if heading.startswith(">") else "left"
            self.add_column(heading.removeprefix(">"), justify=justify, no_wrap=True)

    def add(self, *cells: str, style: str | None = None) -> None:
        """Adds a row."""
        self.add_row(*map(escape, cells), style=style)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yields the table in one piece, or in several that the console has room for."""
        wide = options.update(max_width=UNLIMITED)

        def fits(piece: PlainTable) -> bool:
            return Measurement.get(console, wide, piece).maximum <= options.max_width

        for piece in self._pieces(fits):
            if self.min_width is not None:
                piece.min_width = min(self.min_width, options.max_width)
            yield from Table.__rich_console__(piece, console, options)

    def _pieces(self, fits: Callable[[PlainTable], bool]) -> Iterator[PlainTable]:
        """Leaves columns out, then folds text, then goes on with the figures in another piece."""
        kept = list(range(len(self.columns)))
        spare = iter(self._spare)
        while not fits(self._only(kept)):
            if (number := next(spare, None)) is None:
                break
            kept.remove(number)
        else:
            yield self._only(kept)
            return
        first = self._count_names(kept)
        names, rest = kept[:first], kept[first:]
        while True:
            count = len(rest)
            while count > 1 and not fits(self._only([*names, *rest[:count]], folded=FOLDED)):
                count -= 1
            yield self._only([*names, *rest[:count]], folded=UNLIMITED)
            if not (rest := rest[count:]):
                return

    def _count_names(self, kept: Sequence[int]) -> int:
        """Counts the columns that every piece has: a rank, if there is one, and the names."""
        kinds = [self.columns[number].justify == "left" for number in kept]
        start = kinds.index(True) if any(kinds) else 0
        return next((end for end in range(start, len(kinds)) if not kinds[end]), len(kinds)) or 1

    def _only(self, kept: Sequence[int], folded: int | None = None) -> PlainTable:
        """Returns a copy with some columns; text is folded to a width if one is given."""
        piece = copy(self)
        piece.min_width = None
        piece.columns = [replace(self.columns[old], _index=new) for new, old in enumerate(kept)]
        for column in piece.columns if folded is not None else ():
            if column.justify == "left":
                column.no_wrap, column.overflow, column.max_width = False, "fold", folded
        return piece
