"""The looks of the mechanisms in the charts, and where things go on an axis.

A colour tells what a tool's users write, and means the same in every chart, on every page. The
mechanisms of one colour differ in their dashes, by their position among the sorted names in
bindings/, so a new one changes none that sorts before it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from callcost.bindings.registry import known
from callcost.console.numbers import in_unit
from callcost.console.page import LIGHT, Theme
from callcost.model.interval import Interval

# Ticks at 2 and 5, too, need this much of an axis for each power of ten.
FINE_TICKS_IN = 1.6

COLOURS = {
    "C": ("#6565ff", "#5a62ff"),
    "C++": ("#b77e28", "#ffb020"),
    "Rust": ("#82301e", "#dd3b42"),
    "Python-like code": ("#20a36c", "#82f5a8"),
    "declarations only": ("#80049d", "#b432b4"),
}
"""The colours of what one writes, on light and on dark pages. Everything else is grey.

They differ for the colour-blind, too; a test simulates that.
"""

DASHES: tuple[tuple[float, ...], ...] = (
    (), (3.5, 1.5), (1.2, 1.2), (6, 1.5, 1.2, 1.5),
    (8, 2), (1.2, 3), (3.5, 1.5, 1.2, 1.5), (6, 1.5, 1.2, 1.5, 1.2, 1.5),
)  # fmt: skip


@dataclass(frozen=True)
class Look:
    """How a mechanism is drawn: a colour as #rrggbb, and dashes in line widths (none: solid)."""

    colour: str
    dashes: tuple[float, ...]


@dataclass(frozen=True)
class Style:
    """A page, and the look of every mechanism on it."""

    theme: Theme
    looks: dict[str, Look]


def style_for(names: Iterable[str], theme: Theme) -> Style:
    """Gives each of `names` its look among all mechanisms in bindings/, measured or not."""
    written = {name: mechanism.card.you_write for name, mechanism in known().items()}
    alike: dict[str, list[str]] = {}
    for name in [*sorted(written), *sorted({*names} - written.keys())]:
        alike.setdefault(written.get(name, ""), []).append(name)
    looks = {
        name: Look(colour_of(each, theme), DASHES[place % len(DASHES)])
        for each, members in alike.items()
        for place, name in enumerate(members)
    }
    return Style(theme, {name: looks[name] for name in sorted({*names})})


def colour_of(written: str, theme: Theme) -> str:
    """Returns the colour of what a user writes; grey for plain Python and what is not known."""
    light, dark = COLOURS.get(written, (theme.muted, theme.muted))
    return light if theme is LIGHT else dark


def ends_ns(cost_ns: Interval) -> tuple[float, float]:
    """Returns the ends of an interval, or its value for an end that no log scale can show."""
    low, high = cost_ns.low, cost_ns.high
    return low if low > 0 else cost_ns.value, high if high > 0 else cost_ns.value


def ticks_ns(low_ns: float, high_ns: float, length_in: float) -> tuple[list[float], list[str]]:
    """Chooses round times between two others, for an axis of a given length."""
    fine = length_in / math.log10(high_ns / low_ns) > FINE_TICKS_IN
    powers = range(math.floor(math.log10(low_ns)), math.ceil(math.log10(high_ns)))
    every_ns = [step * 10.0**power for power in powers for step in ((1, 2, 5) if fine else (1,))]
    ticks_ns = [tick_ns for tick_ns in every_ns if low_ns <= tick_ns <= high_ns]
    return ticks_ns, [f"{figure:g} {unit}" for figure, unit in map(in_unit, ticks_ns)]


def spread(wanted: Sequence[float], room: float) -> list[float]:
    """Moves positions as little as it takes for them to be 1 apart, and within 0 and `room`.

    They keep their order; the sum of the squares of the moves is the least possible.
    """
    # Imported late: it takes long, and most who import this module place no labels.
    from scipy.optimize import isotonic_regression

    order, places = np.argsort(wanted, kind="stable"), np.arange(len(wanted))
    # Less their places, positions at least 1 apart are positions that never fall.
    moved = isotonic_regression(np.array(wanted, dtype=float)[order] - places).x
    spaced = np.empty(len(wanted))
    spaced[order] = np.clip(moved, 0, room - len(wanted) + 1) + places
    return [float(position) for position in spaced]
