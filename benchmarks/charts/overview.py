"""Draws a whole run as a heat map: a row for each workload, a column for each mechanism.

A cell shows its cost as a multiple of its row's cheapest; an empty one is unsupported.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from callcost.benchmarks.catalogue import OTHER_TOPIC, TOPICS, topic_of
from callcost.benchmarks.charts.bars import Panel, columns_of
from callcost.benchmarks.charts.look import Style
from callcost.benchmarks.facts.marks import named
from callcost.console import page
from callcost.console.numbers import short_ratio

# Costly cells are dark on a light page and light on a dark page.
COLOURS = {"light": "YlOrRd", "dark": "inferno"}
# The shades between the cheapest call of a row and one that costs MOST times as much.
MOST, LEVELS = 100.0, 24
RATIO_PT = 5.6
GAP = 0.35


def overview_chart(panels: Sequence[Panel], footer: str, style: Style) -> Figure:
    """Draws the matrix of ratios to the cheapest way to call C in each row."""
    columns = _columns(panels)
    rows = {panel.name: place for panel, place in _rows(panels)}
    labels_in = page.text_width_in(rows) + 0.1
    heads_in = page.text_width_in(map(named, columns)) + 0.1
    height = max(rows.values()) + 1
    lines = (
        "Each cell's cost as a multiple of the cheapest call of C in its row. Strong: costly.",
        "Empty: the tool cannot express it, or was not there. ?: the control of the row moved.",
    )
    height_in = page.HEADER_IN + heads_in + page.ROW_IN * height + page.FOOTER_IN
    figure = page.start_chart(height_in, "Everything at a glance", lines, footer)
    left_in, top_in = page.MARGIN_IN + labels_in, page.HEADER_IN + heads_in
    width_in = page.WIDTH_IN - page.MARGIN_IN - left_in
    axes = page.frameless(figure, left_in, top_in, width_in, page.ROW_IN * height)
    width = max(columns.values()) + 1
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    axes.set_yticks(list(rows.values()), list(rows), color=style.theme.text)
    heads = list(map(named, columns))
    axes.set_xticks(list(columns.values()), heads, rotation=90, color=style.theme.text)
    axes.xaxis.tick_top()
    axes.tick_params(labelsize=page.SMALL_PT, pad=2)
    cells = [cell for panel in panels for cell in _squares(panel, rows[panel.name], columns)]
    _draw_squares(axes, cells, style)
    return figure


def _rows(panels: Sequence[Panel]) -> Iterator[tuple[Panel, float]]:
    """Places the panels below each other as the catalogue has them, with a gap after a topic."""
    order = [*TOPICS, OTHER_TOPIC]
    place, before = 0.0, None
    for panel in sorted(panels, key=lambda panel: order.index(topic_of(panel.name))):
        topic = topic_of(panel.name)
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


@dataclass(frozen=True)
class Square:
    """A square of the matrix, the text in it, and its shade."""

    x: float
    y: float
    text: str
    level: int


def _squares(panel: Panel, y: float, columns: dict[str, float]) -> Iterator[Square]:
    ways = [bar.net_ns.value for bar in panel.bars if bar.is_way]
    cheapest_ns = min((cost for cost in ways if cost > 0), default=math.nan)
    for bar in panel.bars:
        ratio = bar.net_ns.value / cheapest_ns
        known = math.isfinite(ratio) and ratio > 0
        text = "?" if panel.inconclusive or not known else short_ratio(ratio)
        yield Square(columns[bar.name], y, text, _level(ratio) if known else 0)


def _level(ratio: float) -> int:
    """Returns the shade of a ratio: 0 for the cheapest, LEVELS from MOST times as much."""
    return round(LEVELS * math.log(min(max(ratio, 1.0), MOST)) / math.log(MOST))


def _draw_squares(axes: Axes, cells: Sequence[Square], style: Style) -> None:
    """Draws all cells of one shade as one shape: one for each would make the file larger."""
    colours = matplotlib.colormaps[COLOURS[style.theme.name]]
    # A shade above the ends of the map, which are the page's own colour.
    shades = [colours(0.05 + 0.9 * level / LEVELS) for level in range(LEVELS + 1)]
    for level in sorted({cell.level for cell in cells}):
        squares = [
            Path.unit_rectangle().transformed(Affine2D().translate(cell.x - 0.5, cell.y - 0.5))
            for cell in cells
            if cell.level == level
        ]
        shape = Path.make_compound_path(*squares)
        axes.add_patch(PathPatch(shape, facecolor=shades[level], linewidth=0, clip_on=False))
    # Neighbours of one line and colour become one text. The order is the same in every theme.
    for cell in sorted(cells, key=lambda cell: (cell.y, cell.level)):
        ink = _ink(shades[cell.level])
        text = axes.text(cell.x, cell.y, cell.text, size=RATIO_PT, color=ink)
        text.set(ha="center", va="center_baseline")


def _ink(shade: tuple[float, ...]) -> str:
    """Chooses black or white for text on a shade."""
    bright = 0.299 * shade[0] + 0.587 * shade[1] + 0.114 * shade[2] > 0.55
    return "#1f2328" if bright else "#ffffff"
