"""The matrix in a terminal: a table for each workload, and what an upgrade costs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median

from rich.console import RenderableType
from rich.text import Text

from callcost.benchmarks.facts.marks import named
from callcost.benchmarks.matrix.bases import RULE
from callcost.benchmarks.matrix.figures import Change, Line, Matrix, Sheet
from callcost.benchmarks.matrix.upgrades import Counts, largest, nothing_changed, upgrades
from callcost.benchmarks.tools import title_of
from callcost.console.numbers import cost_text, half_width, number, percent
from callcost.console.tables import PlainTable
from callcost.model.interval import Interval

SAME = "="
LEGEND = (
    f"Net ns per call, with 95% intervals, and changes in percent. {RULE} "
    f"{SAME}: no change beyond the run's A/A error."
)


def tables(matrix: Matrix, counts: Counts) -> Iterator[RenderableType]:
    """Yields the tables of all workloads, their legend, and the largest changes."""
    for sheet in matrix.sheets:
        yield _table(matrix, sheet)
    yield Text(LEGEND)
    yield from summary(matrix, counts)


def overview(matrix: Matrix) -> PlainTable:
    """Lists how far each mechanism's calls moved from one interpreter to another: the median."""
    pairs = matrix.pairs
    table = PlainTable(
        "mechanism",
        *(f">{before} to {after}" for before, after in pairs),
        title="Median change of a mechanism's calls, and how many calls it has",
    )
    by_mechanism: dict[str, list[Change]] = {}
    for change in matrix.changes:
        by_mechanism.setdefault(change.mechanism, []).append(change)
    for mechanism, changes in sorted(by_mechanism.items()):
        table.add(named(mechanism), *(_median(changes, pair) for pair in pairs))
    return table


def _median(changes: Sequence[Change], pair: tuple[str, str]) -> str:
    own = [change.share.value for change in changes if (change.before, change.after) == pair]
    known = [share for share in own if not math.isnan(share)]
    return f"{percent(median(known), signed=True)} ({len(known)})" if known else "–"


def summary(matrix: Matrix, counts: Counts) -> Iterator[Text]:
    """Yields the largest changes of each pair of interpreters, a sentence each."""
    changes = largest(matrix)
    yield Text("\nWhat an upgrade costs: the largest changes")
    if not changes:
        yield Text(nothing_changed(matrix))
    for upgrade in upgrades(matrix, changes, counts):
        yield Text(f"{upgrade.heading} ({upgrade.counted}):")
        for sentence in upgrade.sentences:
            yield Text(f"  {sentence}")


def _table(matrix: Matrix, sheet: Sheet) -> PlainTable:
    headings = ["mechanism"]
    for place in matrix.places:
        base = matrix.base_of(place)
        headings += [f">{place}", ">", *([f">from {base}"] if base else [])]
    table = PlainTable(
        *headings, title=f"{title_of(sheet.workload)}: net ns per call in each interpreter"
    )
    for line in sheet.lines:
        table.add(named(line.mechanism), *_cells(matrix, line))
    return table


def _cells(matrix: Matrix, line: Line) -> Iterator[str]:
    for place in matrix.places:
        net_ns = line.net_ns.get(place)
        yield "–" if net_ns is None else cost_text(net_ns.value)
        yield "" if net_ns is None else around(net_ns)
        if matrix.base_of(place):
            yield change_text(line.changes.get(place))


def around(estimate: Interval) -> str:
    """Writes how far an interval reaches from its value, on the side where it reaches farther."""
    return f"±{number(half_width(estimate))}"


def change_text(change: Change | None) -> str:
    """Writes a change: SAME if it is not clear, a question mark if it is not known."""
    if change is None:
        return ""
    if math.isnan(change.share.value):
        return "?"
    return percent(change.share.value, signed=True) if change.is_clear else SAME
