"""The result of counting a call's instructions: a count and where they were spent, or a reason.

Places are stacks: a function and its callers, as callgrind names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

UNKNOWN = "???"

CHANGED_SHARE = 0.005
CHANGED_INSTRUCTIONS = 2.0


@dataclass(frozen=True, order=True)
class Frame:
    """A function and its object file, as callgrind names them; either may be `UNKNOWN`.

    A function without a symbol has its address as its name.
    """

    object: str
    function: str

    @property
    def named(self) -> bool:
        """Whether the function has a symbol."""
        return self.function != UNKNOWN and not self.function.startswith("0x")


Stack = tuple[Frame, ...]
"""A function, its caller, and so on outwards."""

Spent = Mapping[Stack, float]
"""Instructions by the stack that executed them, excluding its callees."""

CALLED_ASIDE = Frame(UNKNOWN, UNKNOWN)
"""Stands for a callee whose call callgrind cannot follow."""


@dataclass(frozen=True)
class Count:
    """The instructions of one call, net of the loop.

    `calls` is the N that it was measured with. `spread` is the largest difference between epochs
    of one process, in instructions per call: 0 if all calls are equal. `spent` has the same
    instructions by stack, if profiles were requested.
    """

    instructions: float
    calls: int
    spread: float = 0.0
    spent: Spent = field(default_factory=dict)


@dataclass(frozen=True)
class Uncounted:
    """Why a contender has no count: the kind of failure, in a word or two, and a sentence."""

    kind: str
    message: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


def changed(base: Count, head: Count) -> bool:
    """Tells whether two counts of one call differ by more than 0.5% or by more than 2."""
    difference = abs(head.instructions - base.instructions)
    return difference > min(CHANGED_INSTRUCTIONS, CHANGED_SHARE * abs(base.instructions))
