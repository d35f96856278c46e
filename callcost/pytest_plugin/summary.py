"""The suite's own tables: what each call costs, how it compares, and how far to trust that."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from rich.console import Console, RenderableType

from callcost.console.numbers import interval, number
from callcost.console.tables import PlainTable
from callcost.estimate.estimate import GroupEstimate
from callcost.estimate.sheet import Sheet, SheetRow
from callcost.estimate.trust import trust
from callcost.model.run import Run

# The widest table needs this; a narrower terminal wraps lines, but loses no figure.
NARROWEST = 116


def render(
    run: Run,
    estimates: dict[str, GroupEstimate],
    sheets: Iterable[Sheet],
    extra: Iterable[RenderableType] = (),
    legends: Iterable[str] = (),
    *,
    width: int,
    colour: bool,
) -> str:
    """Renders a table for each sheet, the legends of their marks, `extra`, and what to trust."""
    stream = io.StringIO()
    console = Console(file=stream, width=max(width, NARROWEST), force_terminal=colour)
    for sheet in sheets:
        console.print(group_table(sheet))
    for legend in legends:
        console.print(legend, highlight=False, markup=False)
    for table in extra:
        console.print(table)
    for line in trust(run, estimates):
        console.print(line, highlight=False, markup=False)
    return stream.getvalue().rstrip()


def group_table(sheet: Sheet) -> PlainTable:
    """Lists a group's contenders, the fastest first, then its floors; `=` marks a tie."""
    does = "does" if any(row.marks for row in sheet.rows) else ""
    table = PlainTable(
        *(">rank", "contender", does, ">gross", ">net", ">", ">ratio", ">"),
        title=f"{sheet.name}: ns per call, with 95% intervals",
    )
    for row in sheet.rows:
        table.add(*_cells(row), style="dim" if row.is_floor else None)
    table.add("", "(empty loop)", "", number(sheet.empty_ns), style="dim")
    return table


def _cells(row: SheetRow) -> Iterator[str]:
    # The sign of a tie hangs, so that the figures are aligned.
    yield row.rank if row.rank.endswith("=") else f"{row.rank} ".lstrip()
    yield row.name
    yield row.marks
    yield number(row.gross_ns.value)
    yield number(row.net_ns.value)
    yield interval(row.net_ns)
    if row.ratio is None:
        yield from ("inconclusive", "")
    elif row.is_fastest:
        yield from ("fastest", "")
    else:
        yield from (number(row.ratio.value, digits=2), interval(row.ratio, digits=2))
