"""The outcome of a comparison: each row's verdict, the controls and the exit code."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from packaging.utils import canonicalize_name

from callcost.console.numbers import count, listed, percent
from callcost.model.interval import Interval
from callcost.paired.measure import Comparison
from callcost.paired.rows import BASE, CONTROL, HEAD, Cell, Reach, RowFailure
from callcost.paired.rules import Rules
from callcost.paired.verdict import (
    FASTER,
    NOT_SLOWER,
    SAME,
    SLOWER,
    UNDECIDED,
    WORDS,
    Verdict,
    decide,
    direction,
    excludes_slower,
    share_interval,
    twin_logs,
)

NOTHING_SLOWER, SOMETHING_SLOWER, USAGE, INCONCLUSIVE = 0, 1, 2, 3


@dataclass(frozen=True)
class SideFacts:
    """A side as the user wrote it and as people read it, and its facts for the record."""

    text: str
    source: str
    versions: Mapping[str, str] = field(default_factory=dict)
    interpreter: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Counts:
    """Instructions per call on each side, or why they were not counted."""

    base: float | None
    head: float | None
    changed: bool = False
    why_not: str = ""


@dataclass(frozen=True)
class RowOutcome:
    """One row: its verdict by its threshold, and its instructions, which decide nothing."""

    cell: Cell
    verdict: Verdict
    threshold: float
    counts: Counts | None = None


@dataclass
class Outcome:
    """Everything in the report of a comparison; `options` of the command chose rows and limits."""

    base: SideFacts
    head: SideFacts
    rules: Rules
    comparison: Comparison
    added: Mapping[Cell, str] = field(default_factory=dict)
    removed: Mapping[Cell, str] = field(default_factory=dict)
    nowhere: Mapping[Cell, str] = field(default_factory=dict)
    reach: Reach = field(default_factory=Reach)
    counts: Mapping[Cell, Counts] = field(default_factory=dict)
    unmoved: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    options: Sequence[str] = ()
    wall_s: float = 0.0

    @cached_property
    def rows(self) -> list[RowOutcome]:
        """Every row, slower ones first, then by the size of the change."""
        found = [
            RowOutcome(
                cell, self._verdict(cell), self.rules.of(cell).threshold, self.counts.get(cell)
            )
            for cell in self.comparison.rows
            if cell != CONTROL
        ]
        return sorted(
            found,
            key=lambda row: (
                WORDS.index(row.verdict.word),
                -np.nan_to_num(abs(row.verdict.change.value)),
                row.cell,
            ),
        )

    def _verdict(self, cell: Cell) -> Verdict:
        """Decides a row. If a control has moved, the row passes or is not decided."""
        rules = self.rules.of(cell)
        verdict = decide(self.comparison.rows[cell], rules)
        if not self.moved or verdict.word == UNDECIDED:
            return verdict
        doubt = self._doubt(cell)
        safe = excludes_slower(verdict.change, rules.threshold, doubt)
        if verdict.word == SLOWER or not safe:
            return replace(verdict, word=UNDECIDED)
        return replace(verdict, word=NOT_SLOWER) if doubt else verdict

    def _doubt(self, cell: Cell) -> float:
        """Returns the largest shift of a row's controls: its own result may be off by as much."""
        moved = [shift for name, _, shift in self._restless if name in (cell, CONTROL)]
        if self.control and self._control_moved:
            moved.append(self.control.change)
        ends = [end for change in moved for end in (change.low, change.high)]
        if not np.isfinite(ends).all():
            return math.inf
        # A faster control hides a slowdown of the inverse: 50% faster hides a factor of 2.
        return max((max(end, -end / (1 + end)) for end in ends), default=0.0)

    @cached_property
    def control(self) -> Verdict | None:
        """The verdict on the control, which neither side can have changed."""
        times = self.comparison.rows.get(CONTROL)
        return decide(times, self.rules) if times else None

    @property
    def same_interpreter(self) -> bool:
        """Whether both sides run in the same build of an interpreter."""
        sides = self.comparison.sides
        return sides[BASE].build == sides[HEAD].build

    @cached_property
    def _restless(self) -> list[tuple[Cell, str, Interval]]:
        """The rows whose two processes of one side differed, with the side and the difference."""
        # Each row has two chances to differ.
        rules = replace(self.rules, rows=2 * self.rules.rows)
        return [
            (cell, side, shift)
            for cell, times in self.comparison.rows.items()
            for side, logs in zip((BASE, HEAD), twin_logs(times), strict=True)
            if direction(shift := share_interval(logs, rules.confidence), rules.of(cell).threshold)
        ]

    @property
    def _control_moved(self) -> bool:
        control = self.control
        if control is None or not self.same_interpreter:
            return False
        return control.word in (SLOWER, FASTER) or not np.isfinite(control.change.high)

    @cached_property
    def moved(self) -> list[str]:
        """Lists the controls that moved, which puts the run in doubt."""
        said = [
            f"{cell}: two processes of {side} differed by {percent(shift.value)}"
            for cell, side, shift in self._restless
        ]
        control = self.control
        if control is None or not self._control_moved:
            return said
        if control.word == UNDECIDED:
            return [*said, "too few epochs of the control, a builtin function, are known"]
        return [
            *said,
            f"a builtin function that neither side can have changed became "
            f"{percent(control.change.value)} {control.word}",
        ]

    @property
    def head_failures(self) -> list[RowFailure]:
        """The rows that fail in head."""
        return [failure for failure in self.comparison.failures if failure.side == HEAD]

    def of(self, word: str) -> list[RowOutcome]:
        """Lists the rows with this verdict."""
        return [row for row in self.rows if row.verdict.word == word]

    @property
    def lucky(self) -> list[RowOutcome]:
        """Lists the rows whose builds differ by more than the threshold, but not their code."""
        return [
            row
            for row in self.of(SAME)
            if direction(row.verdict.as_built, row.threshold) is not None
        ]

    @property
    def undecidable(self) -> list[str]:
        """Names the undecided rows that more time could not have settled."""
        given_up = self.comparison.given_up
        return [str(row.cell) for row in self.of(UNDECIDED) if row.cell in given_up]

    @property
    def exit_code(self) -> int:
        """0: nothing is slower; 1: something is; 2: head fails; 3: could not be decided."""
        if self.head_failures or not (self.rows or self.reach.same):
            return USAGE
        if self.of(SLOWER):
            return SOMETHING_SLOWER
        return INCONCLUSIVE if self.of(UNDECIDED) or self.unanswered else NOTHING_SLOWER

    @property
    def unanswered(self) -> bool:
        """Whether a SPEC names a requirement that reaches no row."""
        return bool(self.reach.named and not self.rows)

    @property
    def headline(self) -> str:
        """The result in one sentence."""
        total = count(len(self.rows), "row")
        if self.head_failures:
            return f"{count(len(self.head_failures), 'row')} failed in head; {total} measured."
        if not self.rows:
            return self._nothing_measured()
        if slower := self.of(SLOWER):
            return f"Slower: {len(slower)} of {total}."
        if undecided := self.of(UNDECIDED):
            return self._undecided(len(undecided), total)
        return f"Nothing is slower: {total}."

    def _nothing_measured(self) -> str:
        if not self.reach.same:
            return "Nothing was measured: no row works on both sides."
        same = f"both sides run the same code in {count(len(self.reach.same), 'row')}"
        if not self.unanswered:
            return f"Nothing is slower: {same}."
        names = listed(self.reach.named)
        verb = "does" if len(self.reach.named) == 1 else "do"
        return f"Could not be decided: {names} {verb} not reach the build, and {same}."

    def _undecided(self, undecided: int, total: str) -> str:
        could = f"Could not be decided: {undecided} of {total}"
        if self.moved:
            return f"{could}. {'; '.join(self.moved)}. Measure again on a calmer machine."
        longer = "" if len(self.undecidable) == undecided else "longer (--budget), "
        return (
            f"{could} may be slower by more than {self.limit}; none is shown to be. Measure "
            f"{longer}with a larger --threshold, or on a calmer machine."
        )

    @property
    def limit(self) -> str:
        """The threshold as text, if all rows have the same one."""
        limits = {row.threshold for row in self.rows}
        return percent(limits.pop()) if len(limits) == 1 else "the row's threshold"


def number_or_none(value: float) -> float | None:
    """Writes a number for JSON, which has neither NaN nor infinity."""
    return value if math.isfinite(value) else None


def changed_versions(outcome: Outcome) -> dict[str, tuple[str, str]]:
    """Lists packages whose versions differ between the sides; "none" if one is missing."""
    # A package may change how it writes its name.
    base, head = (
        {canonicalize_name(name): version for name, version in side.versions.items()}
        for side in (outcome.base, outcome.head)
    )
    return {
        name: (base.get(name, "none"), head.get(name, "none"))
        for name in sorted({*base, *head})
        if base.get(name) != head.get(name)
    }
