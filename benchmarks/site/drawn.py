"""Makes the charts of a run: figures, colours, and a text for each point."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from callcost.benchmarks.break_even import Curve
from callcost.benchmarks.charts.look import COLOURS
from callcost.benchmarks.facts.marks import label_of, named
from callcost.benchmarks.site.charts import PLOT_PX
from callcost.benchmarks.site.drawing import Chart
from callcost.benchmarks.site.fits import Fit, SizeSeries
from callcost.benchmarks.site.measured import FLOOR, PYTHON, WAY, WorkloadRow, WorkloadSheet
from callcost.benchmarks.tools import Tools, workload_label, written_of
from callcost.console.numbers import interval, number
from callcost.explain.chart import COLOURS as PART_COLOURS
from callcost.explain.explanation import Explained
from callcost.explain.parts import PARTS
from callcost.model.interval import Interval

PAGE = "var(--page)"
NOT_RANKED = "not ranked:"
# Less work than this is not seen.
LEAST_WORK_NS = 1.0
LABEL_GAP_PX = 15


def colour_of(written: str) -> str:
    """Returns the variable of the style sheet with the colour of what one writes."""
    places = list(COLOURS)
    return f"var(--w{places.index(written)})" if written in COLOURS else "var(--muted)"


def colour_of_mechanism(name: str) -> str:
    """Returns the variable with a mechanism's colour: that of what its users write."""
    return colour_of(written_of(name))


def themes() -> str:
    """Declares the colours of the static charts as variables, for light and for dark pages."""
    light, dark = _declarations(False), _declarations(True)
    preferred = "@media screen and (prefers-color-scheme:dark)"
    return f":root{{{light}}}{preferred}{{:root{{{dark}}}}}"


def _declarations(dark: bool) -> str:
    written = (f"--w{place}:{pair[dark]};" for place, pair in enumerate(COLOURS.values()))
    parts = (f"--p-{part}:{pair[dark]};" for part, pair in PART_COLOURS.items())
    return "".join([*written, *parts])


def ns(value: float) -> str:
    """Writes a cost with its unit."""
    return f"{number(value)} ns" if math.isfinite(value) else "not known"


def ends(known: Interval) -> dict[str, float]:
    """Returns value, low and high for a chart; a log axis cannot show an end of 0 or less."""
    low, high = (end if end > 0 else known.value for end in (known.low, known.high))
    return {"value": known.value, "low": low, "high": high}


def drawable(known: Interval) -> bool:
    """Tells whether a log axis can show a cost."""
    return math.isfinite(known.value) and known.value > 0


def cost_rows(sheet: WorkloadSheet) -> list[dict[str, Any]]:
    """Lists the dots of a workload: what calls C, a line, and what does not.

    Floors have lines instead.
    """
    above = [_dot(row) for row in sheet.ranked if drawable(row.net_ns)]
    below = [_dot(row) for row in sheet.below if row.kind != FLOOR and drawable(row.net_ns)]
    return [*above, *_line_between(above, below), *below]


def _dot(row: WorkloadRow) -> dict[str, Any]:
    colour = colour_of_mechanism(row.name)
    return {
        "name": f"{row.rank} {row.shown}{row.marks}".strip(),
        **ends(row.net_ns),
        "colour": colour,
        "fill": colour if row.kind == WAY else PAGE,
        "text": ns(row.net_ns.value),
        "told": told(row),
    }


def _line_between(
    above: Sequence[dict[str, Any]], below: Sequence[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Yields a row without a dot, whose stem is a line across the chart."""
    if above and below:
        most = max(row["value"] for row in (*above, *below))
        unseen = {"colour": "transparent", "fill": "transparent", "text": "", "told": ""}
        yield {"name": NOT_RANKED, "value": most, "low": most, "high": most, **unseen}


def told(row: WorkloadRow) -> str:
    """Writes a line with the cost and rank of a row."""
    rank = f", rank {row.rank}" if row.rank else ""
    return f"{row.shown}{row.marks}: {ns(row.net_ns.value)} {interval(row.net_ns)}{rank}"


def lines(sheet: WorkloadSheet) -> list[dict[str, Any]]:
    """Lists the lines of a workload's chart: plain Python, and C called from C."""
    shown = [row for row in sheet.rows if drawable(row.net_ns)]
    floors = sorted((row for row in shown if row.kind == FLOOR), key=lambda r: r.name != "direct")
    found = [(row, f"C from C ({row.name})", 0) for row in floors[:1]]
    found += [(row, "plain Python", 1) for row in shown if row.kind == PYTHON]
    return [
        {"value": row.net_ns.value, "text": f"{words}, {ns(row.net_ns.value)}", "level": level}
        for row, words, level in found
    ]


def cost_chart(sheet: WorkloadSheet) -> Chart:
    """Draws the cost of a workload through every mechanism."""
    title = f"ns per call of {sheet.call} by mechanism, on a log axis"
    return Chart("costs-log", cost_rows(sheet), title, lines(sheet), table="costs")


def tool_chart(sheet: WorkloadSheet) -> Chart:
    """Draws the picture of the README for any workload: a line for each tool."""
    title = f"ns per call of {sheet.call} by tool: {sheet.tools.finding}"
    return Chart("tools", tool_rows(sheet.tools), title, tool_lines(sheet.tools))


def tool_rows(tools: Tools) -> list[dict[str, Any]]:
    """Lists the tools: a dot for the leanest mechanism, a bar to the dearest."""
    return [
        {
            "name": cost.label,
            "value": cost.net_ns.value,
            "high": cost.most_ns,
            "colour": colour_of(cost.you_write),
            "text": cost.text,
            "told": f"{cost.label}: {cost.text} ns. Leanest: {label_of(cost.leanest)}. "
            f"You write {cost.you_write}.",
        }
        for cost in tools.costs
        if drawable(cost.net_ns)
    ]


def tool_lines(tools: Tools) -> list[dict[str, Any]]:
    """Lists the line of the same function in Python."""
    if tools.python_ns is None or not math.isfinite(tools.python_ns):
        return []
    return [{"value": tools.python_ns, "text": f"Python, {ns(tools.python_ns)}"}]


def mechanism_chart(name: str, sheets: Iterable[WorkloadSheet]) -> Chart | None:
    """Draws the cost of every workload through one mechanism, and through the fastest."""
    rows = []
    for sheet in sheets:
        row, best = sheet.row(name), sheet.fastest
        if row is not None and drawable(row.net_ns):
            best = best if best is not None and drawable(best.net_ns) else row
            rows.append({
                **_dot(row),
                "name": f"{sheet.label}{row.marks}",
                "other": best.net_ns.value,
                "told": f"{sheet.label}: {told(row)}; the fastest way: {best.shown}, "
                f"{ns(best.net_ns.value)}",
            })  # fmt: skip
    if not rows:
        return None
    title = f"ns per call through {label_of(name)}, call by call"
    return Chart("spans", rows, title, table="by-workload")


def parts_chart(rows: Sequence[tuple[str, Explained]], title: str) -> Chart:
    """Draws the parts of the instructions of some calls."""
    found = [
        {
            "name": workload_label(name),
            "part": part,
            "place": list(PARTS).index(part),
            "value": took,
            "colour": f"var(--p-{part})",
            "told": f"{workload_label(name)}: {number(took, 0)} of "
            f"{number(row.instructions, 0)} instructions ({took / row.instructions:.0%}), "
            f"{PARTS[part]}",
        }
        for name, row in rows
        for part, took in row.parts.items()
        if took > 0
    ]
    return Chart("parts", found, title)


def sweep_chart(curves: Iterable[Curve], title: str) -> Chart:
    """Draws the cost over n."""
    points = ((curve.name, point.n, point.net_ns) for curve in curves for point in curve.points)
    return _curves_chart("curves", points, title)


def size_chart(series: SizeSeries, fits: Iterable[Fit]) -> Chart:
    """Draws the cost over the number of arguments, characters, or whatever the series counts."""
    points = ((fit.name, size, cost) for fit in fits for size, cost in fit.points)
    wide = max(series.groups) / min(series.groups) > 20
    title = f"ns per call by number of: {series.unit}"
    return _curves_chart("curves-log" if wide else "curves", points, title)


def marginal_chart(series: SizeSeries, fits: Iterable[Fit]) -> Chart:
    """Draws what each further thing of a series costs, as a bar for each mechanism."""
    found = sorted(fits, key=lambda fit: fit.marginal_ns.value)
    rows = [
        {
            "name": named(fit.name),
            **ends(fit.marginal_ns),
            "colour": colour_of_mechanism(fit.name),
            "text": ns(fit.marginal_ns.value),
            "told": f"{named(fit.name)}: {ns(fit.marginal_ns.value)} "
            f"{interval(fit.marginal_ns)} for each further {series.unit}",
        }
        for fit in found
        if drawable(fit.marginal_ns)
    ]
    return Chart("bars", rows, f"ns for each further {series.unit}, by mechanism")


def work_chart(rows: Sequence[Mapping[str, Any]]) -> Chart:
    """Draws the time of a call over the time spent in C, a curve for each tool."""
    title = "ns per call by the time spent in C, a curve for each tool"
    return Chart("work", rows, title, work_labels(rows))


def work_rows(by_tool: Mapping[str, Fit]) -> list[dict[str, Any]]:
    """Lists the points of the curves of some tools."""
    return [
        {
            "name": tool,
            "size": size_ns,
            "value": cost.value,
            "colour": colour_of_mechanism(fit.name),
            "told": f"{tool}: {ns(cost.value)} with {ns(size_ns)} in C",
        }
        for tool, fit in by_tool.items()
        for size_ns, cost in fit.points
        if drawable(cost) and size_ns >= LEAST_WORK_NS
    ]


def work_labels(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Places the names of the curves before their starts, so that none overlap."""
    starts = {row["name"]: row["value"] for row in reversed(rows)}
    names = sorted(starts, key=lambda name: starts[name])
    least = min((row["value"] for row in rows), default=1.0)
    most = max((row["value"] for row in rows), default=1.0)
    gap = math.log(most / least) * LABEL_GAP_PX / PLOT_PX if most > least else 0.0
    found: list[dict[str, Any]] = []
    last = -math.inf
    for name in names:
        last = max(math.log(starts[name]), last + gap)
        colour = next(row["colour"] for row in rows if row["name"] == name)
        found.append(
            {"text": name, "place": math.exp(last), "value": starts[name], "colour": colour}
        )
    return found


def _curves_chart(grammar: str, points: Iterable[tuple[str, float, Interval]], title: str) -> Chart:
    rows = [
        {
            "name": named(name),
            "size": size,
            "value": cost.value,
            "colour": colour_of_mechanism(name),
        }
        for name, size, cost in points
        if drawable(cost)
    ]
    return Chart(grammar, rows, title)
