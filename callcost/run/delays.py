"""Delays of a known size, injected in C: what they took there, and what they add to a call.

`callcost calibrate` weighs many of them. A measuring run weighs a few beside its groups, as a
control of its own: does what is put into a call appear in full in what it is said to cost?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import linear_regression

import numpy as np
import numpy.typing as npt

from callcost.errors import CallcostError
from callcost.estimate.estimate import GroupEstimate, Interval, trimmed_interval
from callcost.model.job import Contender, Group
from callcost.run.coordinator import GroupTimes, Run

Floats = npt.NDArray[np.float64]

NAME = "injected delays"
# What a run injects. The slope hangs on how far its ends lie apart; the points between them
# show that it is a line.
CONTROL_NS = (0, 20, 50, 100, 200)
# Only delays from here on enter the slope: a shorter one is partly hidden, as the processor
# runs it beside what comes before and after. The steps are whole, and miss their target a little.
FIT_FROM_NS = 20
FIT_SLACK = 0.95
# A slope that is off by more than this, interval and all, is wrong. As far as a twin may be off
# (TWIN_LIMIT): a scale that is wrong by so much is as bad. A calm machine keeps within a tenth of
# it; on a busy one the slope wanders by half of it and more, and its interval is as wide.
SLOPE_LIMIT = 0.02


class NoDelaysError(CallcostError):
    """Why no delays can be injected, as one sentence without its stop."""


@dataclass(frozen=True)
class Point:
    """One injected delay: what it took inside C, and what it added to the measured call, in ns."""

    injected_ns: float
    measured: Interval
    fitted: bool


@dataclass(frozen=True)
class Delays:
    """The line through the points that are `fitted`: measured = slope x injected + intercept.

    The slope is without unit, and 1 if the instrument is right. An intercept below 0 is the part
    of each delay that the processor hides.
    """

    slope: Interval
    intercept_ns: Interval
    points: list[Point]

    @property
    def failed(self) -> bool:
        """True where delays were not measured at their size; False where that is not known."""
        return self.slope.low > 1 + SLOPE_LIMIT or self.slope.high < 1 - SLOPE_LIMIT


def control_group(groups: Sequence[Group]) -> Group:
    """Makes the delays that a run carries beside its groups; raises NoDelaysError."""
    if all(group.environment is not None for group in groups):
        raise NoDelaysError("nothing is measured in this interpreter")
    if any(group.name == NAME for group in groups):
        raise NoDelaysError(f"another group is called {NAME}")
    steps = choose_steps(CONTROL_NS)
    if len(set(steps)) < len(steps):
        raise NoDelaysError("a step of a delay takes longer than the shortest of them should")
    return delay_group(steps)


def choose_steps(targets_ns: Sequence[int]) -> list[int]:
    """Chooses how many steps make each target on this machine; raises NoDelaysError."""
    try:
        from callcost.run._delay import delay_ns
    except ImportError as error:
        raise NoDelaysError(
            f"the test weights were not built ({error}); install callcost again with a C compiler "
            "and Python's headers at hand"
        ) from error
    many = 1000
    step_ns = min(delay_ns(many, 200) for _ in range(20)) / many
    return [round(target_ns / step_ns) for target_ns in targets_ns]


def delay_group(steps: Sequence[int]) -> Group:
    """Makes one contender per delay; the first also times every delay inside C, in each process."""
    in_c = f"[sorted(delay_ns(k, 500) for _ in range(21))[10] for k in {list(steps)}]"
    contenders = [
        Contender(
            f"delay of {count} steps",
            f"from callcost.run._delay import delay, delay_ns\nsteps = {count}",
            "delay(steps)",
            "None",
            report=in_c if number == 0 else None,
        )
        for number, count in enumerate(steps)
    ]
    return Group(NAME, tuple(contenders))


def timed_in_c(times: GroupTimes) -> list[list[float]]:
    """Returns what each process timed inside C, in ns: a list of all delays for each."""
    name = times.group.contenders[0].name
    return [reports[name] for reports in times.reports]


def estimate_delays(run: Run) -> Delays | None:
    """Estimates the control of injected delays that a run carried; None if it had none."""
    return None if run.delays is None else fit(run.delays)


def fit(times: GroupTimes) -> Delays:
    """Fits measured against injected delay, process by process.

    Both are less the first delay, which is none. The group may have other contenders, behind
    the delays.
    """
    estimate = GroupEstimate(times)
    in_c = np.array(timed_in_c(times)).T[:, estimate.usable]
    costs = estimate.gross_by_process[: len(in_c)]
    injected, measured = in_c - in_c[0], costs - costs[0]
    fitted = np.median(injected, axis=1) >= FIT_FROM_NS * FIT_SLACK
    lines = np.array(
        [_line(x, y) for x, y in zip(injected[fitted].T, measured[fitted].T, strict=True)]
    )
    points = [
        Point(float(np.median(x)), trimmed_interval(y), bool(used))
        for x, y, used in zip(injected, measured, fitted, strict=True)
    ]
    return Delays(trimmed_interval(lines[:, 0]), trimmed_interval(lines[:, 1]), points)


def _line(injected: Floats, measured: Floats) -> tuple[float, float]:
    """Returns slope and intercept; NaN where there is no line."""
    if np.unique(injected).size < 2:
        return np.nan, np.nan
    return linear_regression(injected.tolist(), measured.tolist())
