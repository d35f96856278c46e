"""A chart of the site: drawn as SVG for readers without JavaScript, and live for all others.

Vega draws both from one description, and the second replaces the first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callcost.benchmarks.site.charts import LINES, ROWS, STATIC_WIDTH_PX, Spec, grammar

Rows = Sequence[Mapping[str, Any]]
# Control characters, surrogates and non-characters: a name in a record may hold them.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Chart:
    """A chart: the name of its grammar, its data, and a title that says what it shows.

    `table` is the id of a table of the page that has the same rows: then the page does not
    repeat them.
    """

    grammar: str
    rows: Rows
    title: str
    lines: Rows = ()
    table: str = ""

    @property
    def data(self) -> dict[str, Any]:
        """The data in a short form for the page's script."""
        found = {name: _columns(rows) for name, rows in self._datasets.items()}
        if self.table:
            del found[ROWS]
        return found

    @property
    def static_spec(self) -> Spec:
        """The whole chart for Vega-Lite, with a fixed width, as there is no page around it."""
        spec = grammar(self.grammar)
        return {**spec, "datasets": self._datasets, "width": STATIC_WIDTH_PX}

    @property
    def _datasets(self) -> dict[str, Rows]:
        return {ROWS: list(map(_printable, self.rows)), LINES: list(map(_printable, self.lines))}


def _printable(row: Mapping[str, Any]) -> dict[str, Any]:
    """Replaces characters that end the renderer's whole process."""
    return {
        name: UNPRINTABLE.sub("\ufffd", value) if isinstance(value, str) else value
        for name, value in row.items()
    }


def _columns(rows: Rows) -> dict[str, Any]:
    """Writes values that are equal in all rows once, and the names of the other columns once."""
    names = list(rows[0]) if rows else []
    same = {name: rows[0][name] for name in names if all(r[name] == rows[0][name] for r in rows)}
    columns = [name for name in names if name not in same]
    cells = [[_shorter(row[name]) for name in columns] for row in rows]
    return {"same": same, "columns": columns, "rows": cells}


def _shorter(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) else value
