"""The grammars of the site's charts in Vega-Lite, made by Altair.

A grammar is a chart without its data: there are few, and a page can put any rows into one. In the
rows, `told` is the text of a tooltip. Colours are variables of the style sheet (`var(--ink)`), so
that one chart serves light and dark pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, Literal

import altair as alt

Spec = dict[str, Any]
LayerChart = alt.LayerChart | alt.FacetChart
ScaleKind = Literal["linear", "log"]

ROWS, LINES = "rows", "lines"
PICKED = "picked"
"""The parameter with the name of the highlighted curve; empty for all."""

STATIC_WIDTH_PX = 860
ROW_PX, PLOT_PX = 19, 380
# Room for the labels behind the last point, and for the names before the axis.
LABEL_PX, NAMES_PX = 76, 190
TOOL_ROW_PX, TOOLS_PX, TOOLS_LABEL_PX = 24, 110, 92
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"
# The labels of axes with ns, and (TIMES) with ratios.
NS = (
    "datum.value >= 1e9 ? format(datum.value / 1e9, '~r') + ' s' : "
    "datum.value >= 1e6 ? format(datum.value / 1e6, '~r') + ' ms' : "
    "datum.value >= 1e3 ? format(datum.value / 1e3, '~r') + ' µs' : "
    "format(datum.value, '~r') + ' ns'"
)
# A cost in a tooltip, with one more digit.
COST = (
    "datum.value >= 1e6 ? format(datum.value / 1e6, '.2f') + ' ms' : "
    "datum.value >= 1e4 ? format(datum.value / 1e3, '.1f') + ' µs' : "
    "format(datum.value, ',.1f') + ' ns'"
)
TIMES = "format(datum.value, '~r') + '×'"
# 1, 2 and 5 times every power of ten in the range of costs and ratios.
LOG_TICKS = [step * 10.0**power for power in range(-3, 10) for step in (1, 2, 5)]


@cache
def grammar(name: str) -> Spec:
    """Makes a chart without its data once: that takes much longer than to fill it."""
    return _finished(GRAMMARS[name](), BEFORE_PX.get(name, 0))


def _cost_chart(scale: ScaleKind, labels: str) -> LayerChart:
    """Draws a dot with its interval for each row, in the order given, and lines across them all.

    Rows have name, value, low, high, colour, fill, text and told; lines have value, text and
    the level of that text: 0, or 1 for the line above.
    """
    base = alt.Chart(alt.NamedData(ROWS)).encode(y=_names())
    x = _costs("value", scale, labels)
    stems = base.mark_rule(color="var(--line)").encode(x=x, x2=alt.value(0))
    return _by_row(stems, *_lines(x), *_dots(base, x))


def _tools_chart() -> LayerChart:
    """Draws a dot for each tool's leanest mechanism, and a bar to its dearest, on a linear axis.

    Rows have name, value, high, colour, text and told; lines have value and text.
    """
    base = alt.Chart(alt.NamedData(ROWS)).encode(y=_names(TOOLS_PX, 14))
    x = _costs("value", "linear", NS, label_px=TOOLS_LABEL_PX)
    python = alt.Chart(alt.NamedData(LINES)).encode(x=x)
    bars = base.mark_rule(strokeWidth=7, opacity=0.45, strokeCap="round")
    dots = base.mark_circle(size=130, opacity=1)
    texts = base.mark_text(align="left", dx=10, color="var(--ink)", fontSize=13)
    layers = (
        python.mark_rule(color="var(--ink)", strokeDash=[2, 3], strokeWidth=1.6, tooltip=None),
        bars.encode(x=x, x2="high:Q", stroke=_colour(), tooltip=_told()),
        dots.encode(x=x, fill=_colour(alt.Fill), tooltip=_told()),
        texts.encode(x="high:Q", text="text:N"),
    )
    return alt.layer(*layers).properties(height=alt.Step(TOOL_ROW_PX))


def _spans_chart() -> LayerChart:
    """Draws a dot for each row and a tick for what it is compared with.

    Rows are those of a cost chart, and also have `other`, the place of the tick.
    """
    base = alt.Chart(alt.NamedData(ROWS)).encode(y=_names())
    x = _costs("value", "log", NS)
    gaps = base.mark_rule(color="var(--line)").encode(x=x, x2="other:Q")
    ticks = base.mark_tick(color="var(--muted)", thickness=2, size=11).encode(x="other:Q")
    return _by_row(gaps, ticks, *_dots(base, x))


def _parts_chart() -> LayerChart:
    """Stacks the parts of each call: rows have name, part, place, value, colour and told."""
    bars = (
        alt.Chart(alt.NamedData(ROWS))
        .mark_bar(height=12)
        .encode(
            y=_names(),
            x=alt.X("value:Q").title(None).axis(_axis(format="~s", tickCount=8)),
            order="place:Q",
            fill=_colour(alt.Fill),
            tooltip=_told(),
        )
    )
    return _by_row(bars)


def _curves_chart(scale: ScaleKind) -> LayerChart:
    """Draws a curve for each name over `size`, with costs on a log axis.

    Rows have name, size, value and colour. No intervals: they are smaller than the points.
    """
    told = f"datum.name + ', ' + format(datum.size, ',') + ': ' + ({COST})"
    shown = f"{PICKED} == '' || {PICKED} == datum.name"
    size = alt.X("size:Q").scale(alt.Scale(type=scale, nice=False)).title(None)
    size = size.axis(_axis(tickCount=10, format="~s"))
    base = alt.Chart(alt.NamedData(ROWS)).transform_calculate(told=told)
    base = base.encode(
        x=size,
        y=_costs("value", "log", NS, alt.Y),
        detail="name:N",
        opacity=alt.condition(shown, alt.value(1), alt.value(0.1)),
    )
    lines = base.mark_line(strokeWidth=1.6).encode(stroke=_colour())
    points = base.mark_circle(size=44).encode(fill=_colour(alt.Fill), tooltip=_told())
    chart = alt.layer(lines, points).properties(height=PLOT_PX)
    return chart.add_params(alt.param(name=PICKED, value=""))


def _work_chart() -> LayerChart:
    """Draws a curve for each name over the time spent in C; both axes are logarithmic.

    Rows have name, size, value, colour and told; lines are the labels: text, value (where its
    curve begins), place (where it stands) and colour.
    """
    size = alt.X("size:Q").scale(type="log", nice=False).title("time spent in C")
    size = size.axis(_axis(labelExpr=NS, values=LOG_TICKS, labelOverlap=True, grid=False))
    cost = _costs("value", "log", NS, alt.Y).axis(_axis(labelExpr=NS, orient="right"))
    base = alt.Chart(alt.NamedData(ROWS)).encode(x=size, y=cost, detail="name:N")
    labels = alt.Chart(alt.NamedData(LINES))
    leaders = labels.mark_rule(strokeWidth=1).encode(
        x=alt.value(-14), x2=alt.value(-2), y="place:Q", y2="value:Q", stroke=_colour()
    )
    texts = labels.mark_text(align="right", dx=-17, color="var(--ink)", fontSize=12)
    layers = (
        base.mark_line(strokeWidth=2).encode(stroke=_colour()),
        base.mark_circle(size=50, opacity=1).encode(fill=_colour(alt.Fill), tooltip=_told()),
        leaders,
        texts.encode(x=alt.value(0), y="place:Q", text="text:N"),
    )
    return alt.layer(*layers).properties(height=PLOT_PX)


def _bars_chart() -> LayerChart:
    """Draws a bar with its interval for each row: name, value, low, high, colour, text, told."""
    base = alt.Chart(alt.NamedData(ROWS)).encode(y=_names())
    x = _costs("value", "linear", NS)
    return _by_row(
        base.mark_bar(height=12).encode(x=x, fill=_colour(alt.Fill), tooltip=_told()),
        base.mark_rule(color="var(--ink)").encode(x="low:Q", x2="high:Q"),
        base.mark_text(align="left", dx=6, color="var(--ink)").encode(x="high:Q", text="text:N"),
    )


def _series_chart() -> LayerChart:
    """Draws one series over time: rows have time, value, low, high and told.

    Lines are its changes: time, text and told.
    """
    x = alt.X("time:T").title(None).axis(_axis(labelOverlap=True))
    y = _costs("value", "linear", NS, alt.Y, zero=False)
    base = alt.Chart(alt.NamedData(ROWS)).encode(x=x)
    spans = base.mark_rule(color="var(--line)", strokeWidth=2).encode(y="low:Q", y2="high:Q")
    curve = base.mark_line(color="var(--accent)", strokeWidth=1.2).encode(y=y)
    points = base.mark_circle(color="var(--accent)", size=26, opacity=1)
    changes = alt.Chart(alt.NamedData(LINES)).encode(x="time:T")
    rules = changes.mark_rule(color="var(--warning)", strokeWidth=1.5).encode(tooltip=_told())
    texts = changes.mark_text(align="left", baseline="bottom", dx=3, dy=-3, color="var(--warning)")
    return alt.layer(
        spans,
        curve,
        points.encode(y=y, tooltip=_told()),
        rules,
        texts.encode(y=alt.value(0), text="text:N"),
    ).properties(height=PLOT_PX)


def _delays_chart() -> LayerChart:
    """Draws injected against measured delays, and the line on which both are equal.

    Rows have size, value, low, high and told, in ns.
    """
    x = alt.X("size:Q").title("injected").axis(_axis(labelExpr=NS))
    y = alt.Y("value:Q").title("measured").axis(_axis(labelExpr=NS))
    base = alt.Chart(alt.NamedData(ROWS)).encode(x=x)
    same = base.mark_line(color="var(--muted)", strokeDash=[4, 3]).encode(y="size:Q")
    spans = base.mark_rule(color="var(--accent)").encode(y="low:Q", y2="high:Q")
    points = base.mark_circle(color="var(--accent)", size=60, opacity=1)
    return alt.layer(same, spans, points.encode(y=y, tooltip=_told())).properties(height=300)


GRAMMARS: Mapping[str, Callable[[], LayerChart]] = {
    "tools": _tools_chart,
    "costs-log": partial(_cost_chart, "log", NS),
    "costs-linear": partial(_cost_chart, "linear", NS),
    "ratios-log": partial(_cost_chart, "log", TIMES),
    "ratios-linear": partial(_cost_chart, "linear", TIMES),
    "spans": _spans_chart,
    "parts": _parts_chart,
    "curves": partial(_curves_chart, "linear"),
    "curves-log": partial(_curves_chart, "log"),
    "work": _work_chart,
    "bars": _bars_chart,
    "series": _series_chart,
    "delays": _delays_chart,
}
"""Every grammar of the site, by the name that pages use."""
# Room for names before the plot.
BEFORE_PX = {"work": 112}


def _by_row(*layers: alt.Chart) -> LayerChart:
    """Combines layers with one line of the page for each row."""
    return alt.layer(*layers).properties(height=alt.Step(ROW_PX))


def _dots(base: alt.Chart, x: alt.X) -> list[alt.Chart]:
    """Draws intervals, dots and the figures beside them."""
    return [
        base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q", stroke=_colour()),
        base.mark_point(size=60, strokeWidth=2, opacity=1).encode(
            x=x, stroke=_colour(), fill=_colour(alt.Fill, "fill"), tooltip=_told()
        ),
        base.mark_text(align="left", dx=9, color="var(--ink)").encode(x="value:Q", text="text:N"),
    ]


def _lines(x: alt.X) -> list[alt.Chart]:
    """Draws lines across all rows, with their text above the rows."""
    base = alt.Chart(alt.NamedData(LINES)).encode(x=x)
    texts = [
        base.transform_filter(f"datum.level == {level}")
        .mark_text(align="left", baseline="bottom", color="var(--muted)", dx=3, dy=-2 - 14 * level)
        .encode(y=alt.value(0), text="text:N")
        for level in (0, 1)
    ]
    return [base.mark_rule(color="var(--muted)", strokeDash=[3, 3], tooltip=None), *texts]


def _names(limit_px: int = NAMES_PX, size_px: int = 12) -> alt.Y:
    axis = alt.Axis(
        title=None, ticks=False, domain=False, labelLimit=limit_px, labelColor="var(--ink)",
        labelPadding=6, labelFontSize=size_px,
    )  # fmt: skip
    return alt.Y("name:N").sort(None).axis(axis)


def _costs(
    field: str,
    scale: str,
    labels: str,
    channel: Any = alt.X,
    *,
    zero: bool = True,
    label_px: int = LABEL_PX,
) -> Any:
    """Returns an axis of costs; a horizontal one leaves room behind the last point."""
    room = [0, {"expr": f"max(40, width - {label_px})"}] if channel is alt.X else alt.Undefined
    kind = {"type": "log"} if scale == "log" else {"zero": zero}
    ticks = {"values": LOG_TICKS} if scale == "log" else {"tickCount": 5}
    encoded = channel(f"{field}:Q").scale(**kind, range=room, nice=scale != "log")
    return encoded.stack(False).title(None).axis(_axis(labelExpr=labels, **ticks))


def _axis(**more: Any) -> alt.Axis:
    return alt.Axis(domain=False, tickColor="var(--line)", **more)


def _colour(channel: Any = alt.Stroke, field: str = "colour") -> Any:
    return channel(f"{field}:N").scale(None).legend(None)


def _told() -> alt.Tooltip:
    return alt.Tooltip("told:N")


def _finished(chart: LayerChart, before_px: int) -> Spec:
    """Gives a chart the style of the page, and makes it as wide as its place there."""
    spec: Spec = (
        chart.properties(
            width="container",
            autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
            padding={"left": before_px, "right": 4, "top": 4, "bottom": 4},
        )
        .configure(background="transparent", font=FONT, aria=False)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor="var(--muted)", titleColor="var(--muted)", gridColor="var(--grid)",
            labelFontSize=12, titleFontSize=12, titleFontWeight="normal",
        )
        .configure_text(fontSize=12)
        # A test validates them; here it would take as long as everything else.
        .to_dict(validate=False)
    )  # fmt: skip
    return spec
