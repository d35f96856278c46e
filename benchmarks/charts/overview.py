"""Draws all of a run at a glance: a row for each workload, a column for each mechanism.

A cell says how many times the cheapest of its row it costs; an empty one is unsupported.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from callcost.benchmarks.catalogue import TOPICS
from callcost.benchmarks.charts.bars import Panel, columns_of
from callcost.benchmarks.charts.look import Style
from callcost.console.numbers import short_ratio
from callcost.console.page import (
    FOOTER_IN,
    HEADER_IN,
    MARGIN_IN,
    ROW_IN,
    SMALL_PT,
    WIDTH_IN,
    frameless,
    start_chart,
    text_width_in,
)

# Dark cells are dear on a light page, light ones on a dark page: both stand out from it.
COLOURS = {"light": "YlOrRd", "dark": "inferno"}
MOST = 100.0
RATIO_PT = 5.6
GAP = 0.35


def overview_chart(panels: Sequence[Panel], style: Style, footer: str) -> Figure:
    """Draws the matrix of ratios to the cheapest way to call C in each row."""
    columns = _columns(panels)
    rows = {panel.name: place for panel, place in _rows(panels)}
    labels_in = text_width_in(rows) + 0.1
    heads_in = text_width_in(columns) + 0.1
    height = max(rows.values()) + 1
    dearer = "darker" if style.theme.name == "light" else "lighter"
    lines = (
        f"Each cell's cost as a multiple of the cheapest call of C in its row; {dearer} is dearer.",
        "Empty: the tool cannot express it, or was not there. ?: the control of the row moved.",
    )
    height_in = HEADER_IN + heads_in + ROW_IN * height + FOOTER_IN
    figure = start_chart(height_in, "Everything at a glance", lines, footer)
    left_in, top_in = MARGIN_IN + labels_in, HEADER_IN + heads_in
    axes = frameless(figure, left_in, top_in, WIDTH_IN - MARGIN_IN - left_in, ROW_IN * height)
    width = max(columns.values()) + 1
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    axes.set_yticks(list(rows.values()), list(rows), color=style.theme.text)
    axes.set_xticks(list(columns.values()), list(columns), rotation=90, color=style.theme.text)
    axes.xaxis.tick_top()
    axes.tick_params(labelsize=SMALL_PT, pad=2)
    for panel in panels:
        _row(axes, panel, rows[panel.name], columns, style)
    return figure


def _rows(panels: Sequence[Panel]) -> Iterator[tuple[Panel, float]]:
    """Places the panels below each other as the catalogue has them, with a gap after a topic."""
    topics = {w.name: number for number, ws in enumerate(TOPICS.values()) for w in ws}
    ordered = sorted(panels, key=lambda panel: topics.get(panel.name, len(TOPICS)))
    place, before = 0.0, None
    for panel in ordered:
        topic = topics.get(panel.name, len(TOPICS))
        place += GAP if before not in (None, topic) else 0
        yield panel, place
        place, before = place + 1, topic


def _columns(panels: Sequence[Panel]) -> dict[str, float]:
    """Places the contenders side by side, with a gap after a family."""
    places: dict[str, float] = {}
    place, before = 0.0, None
    for name, family in columns_of(panels).items():
        place += GAP if before not in (None, family) else 0
        places[name] = place
        place, before = place + 1, family
    return places


def _row(axes: Axes, panel: Panel, y: float, columns: dict[str, float], style: Style) -> None:
    colours, norm = matplotlib.colormaps[COLOURS[style.theme.name]], LogNorm(1, MOST)
    ways = [bar.net_ns.value for bar in panel.bars if bar.is_way]
    cheapest_ns = min((cost for cost in ways if cost > 0), default=math.nan)
    for bar in panel.bars:
        ratio = bar.net_ns.value / cheapest_ns
        x = columns[bar.name]
        known = math.isfinite(ratio) and ratio > 0
        # A shade above the ends of the map, which are the page's own colour.
        share = 0.05 + 0.9 * float(norm(min(max(ratio, 1.0), MOST))) if known else 0.05
        colour = colours(share)
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colour, linewidth=0))
        bright = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 0.55
        text = "?" if panel.inconclusive or not known else short_ratio(ratio)
        ink = "#1f2328" if bright else "#ffffff"
        axes.text(x, y, text, size=RATIO_PT, ha="center", va="center_baseline", color=ink)
