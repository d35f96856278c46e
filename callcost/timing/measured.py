"""What was measured of one expression or of two."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from callcost.estimate.estimate import MIN_EFFECT, MIN_PROCESSES, TWIN_LIMIT
from callcost.model.interval import Interval

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cost:
    """The cost of a call in ns: net of the empty loop, gross, and net in each process."""

    net_ns: Interval
    gross_ns: Interval
    processes_ns: Floats
    preempted: int


@dataclass(frozen=True)
class Measured:
    """The costs of each expression, and the controls.

    `ratio` is the first cost as a multiple of the second; None for a single expression. `twin` is
    the ratio of two copies of the same code, 1 without disturbance. `control` is the ratio of the
    costs of a builtin function in the processes of both sides. `disturbed_share` is None if
    disturbed passes are not filtered out.
    """

    costs: tuple[Cost, ...]
    ratio: Interval | None
    twin: Interval
    empty_ns: Interval
    samples: int
    processes: int
    processes_used: int
    epochs: int
    cpu: int | None
    wall_s: float
    control: Interval | None = None
    disturbed_share: float | None = None
    filtered: bool = True
    not_pinned: str | None = None
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def preempted(self) -> int:
        """The number of epochs of the expressions that were dropped as preempted."""
        return sum(cost.preempted for cost in self.costs)

    @property
    def too_few_left(self) -> bool:
        """Whether too few undisturbed epochs are left to estimate a cost."""
        return any(np.isnan(cost.net_ns.low) for cost in self.costs)

    @property
    def inconclusive(self) -> bool:
        """Whether no result can be trusted, for example because two copies of one code differed."""
        if self.too_few_left:
            return True
        if not self.costs[0].net_ns.low > 0:
            return False
        far = self.twin.low > 1 + TWIN_LIMIT or self.twin.high < 1 - TWIN_LIMIT
        return bool(far or np.isnan(self.twin.value) or self.samples < MIN_PROCESSES)

    @property
    def trusted_share(self) -> float:
        """The smallest difference that can be trusted, from the twin: 0.01 is 1%."""
        ends = [abs(end - 1) for end in (self.twin.low, self.twin.high) if not np.isnan(end)]
        return max(MIN_EFFECT, *ends) if ends else MIN_EFFECT

    @property
    def direction(self) -> str:
        """The first compared with the second: `slower`, `faster` or `same`."""
        ratio, limit = self.ratio, 1 + self.trusted_share
        assert ratio is not None
        if ratio.low > 1 + MIN_EFFECT and ratio.value > limit:
            return "slower"
        return "faster" if ratio.high < 1 / (1 + MIN_EFFECT) and ratio.value < 1 / limit else "same"

    @property
    def control_moved(self) -> bool:
        """Whether the processes of both sides differ in more than the two calls."""
        control = self.control
        return control is not None and (
            control.low > 1 + TWIN_LIMIT or control.high < 1 / (1 + TWIN_LIMIT)
        )

    def as_json(self) -> dict[str, Any]:
        """Return the facts of the measurement for `--json`."""
        return {
            "twin_ratio": self.twin.as_list(),
            "control_ratio": None if self.control is None else self.control.as_list(),
            "empty_loop_ns": self.empty_ns.as_list(),
            "processes": self.processes,
            "processes_used": self.processes_used,
            "disturbed_share": self.disturbed_share,
            "wall_s": self.wall_s,
            "not_pinned": self.not_pinned,
            "state": self.state,
        }
