"""Draws an explanation: a stacked bar of parts for each call, and its time."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from callcost.console.numbers import number
from callcost.console.page import (
    FOOTER_IN,
    FORMATS,
    HEADER_IN,
    MARGIN_IN,
    SMALL_PT,
    THEMES,
    TICKS_IN,
    WIDTH_IN,
    Theme,
    frameless,
    save,
    start_chart,
    text_width_in,
    write,
)
from callcost.explain.explanation import Chapter, Explained, Explanation
from callcost.explain.parts import PARTS

# A bar, and below it its largest parts in words.
ROW_IN, BAR_SHARE, BAR_PLACE, WORDS_PLACE = 0.38, 0.5, -0.17, 0.27
LEGEND_ROW_IN, LEGEND_COLUMNS = 0.2, 4
# On the right: the instructions of the whole bar, and a bar for the time.
TOTAL_IN, TIME_AREA_IN, TIME_LABEL_IN = 0.62, 1.35, 0.6
# Narrower bars of parts have no label.
LABEL_PT, LEAST_LABEL_IN = 6.5, 0.28
# By part, for a light page and a dark one. Neighbours differ in lightness and in hue, so that they
# can be told apart without colours.
COLOURS: Mapping[str, tuple[str, str]] = {
    "dispatch": ("#9aa7b5", "#5b6876"),
    "protocol": ("#3f5f8a", "#8fb4e8"),
    "arguments": ("#e0952f", "#b8711a"),
    "marshalling": ("#b3362b", "#f08377"),
    "gil": ("#f2c14e", "#9c7a1c"),
    "errno": ("#7a4b8f", "#c79be0"),
    "binding": ("#5fb3a3", "#2f7f71"),
    "function": ("#1f2328", "#f0f3f6"),
    "result": ("#8cbf3f", "#5c8524"),
    "memory": ("#7d4f2a", "#cf9a6b"),
    "other": ("#dfe4e9", "#30363d"),
}


def draw(explanation: Explanation, folder: Path, formats: Collection[str] = FORMATS) -> list[Path]:
    """Draw each chapter, and return the files made."""
    foot, made = footer(explanation.facts), []
    for chapter in explanation.chapters:
        if chapter.rows:
            drawing = partial(chapter_chart, chapter, foot=foot)
            made += save(drawing, folder / f"explain.{file_part(chapter.name)}", formats)
    return sorted(made)


def file_part(name: str) -> str:
    """Turn an expression into part of a file name."""
    return re.sub(r"\W+", "_", name).strip("_")[:40] or "expression"


def footer(facts: Mapping[str, object]) -> str:
    """Say what was counted, and with what."""
    told = (f"CPython {facts['python']}", facts["machine"], facts["libc"], facts["valgrind"])
    return " · ".join(str(one) for one in told if one)


def chapter_chart(chapter: Chapter, theme: Theme, foot: str) -> Figure:
    """Draw one chapter, the cheapest call first."""
    rows, parts = chapter.rows, _parts(chapter)
    timed = any(row.time_ns is not None for row in rows)
    legend_in = LEGEND_ROW_IN * -(-len(parts) // LEGEND_COLUMNS) + 0.08
    height_in = HEADER_IN + legend_in + ROW_IN * len(rows) + TICKS_IN + FOOTER_IN
    lines = ["Instructions of one call by what they are spent on, counted under callgrind."]
    if timed:
        lines.append("On the right: the time of the call, which need not be proportional.")
    figure = start_chart(height_in, f"Where the instructions go: {chapter.call}", lines, foot)
    _legend(figure, parts, theme, HEADER_IN)
    names_in = text_width_in([row.name for row in rows]) + 0.1
    right_in = TOTAL_IN + (TIME_AREA_IN if timed else 0)
    left_in, top_in = MARGIN_IN + names_in, HEADER_IN + legend_in
    width_in = WIDTH_IN - MARGIN_IN - left_in - right_in
    axes = _axes(figure, (left_in, top_in), (width_in, ROW_IN * len(rows)), len(rows))
    axes.set_xlim(0, max(row.instructions for row in rows) or 1)
    axes.grid(axis="x")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    for place, row in enumerate(rows):
        _bar(axes, place, row, theme, width_in)
    if timed:
        time_left_in = WIDTH_IN - TIME_AREA_IN
        size = TIME_AREA_IN - TIME_LABEL_IN - MARGIN_IN, ROW_IN * len(rows)
        _times(_axes(figure, (time_left_in, top_in), size, len(rows)), rows, theme)
    return figure


def _parts(chapter: Chapter) -> list[str]:
    return [part for part in PARTS if any(row.parts.get(part) for row in chapter.rows)]


def _axes(
    figure: Figure, place_in: tuple[float, float], size_in: tuple[float, float], rows: int
) -> Axes:
    axes = frameless(figure, *place_in, *size_in)
    axes.set(ylim=(rows - 0.5, -0.5), yticks=[])
    return axes


def _legend(figure: Figure, parts: Sequence[str], theme: Theme, top_in: float) -> None:
    height_in = figure.get_figheight()
    column_in = (WIDTH_IN - 2 * MARGIN_IN) / LEGEND_COLUMNS
    for number_, part in enumerate(parts):
        row, column = divmod(number_, LEGEND_COLUMNS)
        x = (MARGIN_IN + column * column_in) / WIDTH_IN
        y = 1 - (top_in + row * LEGEND_ROW_IN + 0.11) / height_in
        size = 0.13 / WIDTH_IN, 0.11 / height_in
        patch = Rectangle((x, y), *size, transform=figure.transFigure, linewidth=0)
        patch.set_facecolor(_colour(part, theme))
        figure.add_artist(patch)
        figure.text(x + 0.18 / WIDTH_IN, y, PARTS[part], size=SMALL_PT, va="bottom")


def _colour(part: str, theme: Theme) -> str:
    return COLOURS[part][THEMES.index(theme)]


def _bar(axes: Axes, place: float, row: Explained, theme: Theme, width_in: float) -> None:
    write(axes, 0, place + BAR_PLACE, row.name, -6)
    write(axes, 0, place + WORDS_PLACE, row.shares, 1, color=theme.muted, size=LABEL_PT)
    start, scale = 0.0, width_in / axes.get_xlim()[1]
    place += BAR_PLACE
    for part, took in row.parts.items():
        (drawn,) = axes.barh(place, took, BAR_SHARE, left=start)
        colour = _colour(part, theme)
        drawn.set(facecolor=colour, linewidth=0)
        if took * scale >= LEAST_LABEL_IN:
            axes.text(
                start + took / 2, place, number(took, 0), size=LABEL_PT, ha="center",
                va="center_baseline", color=_ink(colour),
            )  # fmt: skip
        start += took
    write(axes, start, place, number(row.instructions, 0), 4, weight="bold", size=SMALL_PT)


def _ink(colour: str) -> str:
    """Choose black or white for text on a colour."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#000000" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "#ffffff"


def _times(axes: Axes, rows: Sequence[Explained], theme: Theme) -> None:
    """Draw the time of each call on its own axis."""
    known = [row.time_ns.value for row in rows if row.time_ns is not None]
    axes.set(xlim=(0, max([*known, 1e-9])), xticks=[])
    for number_, row in enumerate(rows):
        if row.time_ns is not None:
            place, time_ns = number_ + BAR_PLACE, max(0.0, row.time_ns.value)
            axes.barh(place, time_ns, BAR_SHARE / 2, color=theme.muted)
            write(axes, time_ns, place, f"{number(row.time_ns.value)} ns", 4, size=SMALL_PT)
