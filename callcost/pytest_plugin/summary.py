"""The suite's own tables: what each call costs, how it compares, and how far to trust that."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, RenderableType

from callcost.console.numbers import interval, number
from callcost.console.tables import PlainTable
from callcost.estimate.sheet import Sheet, SheetRow

# What a narrow terminal leaves out: the gross cost, both intervals, the marks.
SPARE = (3, 7, 5, 2)


@dataclass(frozen=True)
class Summary:
    """What is shown of a run, from top to bottom; `extra` are tables of the suite."""

    answers: Sequence[str]
    sheets: Sequence[Sheet]
    legend: str
    extra: Sequence[RenderableType]
    trust: Sequence[str]


def render(summary: Summary, *, width: int, colour: bool) -> str:
    """Returns the text of a summary."""
    stream = io.StringIO()
    show(summary, Console(file=stream, width=width, force_terminal=colour))
    return stream.getvalue().rstrip()


def show(summary: Summary, console: Console) -> None:
    """Prints the answers, a table for each sheet, the legend, `extra`, and what to trust."""
    for answer in summary.answers:
        console.print(answer, highlight=False, markup=False, style="bold")
    for sheet in summary.sheets:
        console.print(group_table(sheet))
    if summary.legend:
        console.print(summary.legend, highlight=False, markup=False)
    for table in summary.extra:
        console.print(table)
    for line in summary.trust:
        console.print(line, highlight=False, markup=False)


def group_table(sheet: Sheet) -> PlainTable:
    """Lists a group's contenders, the fastest first, then its floors; `=` marks a tie."""
    does = "does" if any(row.marks for row in sheet.rows) else ""
    table = PlainTable(
        *(">rank", "contender", does, ">gross", ">net", ">95% interval", ">ratio", ">95% interval"),
        title=f"{sheet.title}: ns per call",
        spare=SPARE,
    )
    for row in sheet.rows:
        table.add(*_cells(row), style="dim" if row.is_floor else None)
    table.add("", "(empty loop)", "", number(sheet.empty_ns), style="dim")
    return table


def _cells(row: SheetRow) -> Iterator[str]:
    # The sign of a tie hangs, so that the figures are aligned.
    yield row.rank if row.rank.endswith("=") else f"{row.rank} ".lstrip()
    yield row.called
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
