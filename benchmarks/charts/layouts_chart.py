"""Draws what each layout makes of a call: a line for each mechanism, a dot for each layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from callcost.benchmarks.charts.look import Style
from callcost.benchmarks.facts.marks import named
from callcost.console import page
from callcost.estimate.estimate import GroupEstimate

DOT_PT = 4.5
# Room for a dot at either end of the axis, and the least that the axis shows, in per cent.
ROOM, LEAST = 1.08, 2.0


@dataclass(frozen=True)
class Moved:
    """The cost of a call in each layout, in per cent above the mean over all of them."""

    name: str
    percent: tuple[float, ...]


def moved(estimate: GroupEstimate) -> Iterator[Moved]:
    """Yields the group's own contenders, the fastest first, if they have several layouts."""
    labels = np.array(estimate.layouts)
    numbers = sorted({*estimate.layouts})
    for row in estimate.order if len(numbers) > 1 else ():
        costs = estimate.relative_by_process(row)
        means = np.array([costs[labels == number].mean() for number in numbers])
        shares = means / means.mean() - 1
        yield Moved(estimate.names[row], tuple((100 * shares).tolist()))


def layouts_chart(rows: Sequence[Moved], call: str, footer: str, style: Style) -> Figure:
    """Draws the layouts of one call."""
    count = len(rows[0].percent)
    lines = (
        f"{call}: the same sources, linked in {count} ways. Each dot is one of them: its cost",
        "compared with the mean of its mechanism. A build that was linked once is one dot.",
    )
    labels_in = page.text_width_in(named(row.name) for row in rows) + 0.1
    plot_in = page.ROW_IN * len(rows)
    height_in = page.HEADER_IN + plot_in + page.ROW_IN * 2 + page.FOOTER_IN
    figure = page.start_chart(height_in, "What the layout of a library does", lines, footer)
    left_in = page.MARGIN_IN + labels_in
    width_in = page.WIDTH_IN - page.MARGIN_IN - left_in
    axes = page.frameless(figure, left_in, page.HEADER_IN, width_in, plot_in)
    reach = max(LEAST, ROOM * max(abs(share) for row in rows for share in row.percent))
    axes.set(xlim=(-reach, reach), ylim=(len(rows) - 0.5, -0.5))
    axes.set_yticks(range(len(rows)), [named(row.name) for row in rows], color=style.theme.text)
    axes.tick_params(labelsize=page.SMALL_PT, pad=2, labelcolor=style.theme.text)
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:+g}%" if share else "mean")
    axes.axvline(0, color=style.theme.muted, linewidth=0.8)
    for place, row in enumerate(rows):
        colour = style.looks[row.name].colour
        axes.plot(row.percent, [place] * count, "o", color=colour, markersize=DOT_PT, alpha=0.75)
    return figure
