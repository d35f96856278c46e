"""What is measured, as the coordinator describes it to a worker.

A job is one JSON object: `cpu`, `seed`, `limit_s`, `position_file`, and `groups`, each with
its contenders and its plan (no passes: only estimate). The worker
answers with one JSON object a line, told apart by `event`: `ready`, then for each group
`estimates` or `times` or `error`, then `done`; and, once a second, `alive`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from callcost.worker import EMPTY_CALL

TARGET_EPOCH_NS = 100_000
MAX_UNROLL = 100
MIN_LOOPS = 4


@dataclass(frozen=True)
class Binary:
    """A compiled file that a contender must consist of, with the hash it was built with.

    `name` is its place in the installed package, the same on every machine; `module` the name
    it is imported under, empty for a library that no module stands for.
    """

    name: str
    path: str
    sha256: str
    module: str = ""


@dataclass(frozen=True)
class Contender:
    """A call to be measured, as source text: set-up, call expression, and the expected value.

    `expect` is an expression too; None compares nothing. `report` is an expression that is
    evaluated once in each process, when the timing is over, and whose value is handed back.
    `own_loops` gives a contender that is compared with nobody an epoch of its own size.
    """

    name: str
    setup: str
    call: str
    expect: str | None = None
    binaries: tuple[Binary, ...] = ()
    report: str | None = None
    own_loops: int | None = None


@dataclass(frozen=True)
class Group:
    """Contenders that are compared with each other; their names differ."""

    name: str
    contenders: tuple[Contender, ...]


@dataclass(frozen=True)
class Controls:
    """The contenders that a run adds to each group in order to check itself.

    `empty` is the loop without a call, `twin` the same call as the contender at index
    `twin_of`, `yardstick` a call that no change of the contenders can touch.
    """

    empty: Contender
    twin: Contender
    yardstick: Contender
    twin_of: int

    @property
    def contenders(self) -> tuple[Contender, ...]:
        """The controls in the order in which they follow the group's own contenders."""
        return self.empty, self.twin, self.yardstick


EMPTY = Contender("empty loop", "", EMPTY_CALL)
# Some 20 microseconds of a builtin function: long enough to tell a slow spell from the clock's
# noise, also in groups whose calls are so long that an epoch has only one.
YARDSTICK = Contender(
    "yardstick", "yardstick = abs; operand = -1", "yardstick(operand)", "1", own_loops=20
)


def controls_for(group: Group, number: int) -> Controls:
    """Chooses a group's controls; `number` rotates the twin over the contenders of a run."""
    twin_of = number % len(group.contenders)
    original = group.contenders[twin_of]
    twin = replace(original, name=f"twin of {original.name}", report=None)
    return Controls(EMPTY, twin, YARDSTICK, twin_of)


@dataclass(frozen=True)
class Plan:
    """How one group is timed in each process: an epoch is `loops` times `unroll` literal calls.

    `layouts` is the number of places on the stacks that the epochs are timed from.
    """

    unroll: int
    loops: int
    warm_loops: int
    passes: int
    layouts: int = 1

    @property
    def calls(self) -> int:
        """The number of calls in an epoch, the same for every contender of the group."""
        return self.unroll * self.loops


def plan_epochs(call_ns: list[float], passes: int) -> Plan:
    """Chooses the calls per epoch so that the mean contender of a group takes about 0.1 ms.

    One count for all: counts chosen per contender would bias their ratios.
    """
    mean_ns = sum(call_ns) / len(call_ns)
    calls = max(1, round(TARGET_EPOCH_NS / mean_ns))
    unroll = min(MAX_UNROLL, max(1, calls // MIN_LOOPS))
    loops = max(1, calls // unroll)
    return Plan(unroll, loops, warm_loops=1 if loops >= MIN_LOOPS else 0, passes=passes)


def describe_group(contenders: tuple[Contender, ...], plan: Plan) -> dict[str, Any]:
    """Puts one group into the form that the worker reads."""
    return {**asdict(plan), "contenders": [asdict(contender) for contender in contenders]}


SCOUTING = Plan(unroll=1, loops=1, warm_loops=0, passes=0)
