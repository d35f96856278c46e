"""Decides what the times of two sides show: slower, faster, the same, or that they cannot tell.

A pair is one process of each side that took turns. Its ratio is the interquartile mean, over
passes, of the log of the two epochs' ratio; over pairs it is the trimmed mean, with the interval
that goes with it (`callcost.estimate`). The two processes of one side, compared in the same way,
show what a row does when nothing has changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from callcost.compare.rows import QUARTET, Cell, RowTimes
from callcost.compare.rules import Rules, mirrored
from callcost.estimate import (
    MIN_PROCESSES,
    TRIM,
    Interval,
    interquartile_mean,
    trimmed_interval,
)

Floats = npt.NDArray[np.float64]

SLOWER, FASTER, SAME, CANNOT_TELL = "slower", "faster", "same", "cannot tell"
# The pairs that a quartet holds: of a base and a head, and of two processes of one side.
PAIRS = ((2, 0), (3, 1))
TWINS = ((1, 0), (3, 2))


@dataclass(frozen=True)
class Verdict:
    """What one row shows; changes are shares of the base, 0.02 is 2% slower.

    `change` has the interval that the verdict rests on, corrected for the number of rows.
    `floor` is what two processes of the same side differed by, `base_ns` and `head_ns` what a
    call takes, loop included; `again` tells whether the row was measured again.
    """

    word: str
    change: Interval
    floor: float
    base_ns: float
    head_ns: float
    pairs: int
    again: bool


def decide(times: RowTimes, rules: Rules) -> Verdict:
    """Decides one row by all pairs that there are."""
    logs = pair_logs(times)
    change = share_interval(logs, rules.confidence)
    floor = max(abs(_share(twin)) for twin in twin_logs(times))
    again = len(times.quartets) > times.first
    base_ns, head_ns = costs_ns(times)
    word = direction(change, max(rules.threshold, floor))
    if word is None:
        word = SAME if _within(change, rules.threshold) else CANNOT_TELL
    elif again and not _confirmed(word, logs[len(PAIRS) * times.first :], rules.threshold):
        word = CANNOT_TELL
    return Verdict(word, change, floor, base_ns, head_ns, len(logs), again)


def direction(change: Interval, limit: float) -> str | None:
    """Names the side of a limit that a whole interval lies beyond; None if it lies beyond none.

    None too where the interval is not known (NaN): then all comparisons are false.
    """
    if change.low > limit:
        return SLOWER
    return FASTER if change.high < mirrored(limit) else None


def _within(change: Interval, threshold: float) -> bool:
    return change.low > mirrored(threshold) and change.high < threshold


def _confirmed(word: str, fresh: Floats, threshold: float) -> bool:
    """Tells whether the processes that came after a change was first suspected show it too."""
    value = _share(fresh)
    return value > threshold if word == SLOWER else value < mirrored(threshold)


def unsettled(rows: Mapping[Cell, RowTimes], rules: Rules) -> list[Cell]:
    """Names the rows that are not yet shown to be the same: what is flagged is among them."""
    return [cell for cell, times in rows.items() if decide(times, rules).word != SAME]


def pair_logs(times: RowTimes) -> Floats:
    """The log of head by base of every pair, in the order in which they were measured."""
    return _logs(times, PAIRS)


def twin_logs(times: RowTimes) -> tuple[Floats, Floats]:
    """The same of the two processes of base in every quartet, and of head: the A/A controls."""
    base, head = (_logs(times, [twin]) for twin in TWINS)
    return base, head


def _logs(times: RowTimes, pairs: Sequence[tuple[int, int]]) -> Floats:
    """The log of one process by another of the same quartet, quartet by quartet."""
    logs = np.log(_epochs_ns(times))
    ratios = np.stack([logs[:, a] - logs[:, b] for a, b in pairs], axis=1)
    return interquartile_mean(ratios.reshape(len(logs) * len(pairs), -1))


def _epochs_ns(times: RowTimes) -> Floats:
    """All epochs of a row, (quartets, 4, passes), NaN where they were preempted."""
    if not times.quartets:
        return np.empty((0, len(QUARTET), 1))
    epochs = np.stack(times.quartets)
    found: Floats = np.where(epochs > 0, epochs, np.nan)
    return found


def share_interval(logs: Floats, confidence: float) -> Interval:
    """Estimates the change behind the logs of ratios, as a share: 0.02 is 2% more."""
    known = logs[~np.isnan(logs)]
    if known.size < MIN_PROCESSES:
        return Interval(_share(logs), np.nan, np.nan)
    found = trimmed_interval(known, confidence)
    return Interval(*(float(np.expm1(end)) for end in (found.value, found.low, found.high)))


def _share(logs: Floats) -> float:
    """Estimates the change alone; NaN if no log is known."""
    known = logs[~np.isnan(logs)]
    return float(np.expm1(scipy.stats.trim_mean(known, TRIM))) if known.size else np.nan


def costs_ns(times: RowTimes) -> tuple[float, float]:
    """Estimates what a call takes on either side, in ns, loop included."""
    epochs = _epochs_ns(times)
    base_ns, head_ns = (
        trimmed_interval(interquartile_mean(ns.reshape(2 * len(ns), -1)) / times.calls).value
        for ns in (epochs[:, :2], epochs[:, 2:])
    )
    return base_ns, head_ns
