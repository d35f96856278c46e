"""Draws the sweep over n: when the way to call C stops mattering."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from callcost.benchmarks.break_even import NEAR_FASTEST, REFERENCE, Curve
from callcost.benchmarks.charts.look import Style, ends_ns, spread, ticks_ns
from callcost.benchmarks.facts.marks import named
from callcost.console import page
from callcost.console.numbers import format_ns

CURVES_IN, KEY_IN, LEADER_IN = 3.9, 0.3, 0.3
# How each verdict is drawn, by its marker: the width of its line in points, and what it means.
VERDICTS = {
    "o": (1.2, "from here on better than plain Python"),
    "D": (5.0, f"from here on within {NEAR_FASTEST - 1:.0%} of the fastest way to call C"),
}


def break_even_chart(found: Sequence[Curve], call: str, footer: str, style: Style) -> Figure:
    """Draws the time of a call over n, and below it the n from which each verdict holds."""
    ways = [curve for curve in found if curve.name != REFERENCE]
    moved = {point.n: point.inconclusive for curve in found for point in curve.points}
    curves_in = max(CURVES_IN, page.ROW_IN * len(found))
    verdicts_in = page.ROW_IN * max(1, len(ways))
    verdicts_top_in = page.HEADER_IN + curves_in + page.TICKS_IN + KEY_IN
    lines = [
        f"Time per call of {call}, less that of an empty loop, on a log scale. The larger n is, "
        "the more of it is work,",
        f"and the less the call. Shaded: 95% intervals, ±{_widest(found):.1%} at most."
        + " A question mark: inconclusive, and left out below." * any(moved.values()),
    ]
    height_in = verdicts_top_in + verdicts_in + page.TICKS_IN + page.FOOTER_IN
    figure = page.start_chart(
        height_in, "When does it stop mattering how C is called?", lines, footer
    )
    left_in = page.MARGIN_IN + page.text_width_in(named(curve.name) for curve in found) + LEADER_IN
    width_in = page.WIDTH_IN - left_in - page.TIME_IN
    upper = page.frameless(figure, left_in, page.HEADER_IN, width_in, curves_in)
    lower = page.frameless(figure, left_in, verdicts_top_in, width_in, verdicts_in)
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
    axes.set_yticks(*ticks_ns(*limits_ns, page.size_in(axes)[1]))
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
    text = f"{named(curve.name)}: {format_ns(curve.net_ns[-1].value)} at n = {curve.n[-1]}"
    room_in = (right_n - leaves_n) / (right_n - left_n) * page.size_in(axes)[0]
    offset_pt = 6 if room_in > page.text_width_in([text]) + 0.1 else -25
    page.write(axes, leaves_n, top_ns * 0.85, text, offset_pt, color=style.theme.muted)


def _marks(curve: Curve) -> list[tuple[int, str]]:
    """Pairs the n that each verdict holds from with its marker."""
    marks = (curve.beats_python_from, "o"), (curve.near_fastest_from, "D")
    return [(n, marker) for n, marker in marks if n is not None]


def _name_curves(axes: Axes, found: Sequence[Curve], style: Style) -> None:
    """Writes the names before the curves, and moves apart those that would overlap."""
    (low_ns, high_ns), rows = axes.get_ylim(), page.size_in(axes)[1] / page.ROW_IN
    starts_ns = [max(low_ns, curve.net_ns[0].value) for curve in found]
    wanted = [math.log(ns / low_ns) / math.log(high_ns / low_ns) * rows for ns in starts_ns]
    for curve, start_ns, row in zip(found, starts_ns, spread(wanted, rows), strict=True):
        colour = style.looks[curve.name].colour
        leader = {"arrowstyle": "-", "color": colour, "linewidth": 0.8, "shrinkA": 2, "shrinkB": 0}
        axes.annotate(
            named(curve.name),
            (curve.n[0], start_ns),
            xytext=(-72 * LEADER_IN, 72 * page.ROW_IN * row),
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
        page.write(axes, left_n, place, named(curve.name), -72 * LEADER_IN)
        for n, marker in _marks(curve):
            colour, (width, meaning) = style.looks[curve.name].colour, VERDICTS[marker]
            line = Line2D([n, right_n], [place] * 2, color=colour, linewidth=width)
            line.set(marker=marker, markersize=5, markevery=[0], solid_capstyle="butt")
            axes.add_line(line)
            key[marker] = Line2D([], [], color=style.theme.muted, linewidth=width, label=meaning)
            key[marker].set(marker=marker, markersize=5)
    handles = [key[marker] for marker in VERDICTS if marker in key]
    corner: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.4}
    axes.legend(handles=handles, ncols=2, frameon=False, fontsize=page.SMALL_PT, **corner)
