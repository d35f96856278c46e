"""Draws a record: what each call costs, and from which n on the way to call C stops to matter.

The charts are laid out by hand, in inches, because they must stay legible for any number of
mechanisms: a row has a fixed height, and the chart grows with its rows.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from callcost.benchmarks.break_even import (
    NO_MATTER,
    REFERENCE,
    Curve,
    curves,
    format_ns,
    sweep,
)
from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.look import (
    HEADER_IN,
    MARGIN_IN,
    SMALL_PT,
    THEMES,
    TITLE_PT,
    WIDTH_IN,
    Style,
    ends_ns,
    frameless,
    settings,
    sheet,
    size_in,
    spread,
    style_for,
    text_width_in,
    ticks_ns,
    write,
)
from callcost.estimate import GroupEstimate, Interval, aa_error, estimate_run
from callcost.record import load, read_run, write_atomically

PNG_DPI = 200
ROW_IN, PANEL_HEAD_IN, TICKS_IN, FOOTER_IN, GAP_IN = 0.18, 0.5, 0.22, 0.32, 0.35
# Room for a rank before a bar, and for a time behind it.
RANK_IN, TIME_IN = 0.4, 0.68
# With more panels than this they stand in two columns, lest the chart grow too tall.
ONE_COLUMN = 3
# The axis of the bars starts this factor below the cheapest, so that even that one is a bar.
HEAD_START = 2.5
CURVES_IN, KEY_IN, LEADER_IN = 3.9, 0.3, 0.3
# How each verdict is drawn, by its marker: the width of its line in points, and what it means.
VERDICTS = {
    "o": (1.2, "from here on better than plain Python"),
    "D": (5.0, f"from here on within {NO_MATTER - 1:.0%} of the fastest way to call C"),
}


@dataclass(frozen=True)
class Bar:
    """One mechanism's cost; `rank` is empty in a group that is not to be trusted."""

    name: str
    net_ns: Interval
    rank: str


@dataclass(frozen=True)
class Panel:
    """What is drawn of one group, the fastest first."""

    name: str
    bars: tuple[Bar, ...]
    empty_ns: float
    inconclusive: bool

    @property
    def empty_label(self) -> str:
        """Names the empty loop with its time."""
        return f"empty loop, {format_ns(self.empty_ns)}"


def draw(record: Path, folder: Path | None = None) -> list[Path]:
    """Draws a record for light and dark pages, each as SVG and PNG, and returns the files made.

    They stand in `folder`, or beside the record; raises RecordError.
    """
    estimates = estimate_run(read_run(record))
    footer = provenance(load(record))
    swept, found = list(sweep(estimates).values()), curves(estimates)
    panels = panels_of(estimates)
    names = {bar.name for panel in panels for bar in panel.bars} | {curve.name for curve in found}
    made = []
    for theme in THEMES:
        style, stem = style_for(names, theme), (folder or record.parent) / record.stem
        with settings(theme):
            if panels:
                made += _save(per_call_chart(panels, style, footer), stem, "per_call", theme.name)
            if found:
                call = estimates[swept[0]].times.contenders[0].call
                figure = break_even_chart(found, call, style, footer)
                made += _save(figure, stem, "break_even", theme.name)
    return sorted(made)


def panels_of(estimates: dict[str, GroupEstimate]) -> list[Panel]:
    """Collects what is drawn of the groups outside the sweep."""
    swept = sweep(estimates).values()
    floor = aa_error(list(estimates.values()))
    return [
        _panel_of(name, estimate, floor)
        for name, estimate in estimates.items()
        if name not in swept
    ]


def _panel_of(name: str, estimate: GroupEstimate, floor: float) -> Panel:
    ranks = estimate.ranks(floor)
    shared = [rank for rank in ranks.values() if list(ranks.values()).count(rank) > 1]
    bars = []
    for row in estimate.order:
        rank = f"{ranks[row]}{'=' if ranks[row] in shared else ' '}"
        rank = "" if estimate.inconclusive else rank
        bars.append(Bar(estimate.names[row], estimate.net_ns(row), rank))
    return Panel(name, tuple(bars), estimate.empty_ns.value, estimate.inconclusive)


def provenance(document: dict[str, Any]) -> str:
    """Says what a record was measured with, as far as it tells."""
    facts = document.get("machine_info", {})
    python = f"{facts.get('python_implementation', '')} {facts.get('python_version', '')}"
    processor = facts.get("cpu", {}).get("brand_raw", "")
    parts = (python, facts.get("system", ""), facts.get("machine", ""), processor)
    return "  ·  ".join(part.strip() for part in parts if part.strip())


def _save(figure: Figure, stem: Path, chart: str, theme: str) -> list[Path]:
    made = []
    # Without a date the same record gives the same bytes.
    for extension, metadata in (("svg", {"Date": None}), ("png", {})):
        stream = io.BytesIO()
        figure.savefig(stream, format=extension, dpi=PNG_DPI, metadata=metadata)
        made.append(stem.with_name(f"{stem.name}.{chart}.{theme}.{extension}"))
        write_atomically(made[-1], stream.getvalue())
    return made


def per_call_chart(panels: Sequence[Panel], style: Style, footer: str) -> Figure:
    """Draws the panels, and in each a bar for each mechanism."""
    columns = 1 if len(panels) <= ONE_COLUMN else 2
    shelves = [panels[at : at + columns] for at in range(0, len(panels), columns)]
    # One row more than there are bars, for the empty loop.
    rows = [1 + max(len(panel.bars) for panel in shelf) for shelf in shelves]
    panels_in = sum(PANEL_HEAD_IN + ROW_IN * count for count in rows)
    lines = (
        "Time per call, less that of an empty loop, on a log scale; whiskers are 95% intervals.",
        "Equal ranks (=) cannot be told apart. Hatched: the same function in plain Python.",
    )
    height_in = HEADER_IN + panels_in + TICKS_IN + FOOTER_IN
    figure = sheet(height_in, "What does one call cost?", lines, footer)
    width_in = (WIDTH_IN - 2 * MARGIN_IN - GAP_IN * (columns - 1)) / columns
    names_in = RANK_IN + text_width_in([*style.looks, *(panel.empty_label for panel in panels)])
    limits_ns = _limits_ns(panels, TIME_IN / (width_in - names_in))
    top_in = HEADER_IN
    for shelf, count in zip(shelves, rows, strict=True):
        for column, panel in enumerate(shelf):
            left_in = MARGIN_IN + column * (width_in + GAP_IN)
            _head(figure, left_in, top_in, panel, style)
            place_in = left_in + names_in, top_in + PANEL_HEAD_IN
            axes = frameless(figure, *place_in, width_in - names_in, ROW_IN * count)
            axes.set(xscale="log", xlim=limits_ns, ylim=(count - 0.5, -0.5), yticks=[])
            axes.set_xticks(*ticks_ns(*limits_ns, width_in - names_in))
            axes.set_xticks([], minor=True)
            axes.tick_params(labelbottom=panels.index(panel) + columns >= len(panels))
            axes.grid(axis="x")
            _bars(axes, panel, style)
            _reference_lines(axes, panel, style)
        top_in += PANEL_HEAD_IN + ROW_IN * count
    return figure


def _limits_ns(panels: Iterable[Panel], room: float) -> tuple[float, float]:
    """Chooses the axis of all bars; `room` is the share of it left for the time behind a bar."""
    # No log scale has a place for a call that is lost in the noise of the empty loop.
    costs_ns = [b.net_ns.value for p in panels for b in p.bars if b.net_ns.value > 0] or [1.0]
    low_ns, high_ns = min(costs_ns) / HEAD_START, max(costs_ns)
    return low_ns, low_ns * (high_ns / low_ns) ** (1 / (1 - room))


def _head(figure: Figure, left_in: float, top_in: float, panel: Panel, style: Style) -> None:
    title, colour = panel.name, style.theme.text
    if panel.inconclusive:
        title, colour = f"{panel.name}: inconclusive, its control moved", style.theme.warning
    isolates = {workload.name: workload.isolates for workload in WORKLOADS}.get(panel.name, "")
    x, y = left_in / WIDTH_IN, 1 - (top_in + 0.25) / figure.get_figheight()
    figure.text(x, y, title, size=TITLE_PT, weight="bold", color=colour)
    below = y - 0.17 / figure.get_figheight()
    figure.text(x, below, isolates, size=SMALL_PT, color=style.theme.muted)


def _bars(axes: Axes, panel: Panel, style: Style) -> None:
    theme, left_ns = style.theme, axes.get_xlim()[0]
    for place, bar in enumerate(panel.bars):
        own_ns, (low_ns, high_ns) = bar.net_ns.value, ends_ns(bar.net_ns)
        (drawn,) = axes.barh(place, max(0, own_ns - left_ns), 0.7, left=left_ns)
        drawn.set(facecolor=style.looks[bar.name].colour, alpha=0.45 if panel.inconclusive else 1)
        if bar.name == REFERENCE:
            drawn.set(facecolor="none", edgecolor=theme.muted, hatch="/////", linewidth=0.7)
        (whisker,) = axes.plot([low_ns, high_ns], [place, place], "|-", color=theme.text)
        whisker.set(linewidth=0.8, markersize=4, markeredgewidth=0.8)
        write(axes, max(left_ns, own_ns, high_ns), place, format_ns(own_ns), 5)
        write(axes, left_ns, place, bar.name, -72 * RANK_IN)
        # The sign of a tie hangs, so that the figures stand below each other.
        write(axes, left_ns, place, bar.rank[:-1], -12, color=theme.muted)
        write(axes, left_ns, place, bar.rank[-1:], -3.5, color=theme.muted)


def _reference_lines(axes: Axes, panel: Panel, style: Style) -> None:
    """Marks the empty loop, or where it lies off the axis, and lets plain Python's bar run on."""
    last, muted, (left_ns, right_ns) = len(panel.bars), style.theme.muted, axes.get_xlim()
    write(axes, left_ns, last, panel.empty_label, -72 * RANK_IN, color=muted)
    if panel.empty_ns < left_ns:
        write(axes, left_ns, last, "◂", 0, color=muted)
    else:
        axes.vlines(panel.empty_ns, -0.5, last + 0.4, muted, "dotted", linewidth=0.9, zorder=0.5)
    for place, bar in enumerate(panel.bars):
        if bar.name == REFERENCE:
            own_ns = bar.net_ns.value
            # Only slower bars are crossed: behind the faster ones stand their times.
            ends, dashes = (place + 0.35, last + 0.4), (0, (4, 2.5))
            axes.vlines(own_ns, *ends, style.theme.text, dashes, linewidth=0.9)
            offset_pt = 5 if own_ns**2 < left_ns * right_ns else -5
            write(axes, own_ns, last, "plain Python", offset_pt, color=muted)


def break_even_chart(found: Sequence[Curve], call: str, style: Style, footer: str) -> Figure:
    """Draws the time of a call over n, and below it from which n on which verdict holds."""
    ways = [curve for curve in found if curve.name != REFERENCE]
    moved = {point.n: point.inconclusive for curve in found for point in curve.points}
    curves_in, verdicts_in = max(CURVES_IN, ROW_IN * len(found)), ROW_IN * max(1, len(ways))
    verdicts_top_in = HEADER_IN + curves_in + TICKS_IN + KEY_IN
    lines = [
        f"Time per call of {call}, less that of an empty loop, on a log scale. The larger n is, "
        "the more of it is work,",
        f"and the less the call. Shaded: 95% intervals, ±{_widest(found):.1%} at most."
        + " A question mark: inconclusive, and left out below." * any(moved.values()),
    ]
    height_in = verdicts_top_in + verdicts_in + TICKS_IN + FOOTER_IN
    figure = sheet(height_in, "When does it stop to matter how C is called?", lines, footer)
    left_in = MARGIN_IN + text_width_in(curve.name for curve in found) + LEADER_IN
    width_in = WIDTH_IN - left_in - TIME_IN
    upper = frameless(figure, left_in, HEADER_IN, width_in, curves_in)
    lower = frameless(figure, left_in, verdicts_top_in, width_in, verdicts_in)
    labels = [f"{n}{'?' * moved[n]}" for n in sorted(moved)]
    for axes in (upper, lower):
        axes.set_xlim(min(moved) - 0.25, max(moved) + 0.4)
        axes.set_xticks(sorted(moved), [f"n = {labels[0]}", *labels[1:]])
        axes.grid(axis="x")
    _curves(upper, found, style)
    _name_curves(upper, found, style)
    _verdicts(lower, ways, style)
    return figure


def _widest(found: Iterable[Curve]) -> float:
    """Returns half the width of the widest interval, as a share of its value."""
    costs_ns = [cost_ns for curve in found for cost_ns in curve.net_ns]
    return float(np.nanmax([(c.high - c.low) / 2 / c.value for c in costs_ns]))


def _curves(axes: Axes, found: Sequence[Curve], style: Style) -> None:
    limits_ns = _curve_limits_ns(found)
    axes.set(yscale="log", ylim=limits_ns)
    axes.yaxis.tick_right()
    axes.set_yticks(*ticks_ns(*limits_ns, size_in(axes)[1]))
    axes.set_yticks([], minor=True)
    axes.tick_params(length=0)
    axes.grid(axis="y")
    # Dashes last: where two curves coincide, both can be seen.
    for curve in sorted(found, key=lambda curve: len(style.looks[curve.name].dashes)):
        look, costs_ns = style.looks[curve.name], [cost_ns.value for cost_ns in curve.net_ns]
        low_ns, high_ns = zip(*map(ends_ns, curve.net_ns), strict=True)
        axes.fill_between(curve.n, low_ns, high_ns, color=look.colour, alpha=0.3, linewidth=0)
        (line,) = axes.plot(curve.n, costs_ns, color=look.colour, linewidth=1.5)
        # One n alone makes no line.
        line.set(linestyle=(0, look.dashes or None), marker="." if len(curve.n) == 1 else "")
        for n, marker in _marks(curve):
            axes.plot(n, costs_ns[curve.n.index(n)], marker, color=look.colour, markersize=5)
        if costs_ns[-1] > limits_ns[1]:
            _say_where_it_ends(axes, curve, style)


def _curve_limits_ns(found: Sequence[Curve]) -> tuple[float, float]:
    """Fits the axis to the ways to call C, and to the start of plain Python, which leaves it."""
    ways = [curve for curve in found if curve.name != REFERENCE] or found
    fitted = [*(curve.net_ns[0] for curve in found), *(c for curve in ways for c in curve.net_ns)]
    costs_ns = [cost_ns.value for cost_ns in fitted if cost_ns.value > 0] or [1.0]
    return min(costs_ns) / 1.6, max(costs_ns) * 2.5


def _say_where_it_ends(axes: Axes, curve: Curve, style: Style) -> None:
    """Writes beside the point where a curve leaves the chart what it comes to in the end."""
    top_ns, (left_n, right_n) = axes.get_ylim()[1], axes.get_xlim()
    logs = np.log([cost_ns.value for cost_ns in curve.net_ns])
    leaves_n = float(np.interp(math.log(top_ns), logs, curve.n))
    text = f"{curve.name}: {format_ns(curve.net_ns[-1].value)} at n = {curve.n[-1]}"
    room_in = (right_n - leaves_n) / (right_n - left_n) * size_in(axes)[0]
    offset_pt = 6 if room_in > text_width_in([text]) + 0.1 else -25
    write(axes, leaves_n, top_ns * 0.85, text, offset_pt, color=style.theme.muted)


def _marks(curve: Curve) -> list[tuple[int, str]]:
    """Pairs the n that each verdict holds from with its marker."""
    marks = (curve.better_than_python_from, "o"), (curve.no_matter_from, "D")
    return [(n, marker) for n, marker in marks if n is not None]


def _name_curves(axes: Axes, found: Sequence[Curve], style: Style) -> None:
    """Writes the names before the curves, and moves apart those that would overlap."""
    (low_ns, high_ns), rows = axes.get_ylim(), size_in(axes)[1] / ROW_IN
    starts_ns = [max(low_ns, curve.net_ns[0].value) for curve in found]
    wanted = [math.log(ns / low_ns) / math.log(high_ns / low_ns) * rows for ns in starts_ns]
    for curve, start_ns, row in zip(found, starts_ns, spread(wanted, rows), strict=True):
        colour = style.looks[curve.name].colour
        leader = {"arrowstyle": "-", "color": colour, "linewidth": 0.8, "shrinkA": 2, "shrinkB": 0}
        axes.annotate(
            curve.name,
            (curve.n[0], start_ns),
            xytext=(-72 * LEADER_IN, 72 * ROW_IN * row),
            textcoords="axes points",
            ha="right",
            va="center_baseline",
            arrowprops={**leader, "relpos": (1, 0.5)},
        )


def _verdicts(axes: Axes, ways: Sequence[Curve], style: Style) -> None:
    """Draws a line from where a mechanism beats Python, and a bar from where it matters no more."""
    left_n, right_n = axes.get_xlim()
    axes.set(ylim=(max(1, len(ways)) - 0.5, -0.5), yticks=[])
    key = {}
    for place, curve in enumerate(ways):
        write(axes, left_n, place, curve.name, -72 * LEADER_IN)
        for n, marker in _marks(curve):
            colour, (width, meaning) = style.looks[curve.name].colour, VERDICTS[marker]
            line = Line2D([n, right_n], [place] * 2, color=colour, linewidth=width)
            line.set(marker=marker, markersize=5, markevery=[0], solid_capstyle="butt")
            axes.add_line(line)
            key[marker] = Line2D([], [], color=style.theme.muted, linewidth=width, label=meaning)
            key[marker].set(marker=marker, markersize=5)
    handles = [key[marker] for marker in VERDICTS if marker in key]
    corner: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.4}
    axes.legend(handles=handles, ncols=2, frameon=False, fontsize=SMALL_PT, **corner)
