"""The charts of the site: as SVG for readers without JavaScript, and for those with it live.

Both are drawn by Vega from one description, and the second takes the place of the first.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from callcost.benchmarks.site.charts import ROWS, STATIC_WIDTH_PX, Drawing, Rows
from callcost.benchmarks.site.render import Renderer, Spec, svg

# Fewer charts than this are drawn sooner than another process is started.
WORTH_A_PROCESS = 24


@dataclass(frozen=True)
class Chart:
    """A chart: its name on the page, its grammar and data, and what it shows in words.

    `table` is the id of the table on the page whose rows the data are, where there is one: they
    need not be written down twice.
    """

    name: str
    drawing: Drawing
    title: str
    table: str = ""

    @property
    def data(self) -> dict[str, Any]:
        """The data in a form that is short: the names of the columns once, and then the rows."""
        found = {name: _columns(rows) for name, rows in self.drawing.datasets.items()}
        if self.table:
            del found[ROWS]
        return found

    @property
    def static_spec(self) -> Spec:
        """The chart with a width of its own, as it is drawn where there is no page around it."""
        return {**self.drawing.spec, "width": STATIC_WIDTH_PX}


def _columns(rows: Rows) -> dict[str, Any]:
    """Says once what is the same in all rows, and once what the others' columns are called."""
    names = list(rows[0]) if rows else []
    same = {name: rows[0][name] for name in names if all(r[name] == rows[0][name] for r in rows)}
    columns = [name for name in names if name not in same]
    cells = [[_shorter(row[name]) for name in columns] for row in rows]
    return {"same": same, "columns": columns, "rows": cells}


def _shorter(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) else value


def svgs(charts: Iterable[Chart]) -> list[Markup]:
    """Renders many charts, on all processors if they are worth it."""
    specs = [chart.static_spec for chart in charts]
    shares = (os.cpu_count() or 1) if len(specs) >= WORTH_A_PROCESS else 1
    others = [Renderer(specs[share::shares]) for share in range(1, shares)]
    own = [svg(spec) for spec in specs[::shares]]
    parts = [own, *(other.finish() for other in others)]
    return [parts[place % shares][place // shares] for place in range(len(specs))]
