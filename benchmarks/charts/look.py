"""The looks of the mechanisms in the charts, and where things go on an axis.

Colours are derived from names, never listed by hand. A family has a hue, and a mechanism
within it a lightness and a dash, by its position among the sorted names in bindings/. So a
mechanism looks the same in every chart, and a new one changes none that sorts before it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.colors import to_hex, to_rgb

from callcost.benchmarks.break_even import REFERENCE
from callcost.bindings.registry import mechanisms, tool_of
from callcost.console.numbers import in_unit
from callcost.console.page import Theme
from callcost.model.interval import Interval

Rgb = npt.NDArray[np.float64]

# Ticks at 2 and 5, too, need this much of an axis for each power of ten.
FINE_TICKS_IN = 1.6

SEQUENCE = "petroff10"
"""Safe for the colour-blind (Petroff 2021, arXiv:2107.02270), and in matplotlib since 3.10."""

# The sequence's greys are left out: plain Python and the axes are grey.
LEAST_SATURATION = 0.2
DASHES: tuple[tuple[float, ...], ...] = ((), (3.5, 1.5), (1.2, 1.2), (6, 1.5, 1.2, 1.5))
# Families beyond the last hue begin again at the first, this much lighter or darker.
TURN = math.sqrt(2) - 1


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
    names = set(names)
    known = {mechanism.name for mechanism in mechanisms()}
    families: dict[str, list[str]] = {}
    # Names that only an older record has come last, so that they move no other hue.
    for name in [*sorted(known - {REFERENCE}), *sorted(names - known - {REFERENCE})]:
        families.setdefault(tool_of(name), []).append(name)
    looks = {REFERENCE: Look(theme.muted, ())}
    for place, members in enumerate(families.values()):
        looks |= {name: look(place, theme, variant) for variant, name in enumerate(members)}
    return Style(theme, {name: looks[name] for name in sorted(names)})


@cache
def hues() -> tuple[Rgb, ...]:
    """Returns the sequence's colours that are not grey, as linear RGB."""
    colours = [to_rgb(colour) for colour in matplotlib.color_sequences[SEQUENCE]]
    coloured = [rgb for rgb in colours if 1 - min(rgb) / max(rgb) >= LEAST_SATURATION]
    return tuple(linear(np.array(rgb)) for rgb in coloured)


def look(place: int, theme: Theme, variant: int = 0) -> Look:
    """Derives a look from a family's place among families, and a mechanism's place in it."""
    turn, number = divmod(place, len(hues()))
    hue = hues()[number]
    # The cube root of luminance is about what the eye takes for lightness.
    darkest, lightest, own = np.cbrt([theme.darkest, theme.lightest, luminance(hue)])
    share = float(np.clip((own - darkest) / (lightest - darkest), 0, 0.999))
    share = (share + bisection(variant) + turn * TURN) % 1
    colour = _at_luminance(hue, float(darkest + share * (lightest - darkest)) ** 3)
    return Look(colour, DASHES[(variant + 2 * turn) % len(DASHES)])


def bisection(number: int) -> float:
    """Returns 0, 1/2, 1/4, 3/4, 1/8, ...: each as far from all before it as can be."""
    reversed_bits = f"{number:b}"[::-1]
    return int(reversed_bits, 2) / (1 << len(reversed_bits))


def luminance(colour: Rgb) -> float:
    """Returns the relative luminance of a colour in linear RGB, as WCAG 2 defines it."""
    return float(np.dot(colour, [0.2126, 0.7152, 0.0722]))


def linear(srgb: Rgb) -> Rgb:
    """Decodes sRGB, as IEC 61966-2-1 defines it."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _at_luminance(colour: Rgb, wanted: float) -> str:
    """Mixes a colour in linear RGB with black or white until it has the wanted luminance."""
    own = luminance(colour)
    if wanted <= own:
        mixed = colour * wanted / own
    else:
        mixed = colour + (1 - colour) * (wanted - own) / (1 - own)
    curved = 1.055 * np.clip(mixed, 0, 1) ** (1 / 2.4) - 0.055
    return to_hex(np.where(mixed <= 0.0031308, 12.92 * mixed, curved).tolist())


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
