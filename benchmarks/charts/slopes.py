"""Draws one workload in several interpreters: a panel for each tool, a line for each mechanism."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from callcost.benchmarks.charts.look import Style, ends_ns, spread, ticks_ns
from callcost.benchmarks.facts.marks import Marks, named
from callcost.benchmarks.matrix.figures import Matrix
from callcost.bindings.registry import tool_of
from callcost.console import page
from callcost.console.numbers import in_unit
from callcost.model.interval import Interval

# A wider span of costs has a log scale; a narrower one than LEAST would show noise as slopes.
LOG_FROM, LEAST = 5.0, 1.6
# Room above and below the lines, as a share of an axis.
ROOM = 0.06
TITLE_IN, PLOT_IN, GAP_IN, LEADER_IN = 0.3, 1.05, 0.22, 0.16
# The part of a panel's width that its lines need at least.
LINES_IN = 1.0
# A further line of the footer.
LINE_IN = 0.14
NARROW_IN = 3.7
"""The width of a chart for phones, whose panels are below each other."""


@dataclass(frozen=True)
class Slope:
    """A mechanism's cost in each interpreter that has it; `label` has the marks of the cell."""

    mechanism: str
    label: str
    net_ns: dict[str, Interval]

    @property
    def drawn(self) -> dict[str, Interval]:
        """The costs that any scale can show."""
        return {place: cost for place, cost in self.net_ns.items() if cost.value > 0}


@dataclass(frozen=True)
class Slopes:
    """A workload in the interpreters `places`; the panels have the order of the slopes."""

    workload: str
    places: tuple[str, ...]
    slopes: tuple[Slope, ...]
    inconclusive: tuple[str, ...] = ()

    @property
    def panels(self) -> list[tuple[str, list[Slope]]]:
        """The slopes that can be drawn, by tool; the tool of the first slope first."""
        drawn = [slope for slope in self.slopes if slope.drawn]
        order = list(dict.fromkeys(tool_of(slope.mechanism) for slope in drawn))
        by_tool = sorted(drawn, key=lambda slope: order.index(tool_of(slope.mechanism)))
        grouped = groupby(by_tool, key=lambda slope: tool_of(slope.mechanism))
        return [(tool, list(members)) for tool, members in grouped]


def slopes_of(matrix: Matrix, marks: Marks) -> list[Slopes]:
    """Collects what is drawn of each workload; none of those that no scale can show."""
    found = [
        Slopes(
            sheet.workload,
            matrix.places,
            tuple(
                Slope(name, named(name) + marks.of(name, sheet.workload), dict(line.net_ns))
                for line in sheet.lines
                for name in [line.mechanism]
            ),
            sheet.inconclusive,
        )
        for sheet in matrix.sheets
    ]
    return [each for each in found if each.panels]


def slope_chart(found: Slopes, footer: str, style: Style) -> Figure:
    """Draws a workload with a headline, for documents."""
    lines = [
        "Net ns per call in each interpreter; bars: 95% intervals. Each panel has its own scale, "
        "a log scale if it",
        f"spans more than a factor of {LOG_FROM:g}.",
    ]
    if found.inconclusive:
        where = ", ".join(found.inconclusive)
        lines[1] += f" Inconclusive, because two contenders of the same code differed: {where}."
    foot_in = page.FOOTER_IN + LINE_IN * footer.count("\n")
    layout = _Layout(found, page.WIDTH_IN, page.HEADER_IN, foot_in)
    headline = f"{found.workload}: what it costs in each interpreter"
    figure = page.start_chart(layout.height_in, headline, lines, footer)
    layout.draw(figure, style)
    return figure


def bare_slope_chart(found: Slopes, width_in: float, style: Style) -> Figure:
    """Draws the panels alone, for a page that says the rest."""
    layout = _Layout(found, width_in, 0.0, 0.0)
    figure = Figure((width_in, layout.height_in))
    layout.draw(figure, style)
    return figure


class _Layout:
    """The places of the panels: shelves of as many as the width allows."""

    def __init__(self, found: Slopes, width_in: float, head_in: float, foot_in: float) -> None:
        self._found = found
        self._head_in = head_in
        panels = found.panels
        labels = [slope.label for _, members in panels for slope in members]
        self._labels_in = LEADER_IN + page.text_width_in(labels)
        self._ticks_in = page.text_width_in(["1000 ns"]) + 0.05
        inner_in = width_in - 2 * page.MARGIN_IN
        least_in = self._ticks_in + LINES_IN + self._labels_in
        columns = max(1, int((inner_in + GAP_IN) / (least_in + GAP_IN)))
        self._panel_in = (inner_in - GAP_IN * (columns - 1)) / columns
        self._lines_in = self._panel_in - self._ticks_in - self._labels_in
        self._step_in = self._lines_in / (len(found.places) - 1 + 2 * ROOM)
        # Names of interpreters that do not fit beside each other take turns on several lines.
        self._levels = math.ceil((page.text_width_in(found.places) + 0.06) / self._step_in)
        self._shelves = [panels[at : at + columns] for at in range(0, len(panels), columns)]
        self.height_in = head_in + sum(map(self._shelf_in, self._shelves)) + foot_in

    def _plot_in(self, shelf: Sequence[tuple[str, list[Slope]]]) -> float:
        return max(PLOT_IN, page.ROW_IN * max(len(members) for _, members in shelf))

    def _shelf_in(self, shelf: Sequence[tuple[str, list[Slope]]]) -> float:
        return TITLE_IN + self._plot_in(shelf) + page.TICKS_IN * self._levels + GAP_IN / 2

    def draw(self, figure: Figure, style: Style) -> None:
        """Draws every panel."""
        width_in, height_in = figure.get_size_inches()
        top_in = self._head_in
        for shelf in self._shelves:
            plot_in = self._plot_in(shelf)
            for column, (tool, members) in enumerate(shelf):
                left_in = page.MARGIN_IN + column * (self._panel_in + GAP_IN)
                place = left_in / width_in, 1 - (top_in + TITLE_IN / 2) / height_in
                figure.text(*place, tool, size=page.TITLE_PT, weight="bold", va="center")
                place_in = left_in + self._ticks_in, top_in + TITLE_IN
                axes = page.frameless(figure, *place_in, self._lines_in, plot_in)
                self._scales(axes, members)
                self._lines(axes, members, style)
                self._names(axes, members, style)
            top_in += self._shelf_in(shelf)

    def _scales(self, axes: Axes, members: Sequence[Slope]) -> None:
        places = self._found.places
        names = ["\n" * (number % self._levels) + name for number, name in enumerate(places)]
        axes.set_xlim(-ROOM, len(places) - 1 + ROOM)
        axes.set_xticks(range(len(places)), names)
        axes.grid(axis="both")
        low_ns, high_ns, is_log = limits_ns(members)
        axes.set(yscale="log" if is_log else "linear", ylim=(low_ns, high_ns))
        # No tick at the very bottom, where the names of the interpreters begin.
        if is_log:
            least_ns = low_ns * (high_ns / low_ns) ** ROOM
            axes.set_yticks(*ticks_ns(least_ns, high_ns, page.size_in(axes)[1]))
            axes.set_yticks([], minor=True)
        else:
            least_ns = low_ns + ROOM * (high_ns - low_ns)
            ticks = MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(low_ns, high_ns)
            shown = [tick for tick in ticks if least_ns <= tick <= high_ns]
            axes.set_yticks(shown, [f"{figure:g} {unit}" for figure, unit in map(in_unit, shown)])

    def _lines(self, axes: Axes, members: Sequence[Slope], style: Style) -> None:
        for slope in members:
            look = style.looks[slope.mechanism]
            x = [self._found.places.index(place) for place in slope.drawn]
            costs = slope.drawn.values()
            low_ns, high_ns = zip(*map(ends_ns, costs), strict=True)
            axes.vlines(x, low_ns, high_ns, look.colour, linewidth=4, alpha=0.3)
            (line,) = axes.plot(x, [cost.value for cost in costs], color=look.colour, linewidth=1.4)
            line.set(linestyle=(0, look.dashes or None), marker="o", markersize=3, clip_on=False)

    def _names(self, axes: Axes, members: Sequence[Slope], style: Style) -> None:
        """Writes each name behind its line, and moves apart those that would overlap."""
        rows = page.size_in(axes)[1] / page.ROW_IN
        # Positions count from the middle of the lowest row that is within the panel.
        wanted = [self._height_of(axes, slope) * rows - 0.5 for slope in members]
        last = len(self._found.places) - 1
        for slope, row in zip(members, spread(wanted, rows - 1), strict=True):
            place, cost = list(slope.drawn.items())[-1]
            x = self._found.places.index(place)
            colour = style.looks[slope.mechanism].colour
            style_of_leader = {"arrowstyle": "-", "color": colour, "linewidth": 0.6}
            style_of_leader |= {"linestyle": "-" if x == last else (0, (1, 2)), "shrinkB": 2}
            axes.annotate(
                slope.label,
                (x, cost.value),
                xytext=(72 * (self._lines_in + LEADER_IN), 72 * page.ROW_IN * (row + 0.5)),
                textcoords="axes points",
                ha="left",
                va="center_baseline",
                arrowprops={**style_of_leader, "shrinkA": 1, "relpos": (0, 0.5)},
            )

    def _height_of(self, axes: Axes, slope: Slope) -> float:
        """Returns where a line ends, as a share of the height of the axes."""
        cost = list(slope.drawn.values())[-1].value
        (low_ns, high_ns), scale = axes.get_ylim(), axes.get_yscale()
        if scale == "log":
            return math.log(cost / low_ns) / math.log(high_ns / low_ns)
        return (cost - low_ns) / (high_ns - low_ns)


def limits_ns(members: Sequence[Slope]) -> tuple[float, float, bool]:
    """Chooses an axis for costs: its ends, and whether it is a log scale."""
    ends = list(_ends(members))
    low_ns, high_ns = min(ends), max(ends)
    if high_ns / low_ns > LOG_FROM:
        factor = (high_ns / low_ns) ** ROOM
        return low_ns / factor, high_ns * factor, True
    middle_ns = (low_ns + high_ns) / 2
    # Half the height of an axis whose end is LEAST times its start.
    half_ns = max((high_ns - low_ns) / 2, middle_ns * (LEAST - 1) / (LEAST + 1))
    reach_ns = half_ns * (1 + 2 * ROOM)
    return max(0.0, middle_ns - reach_ns), middle_ns + reach_ns, False


def _ends(members: Sequence[Slope]) -> Iterator[float]:
    for slope in members:
        for cost in slope.drawn.values():
            yield from ends_ns(cost)
