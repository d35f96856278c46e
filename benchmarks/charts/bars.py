"""Draws what each call costs: a panel for each workload, a bar for each mechanism.

The charts are laid out by hand, in inches, because they must stay legible for any number of
mechanisms: a row has a fixed height, and the chart grows with its rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan
from types import MappingProxyType

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from callcost.benchmarks.break_even import REFERENCE
from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.charts.look import Style, ends_ns, ticks_ns
from callcost.benchmarks.facts.marks import OWN_CODE, Marks, named
from callcost.bindings.registry import tool_of
from callcost.console import page
from callcost.console.numbers import format_ns
from callcost.estimate.estimate import GroupEstimate
from callcost.estimate.sheet import SheetRow, Wording, sheet_of
from callcost.model.group import ELSEWHERE
from callcost.model.interval import Interval

PANEL_HEAD_IN, GAP_IN = 0.5, 0.35
# Room for a rank before a bar.
RANK_IN = 0.4
# More panels than this are drawn in two columns, or the chart would be too tall.
ONE_COLUMN = 3
# The axis of the bars starts this factor below the cheapest, so that even that one is a bar.
HEAD_START = 2.5
# No tick beyond this share of the axis's end.
LAST_TICK = 0.85
# The height of a whisker, and the gap between two families, in rows.
WHISKER = 0.31
FAMILY_GAP = 0.5
BELOW_PYTHON = "below Python"


@dataclass(frozen=True)
class Bar:
    """One contender's cost; `rank` is empty where there is none, `place` is in rows from the top.

    `label` is its name with the marks of this cell. A `family` (a tool, the
    floors or another interpreter) is drawn together.
    """

    name: str
    label: str
    family: str
    net_ns: Interval
    rank: str = ""
    place: float = 0.0
    own_code: bool = False
    is_floor: bool = False
    is_elsewhere: bool = False

    @property
    def is_way(self) -> bool:
        """Whether it is a way to call the C from this Python, which others are compared with."""
        return not (self.own_code or self.is_floor or self.is_elsewhere or self.name == REFERENCE)


@dataclass(frozen=True)
class Panel:
    """What is drawn of one group: family by family, in each the fastest first."""

    name: str
    bars: tuple[Bar, ...]
    empty_ns: float
    inconclusive: bool

    @property
    def empty_label(self) -> str:
        """Names the empty loop with its time."""
        return f"empty loop, {format_ns(self.empty_ns)}"

    @property
    def rows(self) -> float:
        """The height of its bars, in rows, and of a row for the empty loop below them."""
        return (self.bars[-1].place if self.bars else -1) + 2


def panel_of(
    name: str,
    estimate: GroupEstimate,
    aa_error: float,
    marks: Marks,
    elsewhere: Mapping[str, GroupEstimate] = MappingProxyType({}),
) -> Panel:
    """Collects what is drawn of one group; `aa_error` is the run's.

    `elsewhere` has the groups of the same workload in other interpreters, by their names. They
    are drawn in the same panel, without ranks.
    """
    marked = {contender: marks.of(contender, name) for contender in estimate.names}
    sheet = sheet_of(estimate, aa_error, Wording(marks=marked))
    bars = [_bar(row) for row in sorted(sheet.rows, key=lambda row: not row.is_floor)]
    for environment, other in elsewhere.items():
        for row, contender in enumerate(other.names[: other.size]):
            name_there = f"{contender}{ELSEWHERE}{environment}"
            cost_ns = other.net_ns(row)
            label = f"{named(contender)}{ELSEWHERE}{environment}"
            bars.append(Bar(name_there, label, environment, cost_ns, is_elsewhere=True))
    placed = tuple(_placed(bars))
    return Panel(name, placed, sheet.empty_ns, sheet.inconclusive)


def _bar(row: SheetRow) -> Bar:
    if row.is_floor:
        return Bar(row.name, row.name, BELOW_PYTHON, row.net_ns, is_floor=True)
    own_code = OWN_CODE in row.marks
    tool = tool_of(row.name)
    return Bar(row.name, named(row.name) + row.marks, tool, row.net_ns, row.rank, own_code=own_code)


def _placed(bars: Iterable[Bar]) -> Iterator[Bar]:
    """Puts the variants of a family together, and the families in the order of their fastest.

    Floors come first and other interpreters last. A bar that runs its own code does not move its
    family to the front.
    """
    families: dict[str, list[Bar]] = {}
    for bar in bars:
        families.setdefault(bar.family, []).append(bar)
    place = 0.0
    for members in sorted(families.values(), key=_order_of):
        for bar in members:
            yield replace(bar, place=place)
            place += 1
        place += FAMILY_GAP


def _order_of(members: Sequence[Bar]) -> tuple[bool, bool, float]:
    fair = [bar for bar in members if not bar.own_code] or members
    cheapest_ns = min(np.nan_to_num(bar.net_ns.value, nan=np.inf) for bar in fair)
    return not members[0].is_floor, members[0].is_elsewhere, float(cheapest_ns)


def columns_of(panels: Sequence[Panel]) -> dict[str, str]:
    """Orders all contenders family by family, as in the panel with the most; name to family."""
    fullest = max(panels, key=lambda panel: len(panel.bars))
    others = sorted((bar for panel in panels for bar in panel.bars), key=lambda bar: bar.name)
    families = {bar.name: bar.family for bar in [*fullest.bars, *others]}
    order = list(dict.fromkeys(families.values()))
    return dict(sorted(families.items(), key=lambda pair: order.index(pair[1])))


def per_call_chart(
    panels: Sequence[Panel], footer: str, style: Style, headline: str = "What does one call cost?"
) -> Figure:
    """Draws the panels, and in each a bar for each mechanism."""
    columns = 1 if len(panels) <= ONE_COLUMN else 2
    shelves = [panels[at : at + columns] for at in range(0, len(panels), columns)]
    rows = [max(panel.rows for panel in shelf) for shelf in shelves]
    panels_in = sum(PANEL_HEAD_IN + page.ROW_IN * count for count in rows)
    lines = (
        "Time per call, less that of an empty loop, on a log scale; whiskers are 95% intervals.",
        "Equal ranks (=) cannot be told apart. † Python code around the call. Hatched, *: plain "
        "Python, or code of its own for the C.",
    )
    height_in = page.HEADER_IN + panels_in + page.TICKS_IN + page.FOOTER_IN
    figure = page.start_chart(height_in, headline, lines, footer)
    width_in = (page.WIDTH_IN - 2 * page.MARGIN_IN - GAP_IN * (columns - 1)) / columns
    labels = [bar.label for panel in panels for bar in panel.bars]
    names_in = RANK_IN + page.text_width_in([*labels, *(panel.empty_label for panel in panels)])
    limits_ns = _limits_ns(panels, page.TIME_IN / (width_in - names_in))
    top_in = page.HEADER_IN
    for shelf, count in zip(shelves, rows, strict=True):
        for column, panel in enumerate(shelf):
            left_in = page.MARGIN_IN + column * (width_in + GAP_IN)
            _head(figure, left_in, top_in, panel, style)
            place_in = left_in + names_in, top_in + PANEL_HEAD_IN
            axes = page.frameless(figure, *place_in, width_in - names_in, page.ROW_IN * count)
            axes.set(xscale="log", xlim=limits_ns, ylim=(count - 0.5, -0.5), yticks=[])
            # A tick at the very end would have its label cut off by the edge of the chart.
            labelled_ns = limits_ns[0], limits_ns[1] * LAST_TICK
            axes.set_xticks(*ticks_ns(*labelled_ns, width_in - names_in))
            axes.set_xticks([], minor=True)
            axes.tick_params(labelbottom=panels.index(panel) + columns >= len(panels))
            axes.grid(axis="x")
            _bars(axes, panel, style)
            _reference_lines(axes, panel, style)
        top_in += PANEL_HEAD_IN + page.ROW_IN * count
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
    x, y = left_in / page.WIDTH_IN, 1 - (top_in + 0.25) / figure.get_figheight()
    figure.text(x, y, title, size=page.TITLE_PT, weight="bold", color=colour)
    below = y - 0.17 / figure.get_figheight()
    figure.text(x, below, isolates, size=page.SMALL_PT, color=style.theme.muted)


def _bars(axes: Axes, panel: Panel, style: Style) -> None:
    theme, left_ns = style.theme, axes.get_xlim()[0]
    for bar in panel.bars:
        place, own_ns, (_, high_ns) = bar.place, bar.net_ns.value, ends_ns(bar.net_ns)
        colour = theme.muted if bar.is_floor else style.looks[bar.name].colour
        (drawn,) = axes.barh(place, max(0, own_ns - left_ns), 0.7, left=left_ns, clip_on=False)
        drawn.set(facecolor=colour, alpha=0.45 if panel.inconclusive else 1)
        if bar.own_code:
            drawn.set(facecolor="none", edgecolor=colour, hatch="/////", linewidth=0.7)
        page.write(axes, max(left_ns, own_ns, high_ns), place, format_ns(own_ns), 5)
        page.write(axes, left_ns, place, bar.label, -72 * RANK_IN)
        # The sign of a tie is written apart, so that the digits are aligned.
        rank = bar.rank.removesuffix("=")
        page.write(axes, left_ns, place, rank, -12, color=theme.muted)
        page.write(axes, left_ns, place, bar.rank[len(rank) :], -3.5, color=theme.muted)

    _whiskers(axes, panel, style)


def _whiskers(axes: Axes, panel: Panel, style: Style) -> None:
    """Draws all intervals as one line with gaps: one line for each would make the file larger."""
    x: list[float] = []
    y: list[float] = []
    for bar in panel.bars:
        low_ns, high_ns = ends_ns(bar.net_ns)
        top, bottom = bar.place - WHISKER / 2, bar.place + WHISKER / 2
        x += [low_ns, low_ns, nan, low_ns, high_ns, nan, high_ns, high_ns, nan]
        y += [top, bottom, nan, bar.place, bar.place, nan, top, bottom, nan]
    axes.plot(x, y, color=style.theme.text, linewidth=0.8)


def _reference_lines(axes: Axes, panel: Panel, style: Style) -> None:
    """Marks the empty loop, or where it lies off the axis, and draws a line at plain Python."""
    last, muted, (left_ns, right_ns) = panel.rows - 1, style.theme.muted, axes.get_xlim()
    page.write(axes, left_ns, last, panel.empty_label, -72 * RANK_IN, color=muted)
    if panel.empty_ns < left_ns:
        page.write(axes, left_ns, last, "◂", 0, color=muted)
    else:
        axes.vlines(panel.empty_ns, -0.5, last + 0.4, muted, "dotted", linewidth=0.9, zorder=0.5)
    for bar in panel.bars:
        if bar.name == REFERENCE:
            own_ns = bar.net_ns.value
            # Only slower bars are crossed: the times of faster ones are written there.
            slower = [other.place for other in panel.bars if other.net_ns.value > own_ns]
            y = [end for place in (*slower, last) for end in (place - 0.4, place + 0.4, nan)]
            axes.plot([own_ns] * len(y), y, color=style.theme.text, linewidth=0.9)
            offset_pt = 5 if own_ns**2 < left_ns * right_ns else -5
            page.write(axes, own_ns, last, "plain Python", offset_pt, color=muted)
