"""Prints an explanation: a table for each chapter, then sentences."""

from __future__ import annotations

from collections.abc import Iterator

from callcost.console.numbers import number
from callcost.console.outputs import output_console
from callcost.console.tables import PlainTable
from callcost.explain.explanation import Chapter, Explained, Explanation
from callcost.explain.parts import PARTS

# Headings of columns; the legend below the table explains them.
SHORT = {
    "dispatch": "loop",
    "protocol": "proto-\ncol",
    "arguments": "argu-\nments",
    "marshalling": "ABI",
    "gil": "GIL",
    "errno": "errno",
    "binding": "bind-\ning",
    "function": "C",
    "result": "result",
    "memory": "mem-\nory",
    "other": "other",
}


def heading(part: str) -> str:
    """Return the short name of a part on one line."""
    return SHORT[part].replace("-\n", "")


LEGEND = (
    "Instructions of one call, net of the loop around it. "
    + ", ".join(f"{heading(part)}: {name}" for part, name in PARTS.items())
    + "; ns: its time."
)


def show(explanation: Explanation) -> None:
    """Print all chapters, then the notes."""
    console = output_console()
    for chapter in explanation.chapters:
        if chapter.rows:
            console.print(_table(chapter))
    if any(True for _ in explanation.rows):
        console.print(LEGEND, style="dim", markup=False)
        console.print()
    for line in lines(explanation):
        console.print(line, markup=False)


def _table(chapter: Chapter) -> PlainTable:
    timed = any(row.time_ns is not None for row in chapter.rows)
    headings = ["", *(f">{SHORT[part]}" for part in PARTS), ">all", *([">ns"] if timed else [])]
    table = PlainTable(*headings, title=f"{chapter.name}: instructions per call")
    for column in table.columns:
        column.vertical = "bottom"
    table.columns[1 + len(PARTS)].style = "bold"
    for row in chapter.rows:
        cells = (_count(row.parts.get(part, 0.0)) for part in PARTS)
        time = [_time(row)] if timed else []
        table.add(row.name, *cells, _count(row.instructions), *time)
    return table


def _count(instructions: float) -> str:
    """Format a number of instructions: whole without decimals, none as a dot."""
    if not instructions:
        return "·"
    return number(instructions, 0 if instructions == round(instructions) else 1)


def _time(row: Explained) -> str:
    return "" if row.time_ns is None else number(row.time_ns.value)


def lines(explanation: Explanation) -> Iterator[str]:
    """Yield the largest parts of each row, then what a reader must know."""
    many = len(explanation.chapters) > 1
    for chapter in explanation.chapters:
        for row in chapter.rows:
            yield f"{chapter.name} by {row.sentence}." if many else f"{row.sentence}."
    yield from explanation.notes
