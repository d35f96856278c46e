"""The look of the charts: the page they stand on, and the colours of the mechanisms.

Colours are derived from names, never listed by hand. A family has a hue, and a mechanism
within it a lightness and a dash, by its position among the sorted names in bindings/. So a
mechanism looks the same in every chart, and a newcomer changes none that stands before it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath
from scipy.optimize import isotonic_regression

from callcost.benchmarks.break_even import REFERENCE, in_unit
from callcost.bindings.registry import FOLDER, Mechanism, mechanisms
from callcost.estimate import Interval

Rgb = npt.NDArray[np.float64]

WIDTH_IN, MARGIN_IN, HEADER_IN = 8.5, 0.1, 0.78
ROW_IN, TICKS_IN, FOOTER_IN = 0.18, 0.22, 0.32
# Room for a time behind a bar or a curve.
TIME_IN = 0.68
BODY_PT, SMALL_PT, TITLE_PT, HEADLINE_PT = 8.5, 8.0, 9.5, 13.0
# Ticks at 1, 2, 5 instead of only at powers of ten need this much of an axis for each power.
FINE_TICKS_IN = 1.6

SEQUENCE = "petroff10"
"""Safe for the colour-blind (Petroff 2021, arXiv:2107.02270), and in matplotlib since 3.10."""

# Greys of the sequence are left out: grey is what plain Python and the axes are drawn in.
LEAST_SATURATION = 0.2
DASHES: tuple[tuple[float, ...], ...] = ((), (3.5, 1.5), (1.2, 1.2), (6, 1.5, 1.2, 1.5))
# Families beyond the last hue begin again at the first, this much lighter or darker.
TURN = math.sqrt(2) - 1


@dataclass(frozen=True)
class Theme:
    """What a page asks of a chart; luminances are relative to white's, as in WCAG 2."""

    name: str
    text: str
    muted: str
    grid: str
    warning: str
    darkest: float
    lightest: float


# At least 3:1 against the page, which WCAG asks of graphics: white here, #0d1117 there.
LIGHT = Theme("light", "#1f2328", "#59636e", "#dfe4e9", "#9a6700", darkest=0.05, lightest=0.295)
DARK = Theme("dark", "#e6edf3", "#9aa3ad", "#2d333b", "#d29922", darkest=0.13, lightest=0.60)
THEMES = (LIGHT, DARK)


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
    # Names that only an older record has come last, lest they move the hues of the others.
    for name in [*sorted(known - {REFERENCE}), *sorted(names - known - {REFERENCE})]:
        families.setdefault(Mechanism(name, FOLDER / name).family, []).append(name)
    looks = {REFERENCE: Look(theme.muted, ())}
    for place, members in enumerate(families.values()):
        looks |= {name: _look(place, variant, theme) for variant, name in enumerate(members)}
    return Style(theme, {name: looks[name] for name in sorted(names)})


@cache
def hues() -> tuple[Rgb, ...]:
    """Returns the sequence's colours that are not grey, as linear RGB."""
    colours = [to_rgb(colour) for colour in matplotlib.color_sequences[SEQUENCE]]
    coloured = [rgb for rgb in colours if 1 - min(rgb) / max(rgb) >= LEAST_SATURATION]
    return tuple(linear(np.array(rgb)) for rgb in coloured)


def _look(place: int, variant: int, theme: Theme) -> Look:
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


@contextmanager
def settings(theme: Theme) -> Iterator[None]:
    """Sets matplotlib up alike for everybody, whatever the user's own settings are."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                # A name with $ in it is a name, not mathematics.
                "text.parse_math": False,
                "svg.fonttype": "path",
                "svg.hashsalt": "callcost",
                "font.size": BODY_PT,
                "text.color": theme.text,
                "xtick.color": theme.muted,
                "ytick.color": theme.muted,
                "legend.labelcolor": theme.text,
                "hatch.linewidth": 0.7,
                "grid.color": theme.grid,
                "grid.linewidth": 0.7,
                "figure.facecolor": "none",
                "axes.facecolor": "none",
            }
        )
        yield


def sheet(height_in: float, headline: str, lines: Sequence[str], footer: str) -> Figure:
    """Starts a chart: its headline, how to read it, and at its foot what it was measured with."""
    figure = Figure((WIDTH_IN, height_in))
    muted = matplotlib.rcParams["xtick.color"]
    left, margin = MARGIN_IN / WIDTH_IN, MARGIN_IN / height_in
    figure.text(left, 1 - margin, headline, size=HEADLINE_PT, weight="bold", va="top")
    below = 1 - margin - 0.28 / height_in
    figure.text(left, below, "\n".join(lines), color=muted, va="top", linespacing=1.35)
    figure.text(left, margin, footer, color=muted, size=SMALL_PT)
    return figure


def frameless(
    figure: Figure, left_in: float, top_in: float, width_in: float, height_in: float
) -> Axes:
    """Adds axes without a frame at a place given in inches from the top left corner."""
    whole_in = figure.get_figheight()
    bottom = 1 - (top_in + height_in) / whole_in
    axes = figure.add_axes((left_in / WIDTH_IN, bottom, width_in / WIDTH_IN, height_in / whole_in))
    axes.spines[:].set_visible(False)
    axes.tick_params(which="both", length=0, labelsize=SMALL_PT)
    axes.set_axisbelow(True)
    return axes


def size_in(axes: Axes) -> tuple[float, float]:
    """Returns the width and the height of axes."""
    return axes.bbox.width / axes.figure.dpi, axes.bbox.height / axes.figure.dpi


def text_width_in(texts: Iterable[str]) -> float:
    """Measures the widest of some texts at the size of the body."""
    measure, font = TextToPath().get_text_width_height_descent, FontProperties(size=BODY_PT)
    # The pixels of a screen make letters a little wider than their outlines are.
    return 1.03 * max((measure(text, font, False)[0] for text in texts), default=0.0) / 72


def write(axes: Axes, x: float, y: float, text: str, offset_pt: float, **font: Any) -> None:
    """Writes beside a point: after it for a positive offset, before it for a negative one."""
    axes.annotate(
        text,
        (x, y),
        xytext=(offset_pt, 0),
        textcoords="offset points",
        ha="left" if offset_pt >= 0 else "right",
        va="center_baseline",
        **font,
    )


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
    order, places = np.argsort(wanted, kind="stable"), np.arange(len(wanted))
    # Less their places, positions that are 1 apart are positions that do not fall.
    moved = isotonic_regression(np.array(wanted, dtype=float)[order] - places).x
    spaced = np.empty(len(wanted))
    spaced[order] = np.clip(moved, 0, room - len(wanted) + 1) + places
    return [float(position) for position in spaced]
