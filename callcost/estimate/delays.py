"""Estimates injected delays: each must add its full size to the measured call."""

from __future__ import annotations

from statistics import linear_regression

import numpy as np
import numpy.typing as npt

from callcost.estimate.estimate import GroupEstimate, trimmed_interval
from callcost.model.delays import Delays, Point
from callcost.model.run import GroupTimes, Run

Floats = npt.NDArray[np.float64]

# The slope is fitted to delays from here on: the processor partly hides a shorter one, as it runs
# it in parallel with its surroundings. Delays are whole steps, so they miss their target a little.
FIT_FROM_NS = 20
FIT_SLACK = 0.95


def timed_in_c(times: GroupTimes) -> list[list[float]]:
    """Returns for each process what it timed inside C: ns, one value per delay."""
    name = times.group.contenders[0].name
    return [reports[name] for reports in times.reports]


def estimate_delays(run: Run) -> Delays | None:
    """Estimates the injected delays of a run; None if it had none."""
    return None if run.delays is None else fit(run.delays)


def fit(times: GroupTimes) -> Delays:
    """Fits measured against injected delay, process by process.

    The first delay is zero, and is subtracted from both. The group may have other contenders
    after the delays.
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
    """Returns slope and intercept; NaN if the delays do not differ."""
    if np.unique(injected).size < 2:
        return np.nan, np.nan
    return linear_regression(injected.tolist(), measured.tolist())
