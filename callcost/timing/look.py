"""Tries each expression before it is timed: whether it works, its value, how long it takes.

Two processes with different hash seeds and address layouts try each side: a value that differs
between them cannot be compared with that of another side.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import msgspec

from callcost.console.advice import advice
from callcost.model.expression import ExpressionError, Reading
from callcost.run.planning import SETTLE_TURNS
from callcost.run.process import WorkerError, WorkerProcess
from callcost.worker import answers

SEEDS = (0, 1)


@dataclass(frozen=True)
class Value:
    """What a call returned: its type, a short text, and digests (`answers.Reader`).

    `opaque` lists what in it cannot be compared. `changes`: it differs between calls or processes;
    `type_changes`: its type does.
    """

    type: str
    text: str
    full: str
    sure: str
    opaque: Sequence[str] = ()
    changes: bool = False
    type_changes: bool = False

    def __str__(self) -> str:
        return f"{self.text} ({self.type})"


@dataclass(frozen=True)
class Look:
    """The first look at one side; `right` is None if nothing is expected, or if it is unknown.

    `plain`: workers can compare the value with the expected one. `setup_s` is the time of the
    set-up.
    """

    value: Value
    call_ns: float | None
    setup_s: float
    expected: Value | None = None
    right: bool | None = None
    plain: bool = False


class AnswersProcess(WorkerProcess):
    """Runs answers.py on one job."""

    script = Path(answers.__file__)


class _Watched:
    """One process that tries a side, and its progress; `stack` ends it."""

    def __init__(
        self, stack: ExitStack, side: Reading, expect: str | None, seed: int, silence_s: float
    ) -> None:
        self.side = side
        self._running = f"the set-up of {side.name}"
        environment = side.asked.environment
        job = {
            "contender": asdict(side.contender),
            "expect": expect,
            "estimate": not side.folded,
            "settle_turns": SETTLE_TURNS if side.compiles_loops else 0,
        }
        python = sys.executable if environment is None else environment.python
        try:
            self.process = stack.enter_context(AnswersProcess(python, job, seed, silence_s))
        except WorkerError as error:
            raise failed(side.name, error.kind, str(error)) from error

    def look(self) -> Look:
        """Wait for the answers; raise ExpressionError."""
        try:
            for event in self.process.events():
                match event:
                    case {"event": "set up"}:
                        self._running = self.side.name
                    case {"event": "answers"}:
                        return msgspec.convert(event, Look)
                    case {"event": "error", "kind": kind, "message": message}:
                        raise failed(self.side.name, kind, message)
        except WorkerError as error:
            raise failed(self._running, error.kind, str(error)) from error
        raise failed(self.side.name, "crash", "its worker ended without an answer")


def look_at(sides: Sequence[Reading], expect: str | None, silence_s: float) -> list[Look]:
    """Try each side, all processes at once; raise ExpressionError if one fails.

    One process is enough if there is no value to compare with.
    """
    seeds = SEEDS if expect is not None or len(sides) > 1 else SEEDS[:1]
    with ExitStack() as stack:
        watched = [
            [_Watched(stack, side, expect, seed, silence_s) for seed in seeds] for side in sides
        ]
        return [_together([process.look() for process in row]) for row in watched]


def _together(looks: Sequence[Look]) -> Look:
    """Combine the looks of several processes."""
    wrong = [look for look in looks if look.right is False]
    first = wrong[0] if wrong else looks[0]
    verdicts = [look.right for look in looks]
    right = False if wrong else None if None in verdicts else True
    values, value = [look.value for look in looks], first.value
    costs = [look.call_ns for look in looks if look.call_ns is not None]
    return Look(
        value=replace(
            value,
            changes=any(one.changes or one.full != value.full for one in values),
            type_changes=any(one.type_changes or one.type != value.type for one in values),
        ),
        call_ns=min(costs) if costs else None,
        setup_s=max(look.setup_s for look in looks),
        expected=first.expected,
        right=right,
        plain=all(look.plain for look in looks),
    )


def failed(what: str, kind: str, message: str) -> ExpressionError:
    """Return the error for a failure of a side, with advice."""
    return ExpressionError(f"{what}: {kind}: {message}{advice(kind, message)}")


Same = Literal["same", "different", "unknown"]


def compare(one: Value, other: Value) -> tuple[Same, str]:
    """Tell whether two sides return the same value and type; if unknown, also why."""
    if one.type_changes or other.type_changes:
        return "unknown", "its type changes from call to call"
    if one.type != other.type:
        return "different", ""
    if one.changes or other.changes:
        return "unknown", "it changes from call to call"
    if one.sure != other.sure:
        return "different", ""
    if reasons := dict.fromkeys([*one.opaque, *other.opaque]):
        return "unknown", ", ".join(reasons)
    if one.full == other.full:
        return "same", ""
    return "unknown", f"{one.type} may have equal values that are stored differently"
