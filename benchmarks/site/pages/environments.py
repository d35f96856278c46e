"""Makes the page with several environments side by side: the interpreters of all runs.

A run that names interpreters comes first: what an upgrade costs (upgrades.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from callcost.benchmarks.facts.facts import by_answer
from callcost.benchmarks.facts.marks import named
from callcost.benchmarks.site import drawn
from callcost.benchmarks.site.drawing import Chart
from callcost.benchmarks.site.measured import FLOOR, Measured, WorkloadRow
from callcost.benchmarks.site.pages import upgrades
from callcost.benchmarks.site.pages.page import Page

if TYPE_CHECKING:
    from callcost.benchmarks.site.pages.pages import Book

# Their lightness differs, too. Further environments have the same colours with hollow dots.
COLOURS = ("var(--accent)", "var(--warning)", "var(--good)", "var(--muted)")


@dataclass(frozen=True)
class Column:
    """An interpreter of a run, and its rows by workload and mechanism."""

    label: str
    rows: dict[tuple[str, str], WorkloadRow]


def _columns(runs: list[Measured]) -> Iterator[Column]:
    """Yields a column for each interpreter, each run's own first."""
    for number, run in enumerate(runs, 1):
        found: dict[str, dict[tuple[str, str], WorkloadRow]] = {"": {}}
        for row in run.all_rows:
            if row.kind != FLOOR:
                found.setdefault(row.place, {})[row.workload, row.name] = row
        prefix = f"{number}: " if len(runs) > 1 else ""
        for place, rows in found.items():
            yield Column(f"{prefix}{place or run.python}", rows)


def page(book: Book) -> Page:
    """Makes the page: what differs, one workload as a chart, and all rows as a table."""
    found = list(_columns(book.inputs.runs))
    parts = upgrades.parts(book.inputs.runs)
    every = (row.workload for run in book.inputs.runs for row in run.all_rows)
    order = list(dict.fromkeys(every))
    cells = {cell for one in found for cell in one.rows}
    headline = book.headline.name if book.headline else ""
    several = len(found) > 1 and (len(book.inputs.runs) > 1 or not parts)
    chart = _chart(found, headline) if several and headline else None
    shown = {
        "parts": parts,
        # One run in several interpreters is shown as a whole already.
        "environments": found if several or not parts else [],
        "cells": sorted(cells, key=lambda cell: (order.index(cell[0]), cell[1])),
        "about": about(book.inputs.runs),
        "runs": [f"run {number}" for number, _ in enumerate(book.inputs.runs, 1)],
        "chart": chart,
        "headline": headline,
    }
    title = "What an upgrade costs" if parts else "Environments side by side"
    pictures = tuple(picture for part in parts for picture in part.pictures)
    return Page("environments.html", "environments.html", title, shown, (chart,), pictures)


def _chart(found: list[Column], workload: str) -> Chart | None:
    everywhere = [one.rows[cell] for one in found for cell in one.rows if cell[0] == workload]
    everywhere.sort(key=lambda row: row.net_ns.value)
    rows = []
    for name in dict.fromkeys(row.name for row in everywhere):
        for number, one in enumerate(found):
            row = one.rows.get((workload, name))
            if row is not None and drawn.drawable(row.net_ns):
                colour = COLOURS[number % len(COLOURS)]
                rows.append({
                    "name": named(name),
                    **drawn.ends(row.net_ns),
                    "colour": colour,
                    "fill": colour if number < len(COLOURS) else drawn.PAGE,
                    "text": "",
                    "told": f"{one.label}, {drawn.told(row)}",
                })  # fmt: skip
    if not rows:
        return None
    title = f"ns per call of {workload} in each environment"
    return Chart("costs-log", rows, title)


def about(runs: list[Measured]) -> list[tuple[str, list[str], bool]]:
    """Lists the facts of the runs: name, value in each run, and whether these differ."""
    facts = [dict(facts_of(run)) for run in runs]
    names = dict.fromkeys(name for one in facts for name in one)
    rows = [(name, [one.get(name, "") for one in facts]) for name in names]
    return [(name, values, len(set(values)) > 1) for name, values in rows]


def facts_of(run: Measured) -> Iterator[tuple[str, str]]:
    """Yields the facts of a run: machine, interpreter, versions, flags."""
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
    if run.leading is not None:
        yield from _facts_of_each(run)
        return
    yield "interpreter", run.python_described
    for name, value in build.items():
        yield f"interpreter: {name}", str(value)
    for place, known in section.get("interpreters", {}).items():
        yield f"also measured: {place}", str(known.get("build", ""))
    for key in ("compiler", "cxx_compiler", "compile_command"):
        yield key.replace("_", " "), str(run.environment.get(key, ""))
    for tool, version in (run.environment.get("tools") or {}).items():
        yield tool, str(version)


def _facts_of_each(run: Measured) -> Iterator[tuple[str, str]]:
    """Yields what a run says about the interpreters that it names."""
    named = run.interpreters
    for each in named:
        yield (
            f"interpreter {each.place}",
            f"{each.title}: {each.facts.get('build', 'not measured')}",
        )
    for each in named:
        yield f"compile command, {each.place}", str(each.about.get("compile_command", ""))
    for name in dict.fromkeys(name for each in named for name in each.versions):
        known = {each.place: each.versions.get(name, "") for each in named}
        yield name, by_answer({place: version for place, version in known.items() if version})
