"""Estimates the injected delays: each must add its full size to the measured call."""

from __future__ import annotations

from statistics import linear_regression

import numpy as np
import numpy.typing as npt

from callcost.estimate.estimate import GroupEstimate, trimmed_interval
from callcost.model.delays import Delays, Point
from callcost.model.run import GroupTimes, Run

Floats = npt.NDArray[np.float64]

# The shortest delay that the line is fitted to. The processor partly hides a shorter one, because
# it runs it in parallel with other code. Delays are whole steps, so they differ a little from their
# targets.
FIT_FROM_NS = 20
FIT_SLACK = 0.95


def timed_in_c(times: GroupTimes) -> list[list[float]]:
    """Returns the delays as each process timed them inside C: a list per process, in ns."""
    name = times.group.contenders[0].name
    return [reports[name] for reports in times.reports]


def estimate_delays(run: Run) -> Delays | None:
    """Estimates the injected delays of a run; None if it had none."""
    return None if run.delays is None else fit(run.delays)


def fit(times: GroupTimes) -> Delays:
    """Fits measured against injected delays, process by process.

    The first delay is zero and is subtracted from both. Other contenders may follow the delays
    in the group.
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
    """Returns the slope and the intercept; NaN if all delays are equal."""
    if np.unique(injected).size < 2:
        return np.nan, np.nan
    return linear_regression(injected.tolist(), measured.tolist())
