"""The rows of a workload's table: the same for the pages and for the script that fills them."""

from __future__ import annotations

import math
from typing import NamedTuple

from callcost.benchmarks.facts.facts import NOT_SEEN, YES
from callcost.benchmarks.site.measured import Measured, Row, Sheet
from callcost.console.numbers import interval, number
from callcost.model.interval import Interval

NONE = "–"
GIL = {YES: "released", NOT_SEEN: NOT_SEEN}
# Figures for scripts have so many digits; those of ratios fewer, as there are many.
DIGITS, RATIO_DIGITS = 6, 5

Figure = float | None


class Cells(NamedTuple):
    """What a row shows, as text, and behind it the figures that it is sorted and drawn by.

    Scripts read it as a list, in this order.
    """

    name: str
    mechanism: str
    kind: str
    marks: str
    rank: str
    net: str
    net_span: str
    ratio: str
    ratio_span: str
    gross: str
    gil: str
    abi: str
    processes: int
    net_ns: Figure
    low_ns: Figure
    high_ns: Figure


def rows(sheet: Sheet, run: Measured) -> list[Cells]:
    """Writes the rows of a workload's table."""
    return [_cells(row, run) for row in sheet.rows]


def _cells(row: Row, run: Measured) -> Cells:
    # Nobody has asked in other interpreters.
    facts = {} if row.place else run.facts.get(row.mechanism, {})
    net, ratio = row.net_ns, row.ratio
    return Cells(
        row.name,
        row.mechanism,
        row.kind,
        row.marks,
        row.rank,
        number(net.value) if row.timed else "not known",
        span(net),
        number(ratio.value, 2) if ratio else NONE,
        span(ratio, 2) if ratio else NONE,
        number(row.gross_ns.value) if row.timed else NONE,
        GIL.get(facts.get("releases_gil", ""), NONE),
        facts.get("stable_abi") or NONE,
        len(row.rounds_ns),
        short(net.value),
        short(net.low),
        short(net.high),
    )


def span(known: Interval, digits: int = 1) -> str:
    """Writes the ends of an interval, or a dash where they are not known."""
    return NONE if math.isnan(known.low) else interval(known, digits)


def figure_of(value: float) -> str:
    """Writes a figure of any size with the digits that it has use for."""
    if not math.isfinite(value):
        return NONE
    return number(value, 0) if abs(value) >= 100 else f"{value:.3g}"


def short(value: float | None, digits: int = DIGITS) -> Figure:
    """Rounds a figure for a script; None where there is none."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.{digits}g}")


class Ratios(NamedTuple):
    """All ratios of a workload: names, and value, low and high of each name by those before it."""

    names: list[str]
    table: list[list[Figure]]


def ratios(sheet: Sheet) -> Ratios:
    """Collects the ratios for the script; the other way round each is what its inverse is."""
    ranked = [row for row in sheet.rows if not row.place]
    pairs = [(row, base) for place, row in enumerate(ranked) for base in ranked[:place]]
    found = [sheet.ratio(row, base) for row, base in pairs]
    table = [[short(end, RATIO_DIGITS) for end in one.as_list()] if one else [] for one in found]
    return Ratios([row.name for row in ranked], table)
