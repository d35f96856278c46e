"""The part of docs/interpreters.md about the recorded run in several interpreters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from callcost.benchmarks.charts.draw import SLOPES, draw_slopes, machine
from callcost.benchmarks.facts.marks import LEGACY, LEGEND, Marks, is_legacy
from callcost.benchmarks.matrix.bases import RULE
from callcost.benchmarks.matrix.figures import Line, Matrix, Sheet
from callcost.benchmarks.matrix.interpreters import (
    Interpreter,
    flags_of,
    interpreters,
    missing_in,
    versions_of,
)
from callcost.benchmarks.matrix.table import around, change_text
from callcost.benchmarks.matrix.upgrades import largest, nothing_changed, upgrades
from callcost.benchmarks.publish import figures
from callcost.console.markdown import markdown_table, merged
from callcost.console.numbers import cost_text, count, listed
from callcost.estimate.estimate import MIN_EFFECT
from callcost.estimate.reading import RecordError, checked
from callcost.estimate.record import Record

# The workloads with a chart: a conversion by the tool, and a method. One of more is too large.
CHARTED = ("text_ascii_16", "tally_increment")
NOT_RECORDED = (
    "This checkout has no recorded run of several interpreters: `callcost publish RUN.json` makes "
    "one of `callcost matrix` the recorded run."
)
NONE = "–"


def refuse_unfit(record: Record) -> None:
    """Raises RecordError for a run that is not whole, or that compares nothing."""
    checked(record.path, record.document, figures.DescribedRun)
    reasons = figures.flaws(record.run)
    if len(interpreters(record)) < 2:
        reasons.append("it has one interpreter")
    if reasons:
        raise RecordError(f"{record.path} cannot be published: {'; '.join(reasons)}")


def draw(path: Path, folder: Path) -> list[Path]:
    """Draws the charts of the document if there is a record, and returns the files made."""
    return draw_slopes(path, folder, CHARTED) if path.exists() else []


def document(path: Path) -> str:
    """Writes what the record shows; one sentence if there is none."""
    if not path.exists():
        return NOT_RECORDED
    return _document_of(path, path.stat().st_mtime_ns)


@cache
def _document_of(path: Path, changed_ns: int) -> str:
    """Writes it once for each state of the file: the record is long."""
    record = Record.load(path)
    named = interpreters(record)
    matrix = Matrix.of(record)
    parts = [
        _made(record, named),
        *_upgrades(record, matrix),
        "### Every workload",
        f"Net ns per call, with 95% intervals, and changes. {RULE} {LEGEND}.",
        *_charts(path, matrix),
        *(_workload(record, matrix, sheet) for sheet in matrix.sheets),
        "### Versions, flags, and what is missing",
        *_versions(record, named),
    ]
    return "\n\n".join(parts)


def _made(record: Record, named: Sequence[Interpreter]) -> str:
    """Says what each interpreter is, and how the run was made."""
    rows = [[each.place, each.title] for each in named]
    table = markdown_table(["in tables", "interpreter"], rows, numbers=False)
    document, section = record.document, record.section
    own = document["machine_info"]["callcost"]
    return (
        f"{table}\n\n"
        f"Run of {document['datetime'][:10]}: {machine(document)}, {own['cpu_count']} CPUs; "
        f"{count(len(document['benchmarks']), 'row')} in {section['wall_s']:.0f} s, "
        f"{section['settings']['processes']} processes in each interpreter; calls of the same "
        f"code differed by less than {max(record.aa_error, MIN_EFFECT):.1%}."
    )


def _upgrades(record: Record, matrix: Matrix) -> Iterator[str]:
    found = list(upgrades(matrix, largest(matrix), record.environment.get("instructions", {})))
    if not found:
        yield nothing_changed(matrix)
    for upgrade in found:
        yield f"### {upgrade.heading}"
        yield f"{upgrade.counted}. The largest changes:"
        yield "\n".join(f"- {sentence}" for sentence in upgrade.sentences)


def _charts(path: Path, matrix: Matrix) -> Iterator[str]:
    there = [sheet.workload for sheet in matrix.sheets]
    for name in (name for name in CHARTED if name in there):
        file = f"{path.name.partition('.json')[0]}.{SLOPES}{name}.svg"
        alt = f"{name} in each interpreter: a panel for each tool, a line for each mechanism"
        yield f'<img alt="{alt}" src="../results/{file}">'


def _workload(record: Record, matrix: Matrix, sheet: Sheet) -> str:
    """Writes the table of a workload, folded."""
    marks = Marks.of_record(record.document)
    headings = [sheet.workload]
    for place in matrix.places:
        base = matrix.base_of(place)
        headings += [place, *([f"from {base}"] if base else [])]
    rows = [
        [f"`{name}`{_said(name)}{marks.of(name, sheet.workload)}", *_cells(matrix, line)]
        for line in sheet.lines
        for name in [line.mechanism]
    ]
    moved = f" (inconclusive in {listed(sheet.inconclusive)})" if sheet.inconclusive else ""
    table = markdown_table(headings, rows)
    return f"<details><summary>{sheet.workload}{moved}</summary>\n\n{table}\n\n</details>"


def _said(name: str) -> str:
    """Says behind a name that its tool is a thing of the past."""
    return f" ({LEGACY})" if is_legacy(name) else ""


def _cells(matrix: Matrix, line: Line) -> Iterator[str]:
    for place in matrix.places:
        net_ns = line.net_ns.get(place)
        yield NONE if net_ns is None else f"{cost_text(net_ns.value)} {around(net_ns)}"
        if matrix.base_of(place):
            yield change_text(line.changes.get(place))


def _versions(record: Record, named: Sequence[Interpreter]) -> Iterator[str]:
    rows = [[name, *values] for name, values in versions_of(named)]
    yield markdown_table(["", *(each.place for each in named)], rows, numbers=False)
    names = sorted({row["extra_info"]["callcost"]["name"] for row in record.document["benchmarks"]})
    flags = ([name, flags_of(named, name)] for name in names)
    told = [[f"`{names}`", f"`{said}`"] for names, said in merged(flags) if said]
    if told:
        yield markdown_table(["mechanisms", "compiled with"], told, numbers=False)
    lines = [
        f"- `{name}` in {listed(at)}: {why}"
        for name, why, at in missing_in({each.place: each.missing for each in named})
    ]
    if lines:
        yield "Not measured:\n\n" + "\n".join(lines)
