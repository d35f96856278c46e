"""Makes the cells of a workload's table, for the pages and for the script that refills it."""

from __future__ import annotations

import math
from typing import NamedTuple

from callcost.benchmarks.facts.facts import NOT_SEEN, YES
from callcost.benchmarks.site.measured import Measured, WorkloadRow, WorkloadSheet
from callcost.console.numbers import interval, number
from callcost.model.interval import Interval

NONE = "–"
GIL = {YES: "released", NOT_SEEN: NOT_SEEN}
# The digits of figures for scripts. Ratios have fewer, as there are many of them.
DIGITS, RATIO_DIGITS = 6, 5

Figure = float | None


class Cells(NamedTuple):
    """The texts of a row, and the figures to sort and draw it by. Scripts rely on this order.

    `name` is unique, and `shown` is what people call it.
    """

    name: str
    mechanism: str
    shown: str
    kind: str
    marks: str
    rank: str
    net: str
    net_around: str
    ratio: str
    ratio_around: str
    gross: str
    gil: str
    abi: str
    processes: int
    net_ns: Figure
    low_ns: Figure
    high_ns: Figure


def rows(sheet: WorkloadSheet, run: Measured) -> list[Cells]:
    """Makes the rows of a workload's table: what calls C, then what does not."""
    return [_cells(row, run) for row in (*sheet.ranked, *sheet.below)]


def _cells(row: WorkloadRow, run: Measured) -> Cells:
    # Facts are about the run's own interpreter.
    facts = {} if row.place else run.facts.get(row.name, {})
    net, ratio = row.net_ns, row.ratio
    return Cells(
        row.label,
        row.name,
        row.shown,
        row.kind,
        row.marks,
        row.rank,
        number(net.value) if row.timed else "not known",
        around(net),
        number(ratio.value, 2) if ratio else NONE,
        around(ratio, 2) if ratio else "",
        number(row.gross_ns.value) if row.timed else NONE,
        GIL.get(facts.get("releases_gil", ""), NONE),
        facts.get("stable_abi") or NONE,
        len(row.rounds_ns),
        short(net.value),
        short(net.low),
        short(net.high),
    )


def around(known: Interval, digits: int = 1) -> str:
    """Writes how far an interval reaches, on its longer side; empty if it is not known."""
    reach = max(known.high - known.value, known.value - known.low)
    if math.isnan(reach):
        return ""
    return f"±{number(reach, digits + 1 if reach < 10**-digits else digits)}"


def span(known: Interval, digits: int = 1) -> str:
    """Writes the ends of an interval, or a dash if they are not known."""
    return NONE if math.isnan(known.low) else interval(known, digits)


def figure_of(value: float) -> str:
    """Writes a figure of any size with three digits, or all those before the point."""
    if not math.isfinite(value):
        return NONE
    return number(value, 0) if abs(value) >= 100 else f"{value:.3g}"


def short(value: float | None, digits: int = DIGITS) -> Figure:
    """Rounds a figure for a script; None if it is not known."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.{digits}g}")


def ratios(sheet: WorkloadSheet) -> tuple[list[str], list[list[Figure]]]:
    """Collects names, and value, low and high of each by those before it, for the script.

    The script inverts them where it needs the opposite.
    """
    ranked = [row for row in sheet.rows if not row.place]
    pairs = [(row, base) for place, row in enumerate(ranked) for base in ranked[:place]]
    found = [sheet.ratio(row, base) for row, base in pairs]
    table = [[short(end, RATIO_DIGITS) for end in one.as_list()] if one else [] for one in found]
    return [row.label for row in ranked], table
