"""Compares two recorded runs, as far as possible for runs that did not take turns."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.markup import escape

from callcost.compare.outcome import number_or_none
from callcost.console.files import shown
from callcost.console.numbers import cost_text, count, percent, percent_interval
from callcost.console.outputs import output_console
from callcost.console.tables import PlainTable
from callcost.estimate import trimmed
from callcost.estimate.estimate import MIN_PROCESSES, Floats, GroupEstimate, trimmed_interval
from callcost.estimate.reading import RecordError
from callcost.estimate.record import Record
from callcost.model.interval import Interval
from callcost.paired.rows import Cell
from callcost.paired.rules import Rules, mirrored
from callcost.paired.suite import matching
from callcost.paired.verdict import SLOWER, UNDECIDED, direction

HIGHER, LOWER, WITHIN = "higher", "lower", "within the noise"
# Lower or the same: only a rise beyond the limit is ruled out.
NOT_HIGHER = "not higher"
# A record may be compressed.
ENDINGS = (".json", ".gz", ".xz")
# In the order of a report.
WORDS = (HIGHER, LOWER, UNDECIDED, NOT_HIGHER, WITHIN)
PASSES = (LOWER, NOT_HIGHER, WITHIN)


@dataclass(frozen=True)
class RecordedRow:
    """One row of both records; `change` is a share of the base's ns, 0.02 is 2% more.

    `control` is the change of its group's yardstick, a call that no contender can affect.
    """

    group: str
    contender: str
    base_ns: float
    head_ns: float
    change: Interval
    control: float
    word: str


@dataclass(frozen=True)
class RecordedComparison:
    """What two records show, with the names of rows that only one of them has.

    `same_machine` and `same_interpreter` are None if a record does not say. `other_calls` names
    rows whose call or set-up differs: they are not compared.
    """

    rows: list[RecordedRow]
    same_machine: bool | None
    same_interpreter: bool | None
    added: list[str]
    removed: list[str]
    other_calls: list[str]

    @property
    def exit_code(self) -> int:
        """3 if something needs a real comparison, 0 if not; never 1."""
        alike = self.same_machine and self.same_interpreter and not self.other_calls
        return 0 if alike and self.rows and all(row.word in PASSES for row in self.rows) else 3

    def of(self, *words: str) -> int:
        """Counts the rows with one of these words."""
        return sum(row.word in words for row in self.rows)


def are_records(base: str, head: str) -> bool:
    """Tells whether both are files of records; raises RecordError for a record and a revision."""
    records = [t for t in (base, head) if t.endswith(ENDINGS) and os.path.lexists(t)]
    if len(records) == 1:
        other = head if records == [base] else base
        raise RecordError(
            f"{shown(records[0])} is a record of a run and {shown(other)} is not: give two records "
            "or revisions"
        )
    return bool(records)


def compare(
    base: Path,
    head: Path,
    threshold: float,
    mechanisms: Sequence[str] = (),
    workloads: Sequence[str] = (),
) -> RecordedComparison:
    """Compares two records row by row; raises RecordError or UnknownNameError."""
    records = [Record.load(path) for path in (base, head)]
    before, after = (record.estimates for record in records)
    machines = [record.document.get("machine_info", {}).get("callcost", {}) for record in records]
    ours, theirs = set(_rows(before)), set(_rows(after))
    chosen = matching(ours | theirs, mechanisms, workloads)
    common = [cell for cell in chosen if cell in ours & theirs]
    alike = [cell for cell in common if _source(before, cell) == _source(after, cell)]
    rules = Rules(threshold, len(alike))
    elsewhere = all(_facts(before, cell) == _facts(after, cell) for cell in common)
    return RecordedComparison(
        [_compare_row(before[row.workload], after[row.workload], row, rules) for row in alike],
        _same([machine.get("machine_digest") for machine in machines]),
        elsewhere and _same([machine.get("interpreter") for machine in machines]),
        [f"{row.workload}: {row.mechanism}" for row in chosen if row not in ours],
        [f"{row.workload}: {row.mechanism}" for row in chosen if row not in theirs],
        [f"{row.workload}: {row.mechanism}" for row in common if row not in alike],
    )


def _same(known: Sequence[object]) -> bool | None:
    """Compares a fact of both records; None if one does not have it."""
    return None if None in known else known[0] == known[1]


def _source(estimates: dict[str, GroupEstimate], cell: Cell) -> tuple[str, str]:
    """Returns the set-up and the call of a row."""
    estimate = estimates[cell.workload]
    contender = estimate.times.contenders[estimate.names.index(cell.mechanism)]
    return contender.setup, contender.call


def _facts(estimates: dict[str, GroupEstimate], cell: Cell) -> dict[str, str]:
    """Returns the facts of a row's interpreter, if it is not that of the record."""
    place = estimates[cell.workload].times.group.environment
    return {} if place is None else place.facts


def _rows(estimates: dict[str, GroupEstimate]) -> Iterator[Cell]:
    for group, estimate in estimates.items():
        yield from (Cell(group, estimate.names[row]) for row in (*estimate.order, *estimate.floors))


def _compare_row(
    before: GroupEstimate, after: GroupEstimate, cell: Cell, rules: Rules
) -> RecordedRow:
    rows = (estimate.names.index(cell.mechanism) for estimate in (before, after))
    was, now = map(_logs, (before, after), rows)
    change = unpaired(was, now, rules.confidence)
    yardsticks = _logs(before, before.yardstick_row), _logs(after, after.yardstick_row)
    control = unpaired(*yardsticks, rules.confidence).value
    ns, word = (_cost_ns(was), _cost_ns(now)), _word(change, control, rules.threshold)
    return RecordedRow(cell.workload, cell.mechanism, *ns, change, control, word)


def _logs(estimate: GroupEstimate, row: int) -> Floats:
    """Returns the logs of a row's cost in each process, where known."""
    if not estimate.times.processes or not estimate.usable:
        return np.empty(0)
    costs = estimate.gross_by_process[row]
    known: Floats = np.log(costs[np.isfinite(costs) & (costs > 0)])
    return known


def _cost_ns(logs: Floats) -> float:
    return trimmed_interval(np.exp(logs)).value


def _word(change: Interval, control: float, threshold: float) -> str:
    """Names what an interval shows beside its control; UNDECIDED if either is unknown."""
    if not np.isfinite([change.low, change.high, control]).all():
        return UNDECIDED
    # The yardstick shows how much the machine changed: less than that says nothing about code.
    limit = max(threshold, control, mirrored(control))
    beyond = direction(change, limit)
    if beyond is not None:
        return HIGHER if beyond == SLOWER else LOWER
    if not change.high < limit:
        return UNDECIDED
    return WITHIN if change.low > mirrored(limit) else NOT_HIGHER


def unpaired(before: Floats, after: Floats, confidence: float) -> Interval:
    """Estimates the change between two samples of logs by Yuen's test of trimmed means."""
    if min(before.size, after.size) < MIN_PROCESSES:
        return Interval(np.nan, np.nan, np.nan)
    found = trimmed.difference(after, before, confidence)
    return Interval(*(float(np.expm1(end)) for end in found))


def show(found: RecordedComparison, base: Path, head: Path) -> None:
    """Prints both runs side by side, and what this can and cannot show."""
    console = output_console()
    if found.rows:
        console.print(_table(found, base, head))
    for line in lines(found):
        console.print(escape(line))


def _table(found: RecordedComparison, base: Path, head: Path) -> PlainTable:
    title = f"{base.name} -> {head.name}: ns per call, loop included"
    headings = ("group", "contender", ">base", ">head", ">change", ">", ">control", "")
    table = PlainTable(*headings, title=title, spare=(6, 2, 3, 5))
    by_size = sorted(found.rows, key=lambda row: -np.nan_to_num(abs(row.change.value)))
    for row in sorted(by_size, key=lambda row: WORDS.index(row.word)):
        table.add(
            row.group,
            row.contender,
            cost_text(row.base_ns),
            cost_text(row.head_ns),
            percent(row.change.value, signed=True),
            percent_interval(row.change),
            percent(row.control, signed=True),
            row.word,
        )
    return table


def lines(found: RecordedComparison) -> list[str]:
    """Explains what two runs that did not take turns can and cannot show."""
    said = [f"Only in head: {name}" for name in found.added]
    said += [f"Only in base: {name}" for name in found.removed]
    said += [f"Another call or set-up, so not compared: {name}" for name in found.other_calls]
    if not found.same_machine:
        what = "may come" if found.same_machine is None else "come"
        said.append(f"The records {what} from two machines: a difference in ns is not one in code.")
    if not found.same_interpreter:
        what = "may come" if found.same_interpreter is None else "come"
        said.append(f"The records {what} from two builds of Python, which differ in every call.")
    if not found.rows:
        return [
            *said,
            "Nothing was compared: the records have no row with the same call in common.",
        ]
    total = count(len(found.rows), "row")
    said.append(
        "These runs were made one after the other. Their difference includes changes of the "
        "machine in between. The control, a builtin function, shows only a part of these."
    )
    if undecided := found.of(UNDECIDED):
        said.append(
            f"{undecided} of {total} could not be decided: each may cost more, by more than the "
            "control and the threshold, or too few of its epochs are known."
        )
    differing = found.of(HIGHER, LOWER)
    look = "That is a reason to look, not a verdict: " if differing else ""
    said.append(
        f"{differing} of {total} {'differs' if total == '1 row' else 'differ'} by more than the "
        f"control and the threshold. {look}callcost compare REV REV measures both sides in turns, "
        "and can decide."
    )
    return said


def as_json(found: RecordedComparison) -> dict[str, Any]:
    """Returns the comparison for `--json`; unknown numbers are None."""
    rows = [
        {
            **asdict(row),
            "base_ns": number_or_none(row.base_ns),
            "head_ns": number_or_none(row.head_ns),
            "control": number_or_none(row.control),
            "change": row.change.as_list(),
        }
        for row in found.rows
    ]
    return {**asdict(found), "rows": rows, "exit_code": found.exit_code}
