"""The data of a comparison: the same call on two sides, and its times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from callcost.model.contender import Contender
from callcost.model.group import COMPILED_YARDSTICK, YARDSTICK
from callcost.model.layout import Layout

Times = npt.NDArray[np.int64]

BASE, HEAD = "base", "head"
SIDES = (BASE, HEAD)
# The sides of a quartet's four processes.
QUARTET = (BASE, BASE, HEAD, HEAD)


@dataclass(frozen=True, order=True)
class Cell:
    """The name of a row: a workload through a mechanism."""

    workload: str
    mechanism: str

    def __str__(self) -> str:
        return f"{self.workload}-{self.mechanism}"


# The contender that neither side can have changed.
CONTROL = Cell("control", "builtin")


@dataclass(frozen=True)
class Side:
    """One of the two sides: the interpreter to measure in, and its `source` as people read it.

    `build` describes how the interpreter was built: two sides with the same build run the same
    machine code except for what is compared. `layouts` are further layouts of the same build.
    """

    name: str
    source: str
    python: str
    build: str
    compiles_loops: bool = False
    layouts: tuple[Layout, ...] = ()


@dataclass(frozen=True)
class PairedRow:
    """One call to be compared: the contender of each side."""

    cell: Cell
    base: Contender
    head: Contender

    def on(self, side: str) -> Contender:
        """Returns the contender of a side."""
        return self.base if side == BASE else self.head


def control_row(cell: Cell, *, compiled: bool) -> PairedRow:
    """Makes the row that neither side can have changed: a builtin function."""
    made = replace(COMPILED_YARDSTICK if compiled else YARDSTICK, own_loops=None)
    return PairedRow(cell, made, made)


@dataclass(frozen=True)
class RowFailure:
    """Why a row has no result: the error and its side."""

    cell: Cell
    side: str
    kind: str
    message: str

    def __str__(self) -> str:
        return f"{self.cell} in {self.side}: {self.kind}: {self.message}"


@dataclass
class PairedTimes:
    """The times of one row: the `calls` in each epoch and, for each quartet, its epochs.

    A quartet's array has a row per process of QUARTET and a column per pass, in ns, negative if
    the epoch was preempted. `layouts` has the layout of each quartet.
    """

    calls: int
    quartets: list[Times] = field(default_factory=list)
    layouts: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Reach:
    """The rows that a differing requirement does not reach (`same`), and those in doubt.

    `requirements` are the distributions that differ, `named` those that a SPEC names.
    """

    requirements: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    same: tuple[Cell, ...] = ()
    unknown: Mapping[Cell, str] = field(default_factory=dict)
