"""What is measured: contenders, in groups, and the controls that a run adds to each group."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass, field, replace

from callcost.worker.worker import EMPTY_CALL

ELSEWHERE = " @ "
"""Separates the name of a group from that of its environment."""


@dataclass(frozen=True)
class Binary:
    """A compiled file that a contender must use, with its hash from the build.

    `name` is its path in the installed package, the same on every machine. `module` is its import
    name, empty for a library that is not a module.
    """

    name: str
    path: str
    sha256: str
    module: str = ""


@dataclass(frozen=True)
class Example:
    """The call with other arguments, and what it must return or raise.

    Examples are checked but not timed: a contender that always returns the same value fails them.
    `given` describes the arguments. `setup` is complete, because each example has its own names.
    """

    given: str
    setup: str
    call: str
    expect: str | None
    view: str | None = None
    raises: str | None = None


@dataclass(frozen=True)
class Contender:
    """A call to measure, as source text: set-up, call expression, expected value.

    expect: an expression; the result must equal its value. None accepts any result.
    view: an expression of `result` to compare instead of the result, such as what the call has
        changed, or an object's content.
    raises: an expression for what the call must raise: an exception class, or an instance, whose
        message must be equal too.
    examples: checked before and after the timing, together with the call itself.
    alone: it has processes to itself, so it may change any state in them.
    report: an expression, evaluated once in each process after the timing; its value is returned.
    own_loops: overrides the epoch size of a contender that is not ranked: the turns of its loop,
        each of `Plan.max_unroll` calls.
    program: a command that makes and times the calls itself (see worker.Program). `call` then
        only names the call, and each turn of its loop makes OWN_UNROLL calls.
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


@dataclass(frozen=True)
class Environment:
    """Another interpreter, and what is needed to measure in it.

    python: its executable.
    facts: how its worker describes it.
    modules: the files of modules that are not installed there, by name.
    missing: the reason for each module that it cannot import.
    """

    name: str
    python: str
    facts: dict[str, str]
    modules: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """Contenders that are compared with each other; each name is unique.

    `floors` are timed in the same passes but have no rank: they show the cost of the call below
    Python. All belong to one environment; None is the running interpreter.
    """

    name: str
    contenders: tuple[Contender, ...]
    _: KW_ONLY
    floors: tuple[Contender, ...] = ()
    environment: Environment | None = None

    @property
    def members(self) -> tuple[Contender, ...]:
        """The contenders and the floors, without the controls that a run adds."""
        return self.contenders + self.floors

    def timed_with(self, controls: Controls) -> tuple[Contender, ...]:
        """Lists all that is timed together, in the order of rows: contenders, controls, floors."""
        return self.contenders + controls.contenders + self.floors

    @property
    def place(self) -> str:
        """The name of the environment; empty for the running interpreter."""
        return "" if self.environment is None else self.environment.name

    @property
    def compiles_loops(self) -> bool:
        """Whether the interpreter compiles loops to machine code, as all but CPython do."""
        return compiles_loops(self.environment)


def compiles_loops(environment: Environment | None) -> bool:
    """Tells whether an interpreter compiles loops to machine code, as all but CPython do."""
    facts = {} if environment is None else environment.facts
    return facts.get("implementation", sys.implementation.name) != "cpython"


def make_group(
    name: str,
    contenders: Iterable[Contender],
    floors: Iterable[Contender],
    environment: Environment | None = None,
) -> Group:
    """Makes a group; floors without any contenders become its contenders."""
    ranked, unranked = tuple(contenders), tuple(floors)
    if not ranked:
        ranked, unranked = unranked, ()
    return Group(name, ranked, floors=unranked, environment=environment)


@dataclass(frozen=True)
class Controls:
    """The contenders that a run adds to each group to check itself.

    `empty` is the loop without a call, `twin` an identical copy of the contender at index
    `twin_of`, `yardstick` a call that no change of the contenders can affect.
    """

    empty: Contender
    twin: Contender
    yardstick: Contender
    twin_of: int

    @property
    def contenders(self) -> tuple[Contender, ...]:
        """The controls, in the order in which they follow the group's own contenders."""
        return self.empty, self.twin, self.yardstick


EMPTY = Contender("empty loop", "", EMPTY_CALL)
# About 20 microseconds of a builtin function: long enough to tell a slow phase from the clock's
# noise, even in groups whose calls are so long that an epoch has only one.
YARDSTICK = Contender(
    "yardstick", "yardstick = abs; operand = -1", "yardstick(operand)", "1", own_loops=20
)
# A compiler would move a call of `abs` out of the loop. This call loops inside the interpreter,
# out of the compiler's reach.
COMPILED_YARDSTICK = Contender(
    "yardstick",
    "yardstick = [1, 2, 3, 4] * 8; operand = 5",
    "yardstick.count(operand)",
    "0",
    own_loops=800,
)


def controls_for(group: Group, number: int) -> Controls:
    """Chooses a group's controls; `number` decides which contender gets the twin."""
    twin_of = number % len(group.contenders)
    original = group.contenders[twin_of]
    twin = replace(original, name=f"twin of {original.name}", report=None)
    yardstick = COMPILED_YARDSTICK if group.compiles_loops else YARDSTICK
    return Controls(EMPTY, twin, yardstick, twin_of)
