"""Shared figure layout: sizes, themes, saving. Needs matplotlib (the extra `plot`)."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from callcost.console import schemes
from callcost.console.files import write_atomically
from callcost.console.outputs import writing

PNG_DPI = 200
WIDTH_IN, MARGIN_IN, HEADER_IN = 8.5, 0.1, 0.78
ROW_IN, TICKS_IN, FOOTER_IN = 0.18, 0.22, 0.32
# Room for a time behind a bar or a curve.
TIME_IN = 0.68
BODY_PT, SMALL_PT, TITLE_PT, HEADLINE_PT = 8.5, 8.0, 9.5, 13.0


@dataclass(frozen=True)
class Theme:
    """Colours of a chart on one kind of page; luminances are relative to white, as in WCAG 2."""

    name: str
    page: str
    text: str
    muted: str
    grid: str
    warning: str
    darkest: float
    lightest: float


# WCAG asks for a contrast of 3:1 in graphics.
LIGHT = Theme(
    "light", "#ffffff", "#1f2328", "#59636e", "#dfe4e9", "#9a6700", darkest=0.05, lightest=0.295
)
DARK = Theme(
    "dark", "#0d1117", "#e6edf3", "#9aa3ad", "#2d333b", "#d29922", darkest=0.13, lightest=0.60
)
THEMES = (LIGHT, DARK)


@contextmanager
def settings(theme: Theme) -> Iterator[None]:
    """Sets matplotlib up, independent of the user's own settings."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                # A name with $ in it is a name, not mathematics.
                "text.parse_math": False,
                # Outlines of letters make a file up to three times as large. Verdana is as wide.
                "svg.fonttype": "none",
                "font.sans-serif": ["DejaVu Sans", "Verdana"],
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


def start_chart(height_in: float, headline: str, lines: Sequence[str], footer: str) -> Figure:
    """Starts a chart: headline, how to read it, and below what it was measured with."""
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
    """Adds axes without a frame; the place is in inches from the top left corner."""
    across_in, whole_in = figure.get_size_inches()
    bottom = 1 - (top_in + height_in) / whole_in
    place = left_in / across_in, bottom, width_in / across_in, height_in / whole_in
    axes = figure.add_axes(place)
    axes.spines[:].set_visible(False)
    axes.tick_params(which="both", length=0, labelsize=SMALL_PT)
    axes.set_axisbelow(True)
    return axes


def size_in(axes: Axes) -> tuple[float, float]:
    """Returns the width and the height of axes."""
    return axes.bbox.width / axes.figure.dpi, axes.bbox.height / axes.figure.dpi


def text_width_in(texts: Iterable[str]) -> float:
    """Measures the widest of some texts in the size of the body."""
    measure, font = TextToPath().get_text_width_height_descent, FontProperties(size=BODY_PT)
    # On a screen, letters are a little wider than their outlines.
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


FORMATS = ("svg", "png")


def save(
    drawing: Callable[[Theme], Figure], stem: Path, formats: Collection[str] = FORMATS
) -> list[Path]:
    """Writes a figure under a name without its ending; returns the files.

    The SVG shows the colours of its reader's page. The PNG is for places that show no SVG.
    """
    made = {"svg": _as_svg, "png": _as_png}
    files = {stem.with_name(f"{stem.name}.{name}"): made[name](drawing) for name in formats}
    for path, content in files.items():
        with writing(path):
            write_atomically(path, content)
    return list(files)


def _as_svg(drawing: Callable[[Theme], Figure]) -> bytes:
    # Without a date the same record gives the same bytes.
    drawn = (_saved(drawing, theme, format="svg", metadata={"Date": None}) for theme in THEMES)
    return schemes.one_svg(*(content.decode() for content in drawn)).encode()


def _as_png(drawing: Callable[[Theme], Figure]) -> bytes:
    return _saved(drawing, LIGHT, format="png", dpi=PNG_DPI, facecolor="white")


def _saved(drawing: Callable[[Theme], Figure], theme: Theme, **options: Any) -> bytes:
    stream = io.BytesIO()
    with settings(theme):
        drawing(theme).savefig(stream, **options)
    return stream.getvalue()
