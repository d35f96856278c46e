"""Contenders that are measured together, where they run, and the controls that a run adds."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass, replace

from callcost.model.contender import Contender
from callcost.model.layout import Layout
from callcost.worker.worker import EMPTY_CALL

ELSEWHERE = " @ "
"""Separates the name of a group from that of its environment."""


@dataclass(frozen=True)
class Environment:
    """Another interpreter, and what is needed to measure in it.

    python: its executable.
    facts: how its worker describes it.
    layouts: its further layouts, which differ only in how libraries are linked.
    """

    name: str
    python: str
    facts: dict[str, str]
    layouts: tuple[Layout, ...] = ()


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
    def workload(self) -> str:
        """The name without that of the environment."""
        return self.name.partition(ELSEWHERE)[0]

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
