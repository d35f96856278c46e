"""What is measured, as the coordinator describes it to a worker.

A job is one JSON object: `seed`, `limit_s`, `position_file`, `modules` (the files of those that
the interpreter would not find by itself), and `groups`, each with its contenders and its plan
(no passes: only estimate). The worker answers with one JSON object a line, told apart by
`event`: `ready`, then for each group `estimates` or `times` or `error`, then `done`; and, once
a second, `alive`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import KW_ONLY, asdict, dataclass, field, replace
from typing import Any

from callcost.worker.worker import EMPTY_CALL, OWN_UNROLL

TARGET_EPOCH_NS = 100_000
MAX_UNROLL = 100
MIN_LOOPS = 4
# Calls that take long traces to compile have settled after half as many.
SETTLE_TURNS = 100_000
CHEAPEST_EPOCH_NS = 40_000
DEAREST_EPOCH_NS = 20_000_000


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
class Example:
    """A call with other arguments than are timed, and what it must return or raise.

    So that a contender which always returns the same does not pass. `given` tells a reader what
    the arguments are; the set-up is whole, as each example has names of its own.
    """

    given: str
    setup: str
    call: str
    expect: str | None
    view: str | None = None
    raises: str | None = None


@dataclass(frozen=True)
class Contender:
    """A call to be measured, as source text: set-up, call expression, and the expected value.

    `expect` is an expression too; None compares nothing. `view`, where given, is an expression
    of `result` whose value is compared in the result's place: what the call has changed, or the
    inside of an object. `raises` is an expression for what the call must raise instead of
    returning: an exception class, or an instance whose message is compared too.
    `examples` are evaluated before and after the timing, beside the call itself. `alone` is for
    one whose processes have no other contender, so that it may change in them what it likes.
    `report` is an expression that is evaluated once in each process, when the timing is over,
    and whose value is handed back. `own_loops` gives a contender that is compared with nobody
    an epoch of its own size: so many turns of its loop, each of `Plan.max_unroll` calls.

    `program`, where given, is a command that makes the calls and times them in place of an
    expression (`worker.Program` tells how it answers); `call` then only says what it calls, and
    each turn of its loop makes OWN_UNROLL calls.
    """

    name: str
    setup: str
    call: str
    expect: str | None = None
    binaries: tuple[Binary, ...] = ()
    report: str | None = None
    own_loops: int | None = None
    view: str | None = None
    raises: str | None = None
    program: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    alone: bool = False


ELSEWHERE = " @ "
"""Between the name of a group and that of the environment that it is measured in."""


@dataclass(frozen=True)
class Environment:
    """Another interpreter than the running one, and what is needed to measure in it.

    `python` is its executable. `facts` are those that its worker says of it, `modules` the
    files of modules that are not installed there, `missing` the reasons for those that it was
    asked to import and cannot.
    """

    name: str
    python: str
    facts: dict[str, str]
    modules: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """Contenders that are compared with each other; their names differ.

    `floors` are timed in the same passes to show what lies below them, and compete for no rank.
    All of them live in one environment, None for the interpreter that runs this.
    """

    name: str
    contenders: tuple[Contender, ...]
    _: KW_ONLY
    floors: tuple[Contender, ...] = ()
    environment: Environment | None = None

    @property
    def members(self) -> tuple[Contender, ...]:
        """All that the group was made for: what a run adds to it does not count."""
        return self.contenders + self.floors

    @property
    def place(self) -> str:
        """The name of the environment; empty for the interpreter that runs this."""
        return "" if self.environment is None else self.environment.name

    @property
    def compiles_loops(self) -> bool:
        """Whether the interpreter makes machine code of a loop, as all but CPython do."""
        facts = {} if self.environment is None else self.environment.facts
        return facts.get("implementation", sys.implementation.name) != "cpython"


def make_group(
    name: str,
    contenders: Iterable[Contender],
    floors: Iterable[Contender],
    environment: Environment | None = None,
) -> Group:
    """Makes a group; floors that are left alone are compared with each other instead."""
    ranked, unranked = tuple(contenders), tuple(floors)
    if not ranked:
        ranked, unranked = unranked, ()
    return Group(name, ranked, floors=unranked, environment=environment)


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

# The same for a compiler that would take a call of `abs` out of the loop: one of a loop in the
# interpreter itself, which it does not look into.
COMPILED_YARDSTICK = Contender(
    "yardstick",
    "yardstick = [1, 2, 3, 4] * 8; operand = 5",
    "yardstick.count(operand)",
    "0",
    own_loops=800,
)


def controls_for(group: Group, number: int) -> Controls:
    """Chooses a group's controls; `number` rotates the twin over the contenders of a run."""
    twin_of = number % len(group.contenders)
    original = group.contenders[twin_of]
    twin = replace(original, name=f"twin of {original.name}", report=None)
    yardstick = COMPILED_YARDSTICK if group.compiles_loops else YARDSTICK
    return Controls(EMPTY, twin, yardstick, twin_of)


@dataclass(frozen=True)
class Plan:
    """How one group is timed in each process: an epoch is `loops` times `unroll` literal calls.

    `layouts` is the number of places on the stacks that the epochs are timed from. `max_unroll`
    is how many literal calls an epoch may have, and the yardstick has; `settle_turns` how many
    turns each epoch's loop makes before anything is timed.
    """

    unroll: int
    loops: int
    warm_loops: int
    passes: int
    layouts: int = 1
    max_unroll: int = MAX_UNROLL
    settle_turns: int = 0

    @property
    def calls(self) -> int:
        """The number of calls in an epoch, the same for every contender of the group."""
        return self.unroll * self.loops


def plan_epochs(
    call_ns: list[float], passes: int, max_unroll: int = MAX_UNROLL, least_calls: int = 1
) -> Plan:
    """Chooses the calls per epoch so that the mean contender of a group takes about 0.1 ms.

    `call_ns` has those that share the count; programs have counts of their own.

    One count for all: counts chosen per contender would bias their ratios. `least_calls` is
    for where that would be too few.
    """
    mean_ns = sum(call_ns) / len(call_ns)
    calls = max(least_calls, round(TARGET_EPOCH_NS / mean_ns))
    unroll = min(max_unroll, max(1, calls // MIN_LOOPS))
    loops = max(1, calls // unroll)
    warm_loops = 1 if loops >= MIN_LOOPS else 0
    return Plan(unroll, loops, warm_loops, passes, max_unroll=max_unroll)


def plan_program(program: Contender, call_ns: float) -> Contender:
    """Chooses a program's own number of calls: its loop takes a fraction of what Python's does."""
    return replace(program, own_loops=max(1, round(TARGET_EPOCH_NS / call_ns / OWN_UNROLL)))


def describe_group(
    contenders: tuple[Contender, ...], plan: Plan, cpu_stat: Iterable[str] = ()
) -> dict[str, Any]:
    """Puts one group into the form that the worker reads.

    `cpu_stat` names the files that tell whether a quota held the worker back.
    """
    described = [asdict(contender) for contender in contenders]
    return {**asdict(plan), "contenders": described, "cpu_stat": list(cpu_stat)}


SCOUTING = Plan(unroll=1, loops=1, warm_loops=0, passes=0)
# Where loops are compiled, a turn costs next to nothing, and many calls in one loop are more
# than a trace may hold: the compiler would give up on what it compiles in every program.
SCOUTING_COMPILED = replace(SCOUTING, max_unroll=1, settle_turns=SETTLE_TURNS)


def least_calls(group: Group, call_ns: list[float]) -> int:
    """Tells how many calls an epoch must have: where loops are compiled, more than elsewhere.

    Their first turns are still interpreted, which must not matter to the cheapest contender,
    whatever that makes of the dearest (up to DEAREST_EPOCH_NS).
    """
    if not group.compiles_loops:
        return 1
    own_ns = call_ns[: len(group.contenders)]
    return max(1, int(min(CHEAPEST_EPOCH_NS / min(own_ns), DEAREST_EPOCH_NS / max(own_ns))))


def scouting_plan(group: Group) -> Plan:
    """Returns the plan by which a group is checked and roughly timed."""
    return SCOUTING_COMPILED if group.compiles_loops else SCOUTING
