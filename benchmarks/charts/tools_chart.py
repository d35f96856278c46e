"""Draws the picture of the README: what one call costs, a line for each tool.

It is 16:9, opaque, and its letters are large: it must be readable on a slide and on a phone.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from callcost.benchmarks.charts.look import Style, colour_of
from callcost.benchmarks.tools import ToolCost, Tools
from callcost.console import page
from callcost.console.numbers import number
from callcost.console.page import Theme

HEIGHT_IN = page.WIDTH_IN * 9 / 16
LETTERS_PT, TITLE_PT = 13.0, 15.0
TITLE_IN, AXIS_IN, KEY_IN = 0.72, 0.28, 0.52
# The share of the axis that the dearest bar takes; its figures follow.
BAR_SHARE = 0.84


def tools_chart(tools: Tools, footer: str, style: Style) -> Figure:
    """Draws a dot for each tool's leanest mechanism, and a bar to its dearest one.

    What the same function costs in Python is a dotted line.
    """
    costs, theme = tools.costs, style.theme
    figure = Figure((page.WIDTH_IN, HEIGHT_IN), facecolor=theme.page)
    figure.text(0.012, 0.985, tools.finding, size=TITLE_PT, weight="bold", va="top")
    how = "ns per call, one int in and one out. Dot: leanest mechanism. Bar: the others."
    figure.text(0.012, 0.915, how, size=LETTERS_PT - 2, color=theme.muted, va="top")
    left_in = 1.75
    height_in = HEIGHT_IN - TITLE_IN - AXIS_IN - KEY_IN
    axes = page.frameless(figure, left_in, TITLE_IN, page.WIDTH_IN - left_in - 0.1, height_in)
    axes.set_xlim(0, max(cost.most_ns for cost in costs) / BAR_SHARE)
    axes.set_ylim(len(costs) - 0.5, -0.5)
    axes.set_yticks(range(len(costs)), [cost.label for cost in costs], size=LETTERS_PT)
    for label in axes.get_yticklabels():
        label.set_color(theme.text)
    axes.tick_params(axis="x", labelsize=LETTERS_PT - 2)
    axes.grid(axis="x")
    if tools.python_ns is not None:
        axes.axvline(tools.python_ns, color=theme.text, linestyle=":", linewidth=1.6)
    for place, cost in enumerate(costs):
        _tool(axes, place, cost, theme)
    _key(figure, tools, theme)
    figure.text(0.012, 0.012, footer, color=theme.muted, size=page.SMALL_PT)
    return figure


def _tool(axes: Axes, place: int, cost: ToolCost, theme: Theme) -> None:
    colour = colour_of(cost.you_write, theme)
    low, high = cost.net_ns.value, cost.most_ns
    axes.plot([low, high], [place, place], color=colour, linewidth=6, alpha=0.45)
    axes.plot([low], [place], "o", color=colour, markersize=9)
    page.write(axes, high, place, cost.text, 9, size=LETTERS_PT - 2, color=theme.text)


def _key(figure: Figure, tools: Tools, theme: Theme) -> None:
    """Explains the colours, and the dotted line."""
    there = tools.written
    handles = [
        Line2D([], [], marker="o", linestyle="", markersize=8, color=colour_of(each, theme))
        for each in there
    ]
    names = list(there)
    if tools.python_ns is not None:
        handles.append(Line2D([], [], color=theme.text, linestyle=":", linewidth=1.6))
        names.append(f"the same in Python: {number(tools.python_ns)} ns")
    figure.legend(
        handles,
        names,
        loc="lower left",
        bbox_to_anchor=(0.0, 0.035),
        ncols=len(handles),
        frameon=False,
        fontsize=LETTERS_PT - 3,
        handletextpad=0.3,
        columnspacing=1.0,
        borderaxespad=0.3,
    )
