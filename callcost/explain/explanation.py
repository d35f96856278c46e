"""The data of an explanation: for each call, instructions by part, and the time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from callcost.explain.parts import OTHER, PARTS, Placed, object_name
from callcost.model.instructions import Stack
from callcost.model.interval import Interval

# A sentence leaves out parts below this share.
LEAST_SHARE = 0.05
NAMED_PARTS = 3


@dataclass(frozen=True)
class Explained:
    """One call: where its instructions go, net of the loop, and its cost in ns.

    `time_ns` is None if it was not measured.
    """

    name: str
    instructions: float
    calls: int
    spread: float
    placed: tuple[Placed, ...]
    time_ns: Interval | None = None

    @cached_property
    def parts(self) -> Mapping[str, float]:
        """Instructions by part, in the order of PARTS, without empty parts."""
        sums: Counter[str] = Counter()
        for one in self.placed:
            sums[one.part] += one.instructions  # type: ignore[assignment]
        return {part: float(sums[part]) for part in PARTS if sums[part]}

    @property
    def others(self) -> list[tuple[str, float]]:
        """Functions that no rule covers, with their object files, the most instructions first."""
        sums: Counter[str] = Counter()
        for one in self.placed:
            if one.part == OTHER:
                sums[said(one.stack)] += one.instructions  # type: ignore[assignment]
        return [(name, float(took)) for name, took in sums.most_common()]

    @property
    def largest(self) -> list[str]:
        """The largest parts for a sentence: at least one."""
        order = sorted(self.parts, key=lambda part: -self.parts[part])
        told = [part for part in order if self.share(part) >= LEAST_SHARE]
        return (told or order)[:NAMED_PARTS]

    def share(self, part: str) -> float:
        """Return the share of a part in all instructions."""
        return self.parts.get(part, 0.0) / self.instructions if self.instructions else 0.0

    @property
    def sentence(self) -> str:
        """State the instructions and the largest parts."""
        total = f"{self.name}: {self.instructions:,.0f} instructions"
        return f"{total} ({self.shares})" if self.largest else total

    @property
    def shares(self) -> str:
        """List the largest parts with their shares."""
        return ", ".join(f"{self.share(part):.0%} {PARTS[part]}" for part in self.largest)

    @property
    def nameless(self) -> Mapping[str, float]:
        """The share of instructions without a symbol, by object file."""
        sums: Counter[str] = Counter()
        for one in self.placed:
            if not one.stack[0].named:
                sums[object_name(one.stack[0].object)] += one.instructions  # type: ignore[assignment]
        total = self.instructions
        return {name: took / total for name, took in sums.items()} if total else {}


def said(stack: Stack) -> str:
    """Name the first function of a stack, and its first named caller."""
    frame = stack[0]
    text = f"{frame.function} ({object_name(frame.object)})"
    caller = next((one.function for one in stack[1:] if one.named), None)
    return f"{text} from {caller}" if caller else text


@dataclass(frozen=True)
class Chapter:
    """A workload or an expression: its calls, and the reasons for calls without a count.

    `inconclusive`: the twin moved, so the times cannot be trusted.
    """

    name: str
    call: str
    rows: tuple[Explained, ...]
    uncounted: Mapping[str, str] = field(default_factory=dict)
    inconclusive: bool = False


@dataclass(frozen=True)
class Explanation:
    """All chapters, and what they were measured with.

    `facts` describe the interpreter, the machine and the tools; `notes` are what a reader must
    know. `counting_s` is the time of the counting, `wall_s` that of everything.
    """

    chapters: tuple[Chapter, ...]
    facts: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    counting_s: float = 0.0
    wall_s: float = 0.0

    @property
    def rows(self) -> Iterable[Explained]:
        """The rows of all chapters."""
        return (row for chapter in self.chapters for row in chapter.rows)
