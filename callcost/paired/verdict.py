"""Decides what the times of two sides show for one row.

In a quartet, the faster process of each side counts: what memory a process gets can slow it down
for life. Their log ratio is the interquartile mean, over passes, of the log of the two epochs'
ratio. The row's is the trimmed mean over quartets, with its interval (sequence.py), which may be
looked at after every quartet. If both sides exist in several layouts, the quartets of each count
as one, since they share what their layout does to them. The two processes of one side, compared in
the same way, show the noise.

What is not known (NaN, or too few epochs) decides nothing: an unknown figure makes every
comparison below false.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from callcost.estimate.estimate import (
    CONFIDENCE,
    MIN_PROCESSES,
    interquartile_mean,
    trimmed_interval,
)
from callcost.estimate.trimmed import trim_mean, trimmed_error
from callcost.model.interval import Interval
from callcost.paired import sequence
from callcost.paired.rows import QUARTET, PairedTimes
from callcost.paired.rules import Rules, mirrored

Floats = npt.NDArray[np.float64]

SLOWER, FASTER, SAME = "slower", "faster", "same"
# Faster or the same: only a slowdown beyond the threshold is ruled out.
NOT_SLOWER = "not slower"
UNDECIDED = "could not be decided"
# In the order of a report.
WORDS = (SLOWER, FASTER, UNDECIDED, NOT_SLOWER, SAME)
# A row with one of these words needs no further quartets.
SETTLED = (SLOWER, FASTER, SAME)
# Two processes are compared if they share this many epochs without a preemption.
MIN_EPOCHS = 5
# In a quartet: a head and a base twice, and the two processes of each side.
PAIRS = ((2, 0), (3, 1))
TWINS = ((1, 0), (3, 2))
# Before so many quartets, a few disturbed processes can look like a spread: no row is given up.
PATIENT_QUARTETS = 20
# A row is given up if its interval will be wider by this factor than what could settle it.
HOPELESS = 1.5


@dataclass(frozen=True)
class Verdict:
    """What one row shows; changes are shares of the base, 0.02 is 2% slower.

    `change` has the deciding interval, corrected for the number of rows. `floor` is the difference
    between two processes of the same side. `base_ns` and `head_ns` are the time of a call with its
    loop. `as_built` is the change of the builds
    as they are, in one layout, and `spread` the standard deviation of the change over layouts, NaN
    if there is only one.
    """

    word: str
    change: Interval
    floor: float
    base_ns: float
    head_ns: float
    quartets: int
    as_built: Interval
    spread: float


def decide(times: PairedTimes, rules: Rules) -> Verdict:
    """Decides one row by all its quartets."""
    units, quartets = _units(times)
    change = share_interval(units, rules.confidence, quartets)
    floor = _floor(times)
    base_ns, head_ns = costs_ns(times)
    word = _word(change, floor, rules.threshold)
    as_built = share_interval(_in_layout(times, 0), CONFIDENCE)
    spread = _spread(layout_logs(times))
    return Verdict(word, change, floor, base_ns, head_ns, quartets, as_built, spread)


def _units(times: PairedTimes) -> tuple[Floats, int]:
    """The independent logs, one for each layout or else quartet, and the number of quartets."""
    logs = quartet_logs(times)
    by_layout = layout_logs(times)
    return _known(by_layout if by_layout.size > 1 else logs), int(_known(logs).size)


def _word(change: Interval, floor: float, threshold: float) -> str:
    """Names what an interval shows."""
    if not np.isfinite([change.low, change.high, floor]).all():
        return UNDECIDED
    beyond = direction(change, max(threshold, floor))
    if beyond == SLOWER:
        return SLOWER
    if not excludes_slower(change, threshold):
        return UNDECIDED
    if beyond == FASTER:
        return FASTER
    return SAME if change.low > mirrored(threshold) else NOT_SLOWER


def hopeless(times: PairedTimes, rules: Rules, layouts: int, quartets: int) -> bool:
    """Tells whether so many further quartets would not settle a row, as far as one can see.

    They reduce the noise within a layout, but not how far `layouts` differ. The value may still
    move by two standard errors; what settles a row is its distance from the threshold.
    """
    units, known = _units(times)
    if len(times.quartets) < PATIENT_QUARTETS or units.size < MIN_PROCESSES:
        return False
    known_then = known + quartets
    units_then = known_then if layouts == 1 else min(layouts, units.size + quartets)
    noise = _noise(times) if layouts > 1 else 0.0
    error = float(trimmed_error(units)[0])
    between = max(0.0, error**2 * units.size - noise * units.size / known)
    spread = math.sqrt(between + noise * units_then / known_then)
    reach = sequence.reach(units_then, known_then, rules.confidence) * spread
    value, limit = abs(float(trim_mean(units))), math.log1p(rules.threshold)
    nearest, farthest = max(0.0, value - 2 * error), value + 2 * error
    return bool(reach > HOPELESS * max(abs(nearest - limit), abs(farthest - limit)))


def _noise(times: PairedTimes) -> float:
    """The variance of a quartet within its layout, which two processes of a side show."""
    logs = _known(np.concatenate(twin_logs(times)))
    return float(trimmed_error(logs)[0]) ** 2 * logs.size


def direction(change: Interval, limit: float) -> str | None:
    """Returns SLOWER or FASTER if the whole interval is beyond a limit; None if not, or if NaN."""
    if change.low > limit:
        return SLOWER
    return FASTER if change.high < mirrored(limit) else None


def excludes_slower(change: Interval, threshold: float, doubt: float = 0.0) -> bool:
    """Tells whether a change is certainly below the threshold, even if it is off by `doubt`."""
    return (1 + change.high) * (1 + doubt) - 1 < threshold


def _floor(times: PairedTimes) -> float:
    """The larger difference within one side; NaN if either side's is unknown."""
    twins = twin_logs(times)
    if min(_known(twin).size for twin in twins) < MIN_PROCESSES:
        return np.nan
    return max(abs(_share(twin)) for twin in twins)


def quartet_logs(times: PairedTimes) -> Floats:
    """The log of head by base of every quartet, in the order of measuring.

    It compares the faster process of each side.
    """
    logs = np.log(_epochs_ns(times))
    levels = interquartile_mean(logs.reshape(-1, logs.shape[-1])).reshape(-1, len(QUARTET))
    # A process without any epoch is not the faster one.
    levels = np.where(np.isnan(levels), np.inf, levels)
    quartets = np.arange(len(logs))
    base, head = (
        logs[quartets, first + levels[:, first : first + 2].argmin(axis=1)] for first in (0, 2)
    )
    return _known_means(head - base)


def pair_logs(times: PairedTimes) -> Floats:
    """The log of head by base of every pair of processes, two for each quartet."""
    return _logs(times, PAIRS)


def layout_logs(times: PairedTimes) -> Floats:
    """The mean log of the quartets of each layout, in the order of the layouts' numbers."""
    known = [_known(_in_layout(times, layout)) for layout in sorted(set(times.layouts))]
    return np.array([logs.mean() if logs.size else np.nan for logs in known])


def _in_layout(times: PairedTimes, layout: int) -> Floats:
    found: Floats = quartet_logs(times)[np.array(times.layouts, dtype=np.int64) == layout]
    return found


def _spread(by_layout: Floats) -> float:
    known = _known(by_layout)
    return float(np.expm1(np.std(known, ddof=1))) if known.size > 1 else np.nan


def twin_logs(times: PairedTimes) -> tuple[Floats, Floats]:
    """The same for the two processes of base, and of head: the A/A controls."""
    base, head = (_logs(times, [twin]) for twin in TWINS)
    return base, head


def _logs(times: PairedTimes, pairs: Sequence[tuple[int, int]]) -> Floats:
    """The log of one process by another, quartet by quartet; NaN if they share too few epochs."""
    logs = np.log(_epochs_ns(times))
    ratios = np.stack([logs[:, a] - logs[:, b] for a, b in pairs], axis=1)
    return _known_means(ratios.reshape(-1, ratios.shape[-1]))


def _known_means(ratios: Floats) -> Floats:
    """Averages each row of logs; NaN if it has too few."""
    enough = np.count_nonzero(~np.isnan(ratios), axis=1) >= MIN_EPOCHS
    found: Floats = np.where(enough, interquartile_mean(ratios), np.nan)
    return found


def _known(logs: Floats) -> Floats:
    known: Floats = logs[np.isfinite(logs)]
    return known


def _epochs_ns(times: PairedTimes) -> Floats:
    """All epochs of a row, (quartets, 4, passes); NaN if preempted."""
    if not times.quartets:
        return np.empty((0, len(QUARTET), 1))
    epochs = np.stack(times.quartets)
    found: Floats = np.where(epochs > 0, epochs, np.nan)
    return found


def share_interval(logs: Floats, confidence: float, looks: int | None = None) -> Interval:
    """Estimates the change from logs of ratios, as a share: 0.02 is 2% more.

    `looks` is the number of quartets if the logs are means of several.
    """
    known = _known(logs)
    ends = (np.nan, np.nan)
    if known.size >= MIN_PROCESSES:
        low, high = sequence.ends(known, known.size if looks is None else looks, confidence)
        if np.isfinite(high):
            ends = float(np.expm1(low)), float(np.expm1(high))
    return Interval(_share(logs), *ends)


def _share(logs: Floats) -> float:
    """Estimates the change without its interval; NaN if no log is known."""
    known = _known(logs)
    return float(np.expm1(trim_mean(known))) if known.size else np.nan


def costs_ns(times: PairedTimes) -> tuple[float, float]:
    """Estimates the time of a call on each side, in ns, with the loop."""
    epochs = _epochs_ns(times)
    base_ns, head_ns = (
        trimmed_interval(interquartile_mean(ns.reshape(-1, ns.shape[-1])) / times.calls).value
        for ns in (epochs[:, :2], epochs[:, 2:])
    )
    return base_ns, head_ns
