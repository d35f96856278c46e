"""The page that stands several environments side by side: runs, and the interpreters of a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from callcost.benchmarks.site import drawn
from callcost.benchmarks.site.charts import Drawing
from callcost.benchmarks.site.drawing import Chart
from callcost.benchmarks.site.measured import FLOOR, Measured, Row
from callcost.benchmarks.site.pages.page import Page

if TYPE_CHECKING:
    from callcost.benchmarks.site.pages.pages import Book

# Told apart by lightness and form as well as by colour; further ones begin again.
COLOURS = ("var(--accent)", "var(--warning)", "var(--good)", "var(--muted)")
PACKAGE = "callcost.bindings."


@dataclass(frozen=True)
class Environment:
    """One column: an interpreter in which a run has measured, and its rows by their cell."""

    label: str
    run: Measured
    place: str
    rows: dict[tuple[str, str], Row]


def environments(runs: list[Measured]) -> list[Environment]:
    """Lists the environments of all runs, each run's own interpreter first."""
    return [one for number, run in enumerate(runs, 1) for one in _of_run(number, run, len(runs))]


def _of_run(number: int, run: Measured, runs: int) -> Iterator[Environment]:
    cells: dict[str, dict[tuple[str, str], Row]] = {"": {}}
    for row in run.rows:
        if row.kind != FLOOR:
            cells.setdefault(row.place, {})[row.workload, row.mechanism] = row
    prefix = f"{number}: " if runs > 1 else ""
    for place, rows in cells.items():
        yield Environment(f"{prefix}{place or run.python}", run, place, rows)


def page(book: Book) -> Page:
    """Makes the page: what differs, one workload as a chart, and all rows as a table."""
    found = environments(book.inputs.runs)
    cells = sorted({cell for one in found for cell in one.rows}, key=_by_catalogue(found))
    headline = book.headline.name if book.headline else ""
    chart = _chart(found, headline) if len(found) > 1 and headline else None
    shown = {
        "environments": found,
        "cells": cells,
        "about": about(book.inputs.runs),
        "chart": chart,
        "headline": headline,
    }
    return Page(
        "environments.html", "environments.html", "Environments side by side", shown,
        (chart,) if chart else (),
    )  # fmt: skip


def _by_catalogue(found: list[Environment]) -> Any:
    """Orders cells as their workloads come in the runs, and then by mechanism."""
    order = dict.fromkeys(workload for one in found for workload in one.run.sheets)
    places = {workload: place for place, workload in enumerate(order)}
    return lambda cell: (places[cell[0]], cell[1])


def _chart(found: list[Environment], workload: str) -> Chart | None:
    names = {name for one in found for at, name in one.rows if at == workload}
    rows = []
    for name in sorted(names, key=lambda name: _cheapest(found, (workload, name))):
        for number, one in enumerate(found):
            row = one.rows.get((workload, name))
            if row is not None and drawn.drawable(row.net_ns):
                colour = COLOURS[number % len(COLOURS)]
                rows.append({
                    "name": name,
                    **drawn.ends(row.net_ns),
                    "colour": colour,
                    "fill": colour if number < len(COLOURS) else drawn.PAGE,
                    "text": "",
                    "told": f"{one.label}, {drawn.told(row)}",
                })  # fmt: skip
    if not rows:
        return None
    title = f"ns per call of {workload} in each environment"
    return Chart("environments", Drawing("costs-log", rows), title)


def _cheapest(found: list[Environment], cell: tuple[str, str]) -> float:
    costs = (one.rows[cell].net_ns.value for one in found if cell in one.rows)
    return min(costs, default=float("inf"))


def about(runs: list[Measured]) -> list[tuple[str, list[str], bool]]:
    """Lists what is known of each run, with whether they differ in it."""
    facts = [dict(facts_of(run)) for run in runs]
    names = dict.fromkeys(name for one in facts for name in one)
    rows = [(name, [one.get(name, "") for one in facts]) for name in names]
    return [(name, values, len(set(values)) > 1) for name, values in rows]


def facts_of(run: Measured) -> Iterator[tuple[str, str]]:
    """Yields what a record tells of its run: machine, interpreter, versions, flags."""
    info, section = run.document["machine_info"], run.section
    own = info.get("callcost") or {}
    build = own.get("interpreter") or {}
    yield "record", run.path.name
    yield "date", str(run.document["datetime"])[:19].replace("T", " ")
    yield "commit", str((run.document.get("commit_info") or {}).get("id", ""))[:12]
    yield "processor", run.cpu
    yield "CPUs", str(own.get("cpu_count") or "")
    yield "machine", str(own.get("machine_digest") or info.get("node", ""))
    yield "system", f"{info.get('system', '')} {info.get('release', '')} {info.get('machine', '')}"
    yield "interpreter", run.python
    for name, value in build.items():
        yield f"interpreter: {name}", str(value)
    for place, known in section.get("interpreters", {}).items():
        yield f"also measured: {place}", str(known.get("build", ""))
    for key in ("compiler", "cxx_compiler", "compile_command"):
        yield key.replace("_", " "), str(run.environment.get(key, ""))
    for tool, version in (run.environment.get("tools") or {}).items():
        yield tool, str(version)
