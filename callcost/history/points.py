"""Finds lasting changes of a series: advice, not a verdict.

fastcpd finds changes of the mean in the logs of the ratios to the control. It estimates the noise
from differences of neighbours, and its penalty grows with the length of the series (Killick's PELT
with the modified BIC). Changes that last fewer than three runs, or are smaller than the
instrument's own error, are dropped.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from callcost.history.store import Point, Series

# The shortest level: one or two runs may be a noisy night.
MIN_RUNS = 3
# The instrument's smallest effect (MIN_EFFECT); estimate.py is slow to import.
MIN_CHANGE = 0.005


@dataclass(frozen=True)
class Change:
    """A lasting change of a series: `before` is the last point without it, `point` the first with.

    `ratio_before` and `ratio_after` are the medians of the two levels.
    """

    before: Point
    point: Point
    ratio_before: float
    ratio_after: float

    @property
    def share(self) -> float:
        """The growth of the ratio: 0.04 is 4%; below 0, the call became cheaper."""
        return self.ratio_after / self.ratio_before - 1


def find(series: Series) -> list[Change]:
    """Find the changes of a series, the oldest first; none without fastcpd."""
    points = [point for point in series.points if point.ratio]
    logs = [math.log(point.ratio) for point in points if point.ratio]
    edges = _lasting(logs, _split(logs))
    found = []
    for start, edge, end in zip(edges, edges[1:], edges[2:], strict=False):
        before, after = (
            math.exp(statistics.median(part)) for part in (logs[start:edge], logs[edge:end])
        )
        found.append(Change(points[edge - 1], points[edge], before, after))
    return found


def missing() -> str:
    """Say why changes cannot be found here; empty if they can."""
    if find_spec("fastcpd") is not None:
        return ""
    return (
        "Cannot look for changes: fastcpd is not installed. Install it: pip install "
        "'callcost[history]' (no wheel for Linux on ARM, Python 3.15 or free-threaded Python)."
    )


def _split(logs: Sequence[float]) -> list[int]:
    """Return the index at which each level begins, from 0, and the length of the series."""
    if len(logs) < 2 * MIN_RUNS or missing():
        return [0, len(logs)]
    # Imported late: a short history does not need them.
    import numpy as np
    from fastcpd import segmentation

    found = segmentation.mean(np.array(logs).reshape(-1, 1))
    return [0, *sorted(int(place) for place in found.cp_set), len(logs)]


def _lasting(logs: Sequence[float], edges: Sequence[int]) -> list[int]:
    """Remove edges of levels shorter than MIN_RUNS and edges of small changes, smallest first.

    A short level joins the neighbour that it differs least from, so that a single bad night does
    not leave a mark.
    """
    kept = list(edges)
    while len(kept) > 2:
        inner = range(1, len(kept) - 1)
        sizes = {place: _change(logs, *kept[place - 1 : place + 2]) for place in inner}
        brief = [p for p in inner if min(kept[p] - kept[p - 1], kept[p + 1] - kept[p]) < MIN_RUNS]
        doubtful = brief or [place for place in inner if sizes[place] < math.log1p(MIN_CHANGE)]
        if not doubtful:
            break
        del kept[min(doubtful, key=lambda place: sizes[place])]
    return kept


def _change(logs: Sequence[float], start: int, edge: int, end: int) -> float:
    return abs(statistics.median(logs[start:edge]) - statistics.median(logs[edge:end]))
