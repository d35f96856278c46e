"""Compares two recorded runs, as far as runs that did not take turns can be compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from rich import box
from rich.markup import escape
from rich.table import Table

from callcost.compare.outcome import percent
from callcost.compare.rules import Rules
from callcost.compare.table import WIDTH
from callcost.estimate import MIN_PROCESSES, TRIM, GroupEstimate, Interval, estimate_run
from callcost.outputs import console_at_least
from callcost.record import load, read_run
from callcost.summary import number

HIGHER, LOWER, WITHIN = "higher", "lower", "within the noise"


@dataclass(frozen=True)
class RecordedRow:
    """One row of both records; `change` is the head's share of more ns than the base's.

    `control` is by how much the yardstick of its group changed between the runs, a call that
    no change of the contenders can touch.
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
    """What two records show; rows that only one of them has are named."""

    rows: list[RecordedRow]
    same_machine: bool
    same_interpreter: bool
    added: list[str]
    removed: list[str]

    @property
    def exit_code(self) -> int:
        """Returns 3 where something needs a real comparison, 0 where nothing does; never 1."""
        comparable = self.same_machine and self.same_interpreter
        return 0 if comparable and all(row.word == WITHIN for row in self.rows) else 3


def compare(base: Path, head: Path, threshold: float) -> RecordedComparison:
    """Compares two records row by row; raises RecordError."""
    before, after = (estimate_run(read_run(path)) for path in (base, head))
    machines = [load(path)["machine_info"].get("callcost", {}) for path in (base, head)]
    ours, theirs = set(_rows(before)), set(_rows(after))
    common = sorted(ours & theirs)
    rules = Rules(threshold, len(common))
    return RecordedComparison(
        [_compare_row(before[g], after[g], g, name, rules) for g, name in common],
        machines[0].get("machine_digest") == machines[1].get("machine_digest"),
        machines[0].get("interpreter") == machines[1].get("interpreter"),
        [f"{group}: {name}" for group, name in sorted(theirs - ours)],
        [f"{group}: {name}" for group, name in sorted(ours - theirs)],
    )


def _rows(estimates: dict[str, GroupEstimate]) -> Iterator[tuple[str, str]]:
    for group, estimate in estimates.items():
        yield from ((group, estimate.names[row]) for row in (*estimate.order, *estimate.floors))


def _compare_row(
    before: GroupEstimate, after: GroupEstimate, group: str, name: str, rules: Rules
) -> RecordedRow:
    rows = before.names.index(name), after.names.index(name)
    was, now = (e.gross_by_process for e in (before, after))
    change = unpaired(np.log(was[rows[0]]), np.log(now[rows[1]]), rules.confidence)
    yardsticks = np.log(was[before.yardstick]), np.log(now[after.yardstick])
    control = unpaired(yardsticks[0], yardsticks[1], rules.confidence).value
    # What moved the yardstick moved the machine; what lies within that is no news of the code.
    limit = max(rules.threshold, abs(control))
    word = HIGHER if change.low > limit else LOWER if change.high < -limit else WITHIN
    ns = [estimate.gross_ns(row).value for estimate, row in zip((before, after), rows, strict=True)]
    return RecordedRow(group, name, ns[0], ns[1], change, control, word)


def unpaired(before: Any, after: Any, confidence: float) -> Interval:
    """Estimates the change between two samples of logs by Yuen's test of trimmed means (SciPy)."""
    before, after = before[~np.isnan(before)], after[~np.isnan(after)]
    if min(before.size, after.size) < MIN_PROCESSES:
        return Interval(np.nan, np.nan, np.nan)
    value = float(scipy.stats.trim_mean(after, TRIM) - scipy.stats.trim_mean(before, TRIM))
    found = scipy.stats.ttest_ind(after, before, equal_var=False, trim=TRIM)
    ends = found.confidence_interval(confidence)
    return Interval(*(float(np.expm1(end)) for end in (value, ends.low, ends.high)))


def show(found: RecordedComparison, base: Path, head: Path) -> None:
    """Prints both runs side by side, and what that can and cannot show."""
    console = console_at_least(WIDTH, highlight=False)
    if found.rows:
        console.print(_table(found, base, head))
    for line in lines(found):
        console.print(escape(line))


def _table(found: RecordedComparison, base: Path, head: Path) -> Table:
    title = f"{base.name} -> {head.name}: ns per call, loop included"
    table = Table(title=escape(title), title_justify="left", box=box.SIMPLE)
    table.add_column("group", no_wrap=True)
    table.add_column("contender", no_wrap=True)
    for heading in ("base", "head", "change", "", "control"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in sorted(found.rows, key=lambda r: (r.word == WITHIN, -abs(r.change.value))):
        low, high = (percent(end, signed=True) for end in (row.change.low, row.change.high))
        table.add_row(
            escape(row.group),
            escape(row.contender),
            number(row.base_ns),
            number(row.head_ns),
            percent(row.change.value, signed=True),
            f"({low} .. {high})",
            percent(row.control, signed=True),
            row.word,
        )
    return table


def lines(found: RecordedComparison) -> list[str]:
    """Says what two runs that did not take turns can show, and what they cannot."""
    said = [f"Only in head: {name}" for name in found.added]
    said += [f"Only in base: {name}" for name in found.removed]
    if not found.same_machine:
        said.append("The records come from two machines: a difference in ns says nothing of code.")
    if not found.same_interpreter:
        said.append("The records come from two builds of Python, which differ in every call.")
    outside = sum(row.word != WITHIN for row in found.rows)
    said += [
        "These runs were made one after the other. Their difference has in it whatever the machine "
        "did in between; the control, a builtin function, shows a part of that, and no more.",
        f"{outside} of {len(found.rows)} rows differ by more than the control and the threshold. "
        "That is a reason to look, and no verdict: callcost compare REV REV measures both sides in "
        "turns, and can tell.",
    ]
    return said


def as_json(found: RecordedComparison) -> dict[str, Any]:
    """Returns the comparison for `--json`."""
    rows = [{**asdict(row), "change": row.change.as_list()} for row in found.rows]
    return {**asdict(found), "rows": rows, "exit_code": found.exit_code}
