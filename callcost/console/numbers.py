"""Writes figures as text: a time, a ratio, an interval, a rank.

Terminal, documents, charts and site all use it, so that one figure looks the same everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

from callcost.model.interval import Interval

UNKNOWN = "unknown"
MOST_DECIMALS = 3
UNITS = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns"))


def number(value: float, digits: int = 1) -> str:
    """Writes a figure with its decimals; from a thousand on they mean nothing."""
    return f"{value:,.{0 if abs(value) >= 1000 else digits}f}"


def cost_text(cost_ns: float) -> str:
    """Writes the ns of a call; NaN is unknown."""
    return UNKNOWN if math.isnan(cost_ns) else number(cost_ns)


def interval(estimate: Interval, digits: int = 1) -> str:
    """Writes the two ends of an interval."""
    return f"({number(estimate.low, digits)} .. {number(estimate.high, digits)})"


def percent(share: float, *, signed: bool = False) -> str:
    """Writes a share as a percentage; a change has its sign, and NaN is unknown."""
    if not math.isfinite(share):
        return UNKNOWN
    digits = 1 if abs(share) >= 0.0995 else 2
    return f"{share:+.{digits}%}" if signed else f"{abs(share):.{digits}%}"


def percent_interval(change: Interval) -> str:
    """Writes the two ends of a change as percentages."""
    return f"({percent(change.low, signed=True)} .. {percent(change.high, signed=True)})"


def rank_text(rank: int, ranks: Collection[int]) -> str:
    """Writes a rank; `=` marks a tie, that is one that `ranks` has more than once."""
    return f"{rank}{'=' if list(ranks).count(rank) > 1 else ''}"


def short_ratio(ratio: float) -> str:
    """Writes a ratio in three characters, or four from a thousand on."""
    return f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:.0f}"


def unit_of(cost_ns: float) -> tuple[float, str]:
    """Chooses the unit that suits a time: its size in ns, and its name."""
    return next((ns, unit) for ns, unit in UNITS if abs(cost_ns) >= ns or unit == "ns")


def in_unit(cost_ns: float) -> tuple[float, str]:
    """Splits a time into a figure and the unit that suits it."""
    ns, unit = unit_of(cost_ns)
    return cost_ns / ns, unit


def format_ns(cost_ns: float) -> str:
    """Writes a time with three digits and its unit."""
    if not math.isfinite(cost_ns):
        return "?"
    # Rounded before the unit is chosen: 999.9 ns is 1.00 µs.
    figure, unit = in_unit(float(f"{cost_ns:.3g}"))
    decimals = 2 if abs(figure) < 10 else 1 if abs(figure) < 100 else 0
    return f"{figure:.{decimals}f} {unit}"


def plus_minus(cost_ns: Interval) -> str:
    """Writes a time and the wider side of its interval, rounded up: 8.41 ns ± 0.03."""
    scale_ns, unit = unit_of(cost_ns.value)
    value, half = cost_ns.value / scale_ns, half_width(cost_ns) / scale_ns
    if not math.isfinite(value + half):
        return format_ns(cost_ns.value)
    decimals = min(MOST_DECIMALS, max(_decimals(value, 3), _decimals(half, 1)))
    rounded_up = math.ceil(round(half * 10**decimals, 6)) / 10**decimals
    return f"{value:,.{decimals}f} {unit} ± {rounded_up:,.{decimals}f}"


def half_width(interval: Interval) -> float:
    """Returns the wider side of an interval."""
    return max(interval.high - interval.value, interval.value - interval.low)


def _decimals(value: float, digits: int) -> int:
    """Counts the decimals that show some significant digits of a value."""
    # Rounded first: 0.0999 with one digit is 0.1.
    rounded = abs(float(f"{value:.{digits}g}"))
    return max(0, digits - 1 - math.floor(math.log10(rounded))) if rounded else 0


def count(number: int, word: str) -> str:
    """Writes a number of things: 1 row, 2,000 rows."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def listed(words: Iterable[str], last: str = "and") -> str:
    """Joins words as in speech: a, b and c."""
    *first, end = words
    return f"{', '.join(first)} {last} {end}" if first else end
