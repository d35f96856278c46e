"""Makes the charts of a run: figures, colours, and a text for each point."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callcost.benchmarks.break_even import Curve
from callcost.benchmarks.charts.look import style_for
from callcost.benchmarks.site.drawing import Chart
from callcost.benchmarks.site.fits import Fit, SizeSeries
from callcost.benchmarks.site.measured import FLOOR, PYTHON, WAY, WorkloadRow, WorkloadSheet
from callcost.console.numbers import interval, number
from callcost.console.page import THEMES
from callcost.explain.chart import COLOURS as PART_COLOURS
from callcost.explain.explanation import Explained
from callcost.explain.parts import PARTS
from callcost.model.interval import Interval

PAGE = "var(--page)"


@dataclass(frozen=True)
class Palette:
    """The colours of a site: a variable of the style sheet for each mechanism."""

    light: Mapping[str, str]
    dark: Mapping[str, str]

    @classmethod
    def of(cls, names: Iterable[str]) -> Palette:
        """Gives each mechanism its colour of the static charts."""
        light, dark = (
            {name: look.colour for name, look in style_for(names, theme).looks.items()}
            for theme in THEMES
        )
        return cls(light, dark)

    def of_mechanism(self, name: str) -> str:
        """Returns the variable with a mechanism's colour."""
        names = list(self.light)
        return f"var(--m{names.index(name)})" if name in self.light else "var(--muted)"

    def _declarations(self, dark: bool) -> str:
        chosen = self.dark if dark else self.light
        mechanisms = (f"--m{n}:{colour};" for n, colour in enumerate(chosen.values()))
        parts = (f"--p-{part}:{pair[dark]};" for part, pair in PART_COLOURS.items())
        return "".join([*mechanisms, *parts])

    def themes(self) -> str:
        """Declares the variables of all mechanisms and parts, for light and for dark pages."""
        light, dark = self._declarations(False), self._declarations(True)
        preferred = "@media screen and (prefers-color-scheme:dark)"
        return f":root{{{light}}}{preferred}{{:root{{{dark}}}}}"


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


def cost_rows(rows: Iterable[WorkloadRow], palette: Palette) -> list[dict[str, Any]]:
    """Lists the dots of a workload. Floors have lines instead."""
    return [
        {
            "name": f"{row.rank} {row.shown}{row.marks}".strip(),
            **ends(row.net_ns),
            "colour": palette.of_mechanism(row.name),
            "fill": palette.of_mechanism(row.name) if row.kind == WAY else PAGE,
            "text": ns(row.net_ns.value),
            "told": told(row),
        }
        for row in rows
        if row.kind != FLOOR and drawable(row.net_ns)
    ]


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


def cost_chart(sheet: WorkloadSheet, palette: Palette) -> Chart:
    """Draws the cost of a workload through every mechanism."""
    title = f"ns per call of {sheet.call} by mechanism, on a log axis"
    rows = cost_rows(sheet.rows, palette)
    return Chart("costs-log", rows, title, lines(sheet), table="costs")


def mechanism_chart(name: str, sheets: Iterable[WorkloadSheet], palette: Palette) -> Chart | None:
    """Draws the cost of every workload through one mechanism, and through the fastest."""
    rows = []
    for sheet in sheets:
        row, best = sheet.row(name), sheet.fastest
        if row is not None and drawable(row.net_ns):
            best = best if best is not None and drawable(best.net_ns) else row
            rows.append({
                **cost_rows([row], palette)[0],
                "name": f"{sheet.name}{row.marks}",
                "other": best.net_ns.value,
                "told": f"{sheet.name}: {told(row)}; the fastest way: {best.shown}, "
                f"{ns(best.net_ns.value)}",
            })  # fmt: skip
    if not rows:
        return None
    title = f"ns per call by workload through {name}"
    return Chart("spans", rows, title, table="by-workload")


def parts_chart(rows: Sequence[tuple[str, Explained]], title: str) -> Chart:
    """Draws the parts of the instructions of some calls."""
    found = [
        {
            "name": name,
            "part": part,
            "place": list(PARTS).index(part),
            "value": took,
            "colour": f"var(--p-{part})",
            "told": f"{name}: {number(took, 0)} of {number(row.instructions, 0)} instructions "
            f"({took / row.instructions:.0%}), {PARTS[part]}",
        }
        for name, row in rows
        for part, took in row.parts.items()
        if took > 0
    ]
    return Chart("parts", found, title)


def sweep_chart(curves: Iterable[Curve], palette: Palette, title: str) -> Chart:
    """Draws the cost over n."""
    points = ((curve.name, point.n, point.net_ns) for curve in curves for point in curve.points)
    return _curves_chart("curves", points, palette, title)


def size_chart(series: SizeSeries, fits: Iterable[Fit], palette: Palette) -> Chart:
    """Draws the cost over the number of arguments, characters, or whatever the series counts."""
    points = ((fit.name, size, cost) for fit in fits for size, cost in fit.points)
    wide = max(series.groups) / min(series.groups) > 20
    title = f"ns per call by number of: {series.unit}"
    return _curves_chart("curves-log" if wide else "curves", points, palette, title)


def _curves_chart(
    grammar: str, points: Iterable[tuple[str, float, Interval]], palette: Palette, title: str
) -> Chart:
    rows = [
        {"name": name, "size": size, "value": cost.value, "colour": palette.of_mechanism(name)}
        for name, size, cost in points
        if drawable(cost)
    ]
    return Chart(grammar, rows, title)
