"""Turns what was measured into the rows of charts: figures, colours, and words to each point."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callcost.benchmarks.break_even import Curve
from callcost.benchmarks.charts.look import style_for
from callcost.benchmarks.site.charts import Drawing
from callcost.benchmarks.site.drawing import Chart
from callcost.benchmarks.site.fits import Fit, Ladder
from callcost.benchmarks.site.measured import FLOOR, OTHER_PYTHON, OWN, PYTHON, Row, Sheet
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
        """Gives each mechanism the colour that it has in the static charts."""
        light, dark = (
            {name: look.colour for name, look in style_for(names, theme).looks.items()}
            for theme in THEMES
        )
        return cls(light, dark)

    def of_mechanism(self, name: str) -> str:
        """Returns the colour of a mechanism as a variable."""
        names = list(self.light)
        return f"var(--m{names.index(name)})" if name in self.light else "var(--muted)"

    def declarations(self, dark: bool) -> str:
        """Declares the variables of all mechanisms and parts."""
        chosen = self.dark if dark else self.light
        parts = {part: pair[dark] for part, pair in PART_COLOURS.items()}
        mechanisms = (f"--m{n}:{colour};" for n, colour in enumerate(chosen.values()))
        return "".join([*mechanisms, *(f"--p-{part}:{c};" for part, c in parts.items())])

    def themes(self) -> str:
        """Declares everything for light pages, and for dark ones where these are preferred."""
        light, dark = self.declarations(False), self.declarations(True)
        preferred = "@media screen and (prefers-color-scheme:dark)"
        return f":root{{{light}}}{preferred}{{:root{{{dark}}}}}"


def ns(value: float) -> str:
    """Writes a cost as the tables do, with its unit."""
    return f"{number(value)} ns" if math.isfinite(value) else "not known"


def _positive(value: float, instead: float) -> float:
    """Returns an end that an axis can show: no log axis has a place for 0 or less."""
    return value if value > 0 else instead


def ends(known: Interval) -> dict[str, float]:
    """Returns value, low and high for a chart."""
    value = known.value
    return {
        "value": value,
        "low": value if math.isnan(known.low) else _positive(known.low, value),
        "high": value if math.isnan(known.high) else _positive(known.high, value),
    }


def drawable(known: Interval) -> bool:
    """Tells whether a log axis can show a cost."""
    return math.isfinite(known.value) and known.value > 0


def cost_rows(rows: Iterable[Row], palette: Palette) -> list[dict[str, Any]]:
    """Lists the dots of a workload; floors are lines and no dots."""
    return [
        {
            "name": f"{row.rank} {row.name}{row.marks}".strip(),
            **ends(row.net_ns),
            "colour": palette.of_mechanism(row.mechanism),
            "fill": PAGE if row.kind in (OWN, OTHER_PYTHON, PYTHON)
            else palette.of_mechanism(row.mechanism),
            "text": ns(row.net_ns.value),
            "told": told(row),
        }
        for row in rows
        if row.kind != FLOOR and drawable(row.net_ns)
    ]  # fmt: skip


def told(row: Row) -> str:
    """Says in a line what a row costs."""
    rank = f", rank {row.rank}" if row.rank else ""
    return f"{row.name}{row.marks}: {ns(row.net_ns.value)} {interval(row.net_ns)}{rank}"


def lines(sheet: Sheet) -> list[dict[str, Any]]:
    """Lists what a workload's chart has lines at: plain Python, and the cheapest C from C."""
    found = []
    floors = [row for row in sheet.rows if row.kind == FLOOR and drawable(row.net_ns)]
    direct = next((row for row in floors if row.name == "direct"), floors[0] if floors else None)
    if direct is not None:
        said = f"C from C ({direct.name}), {ns(direct.net_ns.value)}"
        found.append({"value": direct.net_ns.value, "text": said, "level": 0})
    for row in sheet.rows:
        if row.kind == PYTHON and drawable(row.net_ns):
            said = f"plain Python, {ns(row.net_ns.value)}"
            found.append({"value": row.net_ns.value, "text": said, "level": 1})
    return found


def cost_chart(sheet: Sheet, palette: Palette) -> Chart:
    """Draws what a workload costs through every mechanism."""
    drawing = Drawing("costs-log", cost_rows(sheet.rows, palette), lines(sheet))
    title = f"ns per call of {sheet.call} by mechanism, on a log axis"
    return Chart("costs", drawing, title, table="costs")


def mechanism_chart(name: str, sheets: Iterable[Sheet], palette: Palette) -> Chart | None:
    """Draws what every workload costs through one mechanism, beside the fastest way."""
    rows = []
    for sheet in sheets:
        row, fastest = sheet.row(name), sheet.row(sheet.fastest)
        if row is not None and drawable(row.net_ns):
            best = fastest if fastest is not None and drawable(fastest.net_ns) else row
            rows.append({
                **cost_rows([row], palette)[0],
                "name": f"{sheet.name}{row.marks}",
                "other": best.net_ns.value,
                "told": f"{sheet.name}: {told(row)}; the fastest way: {best.name}, "
                f"{ns(best.net_ns.value)}",
            })  # fmt: skip
    if not rows:
        return None
    title = f"ns per call by workload through {name}"
    return Chart("workloads", Drawing("spans", rows), title, table="by-workload")


def parts_chart(rows: Sequence[tuple[str, Explained]], title: str) -> Chart:
    """Draws where the instructions of some calls go."""
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
    return Chart("parts", Drawing("parts", found), title)


def sweep_chart(curves: Iterable[Curve], palette: Palette, title: str) -> Chart:
    """Draws the sweep over the work in C."""
    rows = [
        {
            "name": curve.name,
            "size": point.n,
            "value": point.net_ns.value,
            "colour": palette.of_mechanism(curve.name),
        }
        for curve in curves
        for point in curve.points
        if drawable(point.net_ns)
    ]
    return Chart("sweep", Drawing("curves", rows), title)


def ladder_chart(ladder: Ladder, fits: Iterable[Fit], palette: Palette) -> Chart:
    """Draws what a call costs over how much is passed."""
    rows = [
        {
            "name": fit.name,
            "size": size,
            "value": cost.value,
            "colour": palette.of_mechanism(fit.name),
        }
        for fit in fits
        for size, cost in fit.points
        if drawable(cost)
    ]
    wide = max(ladder.groups) / min(ladder.groups) > 20
    drawing = Drawing("curves-log" if wide else "curves", rows)
    return Chart(ladder.name, drawing, f"ns per call by number of: {ladder.unit}")
