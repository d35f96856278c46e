"""Runs a comparison: from two texts to an outcome."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from callcost.compare import absent, reach, records
from callcost.compare.outcome import Counts, Outcome, SideFacts
from callcost.console.outputs import save_json
from callcost.instructions import callgrind
from callcost.model import abi
from callcost.model.instructions import Count, Uncounted, changed
from callcost.model.patterns import UnknownNameError, require_known
from callcost.paired import measure
from callcost.paired.rows import BASE, CONTROL, HEAD, SIDES, Cell, PairedRow, Side
from callcost.paired.rules import DEFAULT_THRESHOLD, Rules
from callcost.paired.suite import Selection, choose, find_suite, select
from callcost.revisions import environments
from callcost.revisions.environments import Built, Recipe
from callcost.revisions.errors import SpecError
from callcost.revisions.spec import parse
from callcost.run.process import KEPT_VARIABLES
from callcost.run.together import together

PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")
# The progress of a comparison when its environments are ready, and when all rows are measured.
BUILT, MEASURED = 0.2, 0.9
RECOUNT_LAYOUTS = 3
# Further ways in which each side's libraries are linked.
LAYOUTS = 16

Report = Callable[[float, str], None]


@dataclass(frozen=True)
class Request:
    """The command line; `threshold` is a share, 0.02 is 2%, and None leaves it to the project."""

    base: str
    head: str
    mechanisms: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    budget_s: float | None = None
    threshold: float | None = None
    instructions: bool = True
    one_layout: bool = False
    longer: int = 1


def run(request: Request, folder: Path, report: Report) -> Outcome:
    """Makes both environments, measures the rows of both, and counts instructions.

    Raises SpecError, BuildError, SuiteError, UnknownNameError or SideFailedError.
    """
    project = find_project(folder)
    suite = find_suite(project)
    report(0.0, "reading both revisions")
    specs = [parse(text, project) for text in (request.base, request.head)]

    def check(files: Collection[str]) -> None:
        choose(suite, suite.names(files), request.mechanisms, request.workloads)

    recipe = Recipe(layouts=0 if request.one_layout else LAYOUTS)
    built = environments.build_all(specs, project, lambda what: report(0.0, what), check, recipe)
    base, head = built
    offers = suite.offer(base.site), suite.offer(head.site)
    selection = select(suite, *offers, request.mechanisms, request.workloads)
    if not selection.rows:
        raise SpecError(_nothing(request, selection))
    sides = {name: _side(name, made) for name, made in zip(SIDES, built, strict=True)}
    with _only_what_was_built() as ignored:
        reached = reach.find(built, sides, selection.rows, lambda what: report(BUILT, what))
        rows = [row for row in selection.rows if row.cell not in reached.same]
        rules = _rules(request, base, len(rows))
        comparison = measure.measure(
            sides,
            rows,
            rules,
            measure.Settings(request.budget_s, request.longer),
            lambda done, what: report(BUILT + (MEASURED - BUILT) * done, what),
        )
        cells = [cell for cell in comparison.rows if cell != CONTROL]
        counts = {}
        if request.instructions and cells:
            counts = _counted(sides, cells, selection, report)
    notes = [*ignored, *_same(base, head), *base.notes, *head.notes]
    if request.threshold is None:
        notes += _about_thresholds(base, head, offers[0].cells | offers[1].cells)
    found = absent.sort_out(comparison.failures, selection.rows)
    comparison.failures = found.failures
    return Outcome(
        _facts(base),
        _facts(head),
        rules,
        comparison,
        counts=counts,
        added={**selection.added, **found.only_on(HEAD)},
        removed={**selection.removed, **found.only_on(BASE)},
        nowhere=found.nowhere,
        reach=reached,
        unmoved={**base.unmoved, **head.unmoved},
        notes=list(dict.fromkeys(notes)),
        options=list(_options(request)),
    )


def _options(request: Request) -> Iterator[str]:
    yield from (f"--workload={pattern}" for pattern in request.workloads)
    yield from (f"--mechanism={pattern}" for pattern in request.mechanisms)
    if request.threshold is not None:
        yield f"--threshold={100 * request.threshold:g}"
    if request.one_layout:
        yield "--one-layout"


def _rules(request: Request, base: Built, rows: int) -> Rules:
    """Takes the thresholds from the command line, or else from base: head cannot excuse itself."""
    if request.threshold is not None:
        return Rules(request.threshold, rows)
    return Rules(base.thresholds.get("*", DEFAULT_THRESHOLD), rows, base.thresholds)


def _about_thresholds(base: Built, head: Built, cells: Collection[Cell]) -> Iterator[str]:
    """Says which thresholds of pyproject.toml have no effect."""
    names = [str(cell) for cell in cells]
    for side in (base, head):
        try:
            require_known("[tool.callcost.thresholds]", side.thresholds, names)
        except UnknownNameError as error:
            yield f"{error} ({side.source})"
    if base.thresholds != head.thresholds:
        yield "[tool.callcost.thresholds] differs between the sides: base's apply"


@contextlib.contextmanager
def _only_what_was_built() -> Iterator[list[str]]:
    """Hides variables whose modules would replace those of both sides; yields notes."""
    hidden = {name: os.environ.pop(name) for name in KEPT_VARIABLES if name in os.environ}
    try:
        yield [f"{name} was ignored: both sides are measured as they were built" for name in hidden]
    finally:
        os.environ.update(hidden)


def compare_records(request: Request, json_file: Path | None) -> int:
    """Compares two records and prints the result; returns the exit code; raises RecordError."""
    base, head = Path(request.base), Path(request.head)
    threshold = DEFAULT_THRESHOLD if request.threshold is None else request.threshold
    found = records.compare(base, head, threshold, request.mechanisms, request.workloads)
    records.show(found, base, head)
    save_json(json_file, records.as_json(found))
    return found.exit_code


def find_project(folder: Path) -> Path:
    """Finds the project that a folder belongs to; raises SpecError."""
    for parent in (folder, *folder.parents):
        if any((parent / name).is_file() for name in PROJECT_FILES):
            return parent
    raise SpecError(f"No pyproject.toml in {folder} or any parent folder.")


def _same(base: Built, head: Built) -> list[str]:
    """Says that an environment is compared with itself."""
    if base.key != head.key:
        return []
    return [
        "Both sides are one environment: the same files, interpreter and versions. Any difference "
        "between them is noise."
    ]


def _nothing(request: Request, selection: Selection) -> str:
    if only := [*selection.added.items(), *selection.removed.items()]:
        cell, why = only[0]
        return (
            f"{request.base} and {request.head} have nothing in common to compare: "
            f"{cell} is on one side only ({why})"
        )
    cell, why = next(iter(selection.nowhere.items()))
    return f"nothing to compare: neither side has {cell} ({why})"


def _side(name: str, made: Built) -> Side:
    return Side(
        name,
        made.source,
        made.python,
        build=made.interpreter["build"],
        compiles_loops=made.interpreter["implementation"] != "cpython",
        layouts=made.layouts,
    )


def _facts(made: Built) -> SideFacts:
    facts = {"commit": made.commit, "tree": made.tree, "key": made.key, "reused": made.reused}
    return SideFacts(
        made.spec.text,
        f"{made.source}, {made.interpreter['implementation']} {abi.version(made.interpreter)}",
        made.versions,
        made.interpreter,
        {**facts, "building_s": made.wall_s},
    )


def _counted(
    sides: Mapping[str, Side], cells: Sequence[Cell], selection: Selection, report: Report
) -> dict[Cell, Counts]:
    """Counts the instructions of both sides, and counts again in several layouts if they differ.

    The place of memory blocks can change the count of a long call. With several layouts to choose
    from, both sides find the one that suits the call best.
    """
    reason = callgrind.why_not()
    if reason is not None:
        return {cell: Counts(None, None, why_not=reason) for cell in cells}
    rows = [row for row in selection.rows if row.cell in cells]
    counts = _count_rows(sides, rows, 1, report)
    doubtful = [row for row in rows if counts[row.cell].changed]
    return counts | _count_rows(sides, doubtful, RECOUNT_LAYOUTS, report)


def _count_rows(
    sides: Mapping[str, Side], rows: Sequence[PairedRow], layouts: int, report: Report
) -> dict[Cell, Counts]:
    """Counts both sides at the same time: counts do not depend on the machine's load."""
    halt = callgrind.Halt()
    total = len(SIDES) * len(rows)
    done = itertools.count(1)
    again = " again" if layouts > 1 else ""

    def tell(number: int) -> None:
        what = f"counting instructions under valgrind{again}: {number} of {total} calls"
        report(MEASURED + (1 - MEASURED) * number / total, what)

    def count(name: str) -> dict[Cell, Count | Uncounted]:
        side = sides[name]
        contenders = {row.cell: row.on(name) for row in rows}
        return callgrind.count(
            side.python,
            contenders,
            report=lambda *_: tell(next(done)),
            layouts=layouts,
            apart=lambda cell: cell.mechanism,
            halt=halt,
        )

    if not rows:
        return {}
    tell(0)
    base, head = together(count, SIDES, halt)
    return {row.cell: _pair(base[row.cell], head[row.cell]) for row in rows}


def _pair(base: Count | Uncounted, head: Count | Uncounted) -> Counts:
    if isinstance(base, Uncounted):
        return Counts(None, None, why_not=str(base))
    if isinstance(head, Uncounted):
        return Counts(None, None, why_not=str(head))
    return Counts(base.instructions, head.instructions, changed(base, head))
