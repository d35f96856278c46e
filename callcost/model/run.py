"""The results of a run: the times of each group, the failures, and the run's progress."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from callcost.model.contender import Contender
from callcost.model.group import Controls, Group
from callcost.model.plan import Plan, Settings
from callcost.worker.worker import OWN_UNROLL

Times = npt.NDArray[np.int64]

NO_COST = "no cost"
"""The kind of failure of a call that a compiler has optimised away."""


@dataclass(frozen=True)
class Failure:
    """Why a contender has no result."""

    group: str
    contender: str
    kind: str
    message: str

    def __str__(self) -> str:
        return f"{self.group}: {self.contender}: {self.kind}: {self.message}"


@dataclass
class GroupTimes:
    """The times of one group in each process.

    processes: an array per process, with a row for each of `contenders`, then one for the empty
        loop of each program among them, and a column per pass: ns per epoch, negative if the
        epoch was preempted.
    reports: for each process, the values that contenders reported, by contender.
    layouts: the layout that each process has loaded; AS_BUILT for the files as built.
    rounds: the round of the run that each process belongs to.
    """

    group: Group
    controls: Controls
    plan: Plan
    processes: list[Times] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    layouts: list[int] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)

    @property
    def contenders(self) -> tuple[Contender, ...]:
        """The group's own contenders, then the controls, then the floors."""
        return self.group.timed_with(self.controls)

    def calls(self, row: int) -> int:
        """Returns the number of calls in an epoch of a contender."""
        contender = self.contenders[row]
        if contender.own_loops is None:
            return self.plan.calls
        return contender.own_loops * (OWN_UNROLL if contender.program else self.plan.max_unroll)

    def empty_row(self, row: int) -> int:
        """Returns the row of a contender's empty loop: its program's own, or Python's."""
        contenders = self.contenders
        if not contenders[row].program:
            return len(self.group.contenders)
        return len(contenders) + sum(bool(before.program) for before in contenders[:row])


@dataclass
class Run:
    """All results of one run.

    `delays` is the control of injected delays, separate from the groups. `delays_missing` says why
    it is missing; it is None if no delays were requested.
    """

    settings: Settings
    cpu: int | None
    seed: int
    groups: dict[str, GroupTimes] = field(default_factory=dict)
    failures: dict[tuple[str, str], Failure] = field(default_factory=dict)
    hash_seeds: list[int] = field(default_factory=list)
    not_pinned: str | None = None
    interrupted: bool = False
    wall_s: float = 0.0
    throttled_passes: int = 0
    state: dict[str, Any] = field(default_factory=dict)
    delays: GroupTimes | None = None
    delays_missing: str | None = None

    def finished(self) -> dict[str, GroupTimes]:
        """Returns the groups that enough processes have timed."""
        enough = self.settings.min_processes
        return {
            name: times for name, times in self.groups.items() if len(times.processes) >= enough
        }


@dataclass(frozen=True)
class Progress:
    """How far a run has come."""

    done: int
    total: int
    what: str
