"""Draws what the stable ABI costs: a panel for each mechanism, a dot for each call and ABI."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from callcost.benchmarks.charts.look import Style, ends_ns, style_for
from callcost.benchmarks.stable_abi.prices import FREE_THREADED_ABI, SIGNATURES, Price
from callcost.console import page
from callcost.console.numbers import cost_text, listed, percent
from callcost.model.interval import Interval

HEADLINE = "What the stable ABI costs"
HEAD_IN, GAP_IN = 0.26, 0.12
# Room for the figures behind the axis.
TEXT_IN = 2.1
DOT_PT = 5.0
# The axis shows at least this range of ratios.
LEAST = (0.8, 2.0)
TICKS = (0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32)
# Two ABIs of one call are drawn this far above and below its line, in rows.
APART = 0.22


def compared(found: Sequence[Price]) -> list[Price]:
    """Keeps the calls that have a native form to compare with."""
    return [
        price for price in found if price.share is not None and math.isfinite(price.share.value)
    ]


def chart(found: Sequence[Price], footer: str, style: Style) -> Figure:
    """Draws the ratio of each call to its native form."""
    shown = compared(found)
    names = sorted({price.stable for price in shown})
    several = len({price.abi for price in shown}) > 1
    rows = {name: _rows([p for p in shown if p.stable == name]) for name in names}
    lines = (
        "Each call of an extension for the stable ABI, in multiples of what the same call costs in",
        f"an extension for one version of Python. {_key(shown)}.",
    )
    body_in = sum(HEAD_IN + _height_in(rows[name], several) + GAP_IN for name in names)
    figure = page.start_chart(
        page.HEADER_IN + body_in + page.TICKS_IN + page.FOOTER_IN, HEADLINE, lines, footer
    )
    ends = _ends(shown)
    left_in = page.MARGIN_IN + page.text_width_in(SIGNATURES) + 0.1
    width_in = page.WIDTH_IN - page.MARGIN_IN - left_in - TEXT_IN
    top_in = page.HEADER_IN
    for name in names:
        height_in = _height_in(rows[name], several)
        axes = page.frameless(figure, left_in, top_in + HEAD_IN, width_in, height_in)
        native = rows[name][0][1][0].native
        top = 1 - (top_in + HEAD_IN / 2) / figure.get_figheight()
        title = f"{name}, compared with {native}"
        figure.text(page.MARGIN_IN / page.WIDTH_IN, top, title, weight="bold", va="center")
        _panel(axes, rows[name], ends, style, last=name == names[-1])
        top_in += HEAD_IN + height_in + GAP_IN
    return figure


def _key(shown: Sequence[Price]) -> str:
    """Says which dot is which ABI, and on which Python."""
    places: dict[str, dict[str, None]] = {}
    for price in shown:
        places.setdefault(price.abi, {})[price.place] = None
    dots = {tag: "Hollow" if tag == FREE_THREADED_ABI else "Full" for tag in places}
    return "; ".join(f"{dots[tag]}: {tag}, CPython {listed(places[tag])}" for tag in sorted(places))


def _rows(prices: Sequence[Price]) -> list[tuple[str, list[Price]]]:
    by_workload: dict[str, list[Price]] = {}
    for price in sorted(prices, key=lambda price: price.abi):
        by_workload.setdefault(price.workload, []).append(price)
    order = sorted(by_workload, key=SIGNATURES.index)
    return [(workload, by_workload[workload]) for workload in order]


def _height_in(rows: Sequence[object], several: bool) -> float:
    return len(rows) * page.ROW_IN * (1.8 if several else 1.15)


def _ends(shown: Sequence[Price]) -> tuple[float, float]:
    ratios = [1 + price.share.value for price in shown if price.share is not None]
    return min(LEAST[0], *ratios) / 1.05, max(LEAST[1], *ratios) * 1.05


def _panel(
    axes: Axes,
    rows: Sequence[tuple[str, list[Price]]],
    ends: tuple[float, float],
    style: Style,
    *,
    last: bool,
) -> None:
    axes.set_xscale("log")
    axes.set(xlim=ends, ylim=(len(rows) - 0.5, -0.5))
    ticks = [tick for tick in TICKS if ends[0] <= tick <= ends[1]]
    axes.set_xticks(ticks, [_times(tick) for tick in ticks] if last else [])
    axes.set_xticks([], minor=True)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows], color=style.theme.text)
    axes.tick_params(labelcolor=style.theme.text)
    axes.grid(axis="x")
    axes.axvline(1, color=style.theme.muted, linewidth=1)
    for place, (_, prices) in enumerate(rows):
        for price in prices:
            offset = 0.0 if len(prices) == 1 else APART
            _dot(
                axes, price, place + (offset if price.abi == FREE_THREADED_ABI else -offset), style
            )


def _dot(axes: Axes, price: Price, y: float, style: Style) -> None:
    assert price.share is not None and price.native_ns is not None
    colour = style.looks[price.stable].colour
    ratio = Interval(*(1 + end for end in (price.share.value, price.share.low, price.share.high)))
    hollow = price.abi == FREE_THREADED_ABI
    axes.plot([1, ratio.value], [y, y], color=colour, linewidth=1.2)
    axes.plot(ends_ns(ratio), [y, y], color=colour, linewidth=3, alpha=0.5)
    axes.plot(
        ratio.value, y, "o", color=colour, markersize=DOT_PT, clip_on=False,
        markerfacecolor="none" if hollow else colour,
    )  # fmt: skip
    said = f"{cost_text(price.native_ns.value)} to {cost_text(price.stable_ns.value)} ns"
    text = f"{said}, {percent(price.share.value, signed=True) if price.is_clear else 'the same'}"
    page.write(axes, axes.get_xlim()[1], y, text, 6, size=page.SMALL_PT, color=style.theme.text)


def _times(ratio: float) -> str:
    return "as native" if ratio == 1 else f"{ratio:g}×"


def draw(found: Sequence[Price], footer: str, names: Sequence[str], stem: Path) -> list[Path]:
    """Writes the chart as SVG, and returns the file made."""
    styles = {theme: style_for(names, theme) for theme in page.THEMES}
    return page.save(lambda theme: chart(found, footer, styles[theme]), stem, ["svg"])
