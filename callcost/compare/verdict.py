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
from scipy import stats

from callcost.compare.rows import Cell, RowTimes
from callcost.compare.rules import CONFIDENCE, Rules
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
    twins: tuple[Interval, Interval]
    pairs: int
    again: bool


def decide(times: RowTimes, rules: Rules) -> Verdict:
    """Decides one row by all pairs that there are."""
    logs = pair_logs(times)
    change = share_interval(logs, rules.confidence)
    base_twin, head_twin = (share_interval(twin, CONFIDENCE) for twin in twin_logs(times))
    floor = max(abs(base_twin.value), abs(head_twin.value))
    again = len(times.quartets) > times.first
    base_ns, head_ns = costs_ns(times)
    word = _word(change, max(rules.threshold, floor), rules.threshold)
    if word in (SLOWER, FASTER) and again:
        word = _confirmed(word, logs[len(PAIRS) * times.first :], rules.threshold)
    return Verdict(word, change, floor, base_ns, head_ns, (base_twin, head_twin), len(logs), again)


def _word(change: Interval, limit: float, threshold: float) -> str:
    """Finds the word for an interval; the comparisons are false where it is not known (NaN)."""
    if change.low > limit:
        return SLOWER
    # A ratio of 1 / (1 + limit) is as far from 1 as one of 1 + limit.
    if change.high < 1 / (1 + limit) - 1:
        return FASTER
    if change.low > 1 / (1 + threshold) - 1 and change.high < threshold:
        return SAME
    return CANNOT_TELL


def _confirmed(word: str, fresh: Floats, threshold: float) -> str:
    """Keeps a verdict only if the processes that came after it was first suspected agree."""
    value = float(np.expm1(stats.trim_mean(fresh[~np.isnan(fresh)], TRIM)))
    agrees = value > threshold if word == SLOWER else value < 1 / (1 + threshold) - 1
    return word if agrees else CANNOT_TELL


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
    found: list[float] = []
    for epochs in times.quartets:
        logs = np.log(np.where(epochs > 0, epochs, np.nan))
        found += [float(interquartile_mean(logs[[a]] - logs[[b]])[0]) for a, b in pairs]
    return np.array(found)


def share_interval(logs: Floats, confidence: float) -> Interval:
    """Estimates the change behind the logs of ratios, as a share: 0.02 is 2% more."""
    known = logs[~np.isnan(logs)]
    if known.size < MIN_PROCESSES:
        value = float(stats.trim_mean(known, TRIM)) if known.size else np.nan
        return Interval(float(np.expm1(value)), np.nan, np.nan)
    found = trimmed_interval(known, confidence)
    return Interval(*(float(np.expm1(end)) for end in (found.value, found.low, found.high)))


def costs_ns(times: RowTimes) -> tuple[float, float]:
    """Estimates what a call takes on either side, in ns, loop included."""
    sides = []
    for processes in ((0, 1), (2, 3)):
        means = [
            interquartile_mean(np.where(epochs > 0, epochs, np.nan)[[process]])[0]
            for epochs in times.quartets
            for process in processes
        ]
        sides.append(trimmed_interval(np.array(means) / times.calls).value)
    return sides[0], sides[1]
