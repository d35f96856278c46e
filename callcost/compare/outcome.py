"""What a comparison comes to: a verdict for each row, what the controls show, and the exit code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from callcost.compare.measure import Comparison
from callcost.compare.rows import BASE, CONTROL, HEAD, Cell, Failure
from callcost.compare.rules import Rules
from callcost.compare.verdict import (
    CANNOT_TELL,
    FASTER,
    SAME,
    SLOWER,
    Verdict,
    decide,
    direction,
    share_interval,
    twin_logs,
)

NOTHING_SLOWER, SOMETHING_SLOWER, USAGE, INCONCLUSIVE = 0, 1, 2, 3
# The order in which people want to see them.
WORDS = (SLOWER, FASTER, CANNOT_TELL, SAME)


@dataclass(frozen=True)
class SideFacts:
    """Who a side is: what people call it, and what a record says of it."""

    text: str
    source: str
    versions: Mapping[str, str] = field(default_factory=dict)
    interpreter: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Counts:
    """Instructions per call on either side, or why there are none."""

    base: float | None
    head: float | None
    changed: bool = False
    why_not: str = ""


@dataclass(frozen=True)
class RowOutcome:
    """One row: what was decided, and its instructions, which decide nothing."""

    cell: Cell
    verdict: Verdict
    counts: Counts | None = None


@dataclass
class Outcome:
    """Everything that a report of a comparison says."""

    base: SideFacts
    head: SideFacts
    rules: Rules
    comparison: Comparison
    added: Mapping[Cell, str] = field(default_factory=dict)
    removed: Mapping[Cell, str] = field(default_factory=dict)
    counts: Mapping[Cell, Counts] = field(default_factory=dict)
    notes: Sequence[str] = ()
    wall_s: float = 0.0

    @cached_property
    def rows(self) -> list[RowOutcome]:
        """Every row, the slower ones first, then by how much they have changed."""
        found = [
            RowOutcome(cell, self._verdict(cell), self.counts.get(cell))
            for cell in self.comparison.rows
            if cell != CONTROL
        ]
        return sorted(
            found,
            key=lambda row: (
                WORDS.index(row.verdict.word),
                -abs(row.verdict.change.value),
                row.cell,
            ),
        )

    def _verdict(self, cell: Cell) -> Verdict:
        verdict = decide(self.comparison.rows[cell], self.rules)
        # Of a row whose twins differ nothing can be said, whatever its sides do.
        return replace(verdict, word=CANNOT_TELL) if cell in self.restless else verdict

    @cached_property
    def control(self) -> Verdict | None:
        """What the contender showed that neither side can have changed."""
        times = self.comparison.rows.get(CONTROL)
        return decide(times, self.rules) if times else None

    @property
    def same_interpreter(self) -> bool:
        """Whether both sides run in the same build of the interpreter."""
        sides = self.comparison.sides
        return sides[BASE].build == sides[HEAD].build

    @cached_property
    def restless(self) -> dict[Cell, str]:
        """The rows whose two processes of the same side differed, with what they did."""
        # Each row has two chances of it.
        rules = replace(self.rules, rows=2 * self.rules.rows)
        found = {}
        for cell, times in self.comparison.rows.items():
            for side, logs in zip((BASE, HEAD), twin_logs(times), strict=True):
                shift = share_interval(logs, rules.confidence)
                if direction(shift, self.rules.threshold):
                    found[cell] = f"two processes of {side} differed by {percent(shift.value)}"
        return found

    @cached_property
    def moved(self) -> list[str]:
        """Says which controls moved that cannot have: what was measured is then in doubt."""
        said = [f"{cell}: {what}" for cell, what in self.restless.items()]
        control = self.control
        if control and self.same_interpreter and control.word in (SLOWER, FASTER):
            said.append(
                f"a builtin function that neither side can have changed became "
                f"{percent(control.change.value)} {control.word}"
            )
        return said

    @property
    def head_failures(self) -> list[Failure]:
        """The rows that head gets wrong, though base does not."""
        return [failure for failure in self.comparison.failures if failure.side == HEAD]

    def of(self, word: str) -> list[RowOutcome]:
        """Lists the rows with a verdict."""
        return [row for row in self.rows if row.verdict.word == word]

    @property
    def exit_code(self) -> int:
        """0: nothing is slower; 1: something is; 2: head fails; 3: it cannot be told."""
        if self.head_failures or not self.rows:
            return USAGE
        if self.moved:
            return INCONCLUSIVE
        if self.of(SLOWER):
            return SOMETHING_SLOWER
        return INCONCLUSIVE if self.of(CANNOT_TELL) else NOTHING_SLOWER

    @property
    def headline(self) -> str:
        """Says in a sentence what came of it."""
        slower, open_rows = self.of(SLOWER), self.of(CANNOT_TELL)
        total = f"{len(self.rows)} row{'s' if len(self.rows) != 1 else ''}"
        if not self.rows:
            return "Nothing was measured: no row works on both sides."
        if self.head_failures:
            return f"{len(self.head_failures)} of the rows fail in head; {total} measured."
        if self.moved:
            return f"Inconclusive: {'; '.join(self.moved)}. Measure again on a calmer machine."
        if slower:
            return f"Slower: {len(slower)} of {total}."
        if open_rows:
            return (
                f"Inconclusive: of {len(open_rows)} of {total} it cannot be told whether they "
                f"changed by more than {percent(self.rules.threshold)}; none is shown to be slower."
            )
        return f"Nothing is slower: {total}."


def percent(share: float, *, signed: bool = False) -> str:
    """Writes a share as a percentage; a change has its sign."""
    digits = 1 if abs(share) >= 0.0995 else 2
    return f"{share:+.{digits}%}" if signed else f"{abs(share):.{digits}%}"


def changed_versions(outcome: Outcome) -> dict[str, tuple[str, str]]:
    """Lists what is installed in other versions on the two sides; "none" where it is missing."""
    base, head = outcome.base.versions, outcome.head.versions
    return {
        name: (base.get(name, "none"), head.get(name, "none"))
        for name in sorted({*base, *head})
        if base.get(name) != head.get(name)
    }
