"""Finds where a series has changed its level: advice, not a verdict.

Looked for in the logs of the ratios to the control, by fastcpd: a change of the mean, with the
noise estimated from the differences of neighbours and a penalty that grows with the series'
length (Killick's PELT with the modified BIC). What it finds in three runs, or what is smaller
than the instrument's own error, is dropped.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from callcost.history.store import Point, Series

# A level must hold for so many runs: one or two may be a restless night.
MIN_RUNS = 3
# The same as the instrument's own smallest effect; estimate.py is slow to import.
MIN_CHANGE = 0.005


@dataclass(frozen=True)
class Change:
    """A lasting change of a series, first seen in `point`, last not seen in `before`.

    `ratio_before` and `ratio_after` are the medians of the two levels.
    """

    before: Point
    point: Point
    ratio_before: float
    ratio_after: float

    @property
    def share(self) -> float:
        """By how much the ratio has grown: 0.04 is 4%; below 0 it has become cheaper."""
        return self.ratio_after / self.ratio_before - 1


def find(series: Series) -> list[Change]:
    """Finds the changes of a series, the oldest first; none where they are `missing`."""
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
    """Says why changes cannot be looked for here; empty if they can."""
    if find_spec("fastcpd") is not None:
        return ""
    return (
        "Changes are not looked for, as fastcpd is not installed: pip install 'callcost[history]' "
        "(it has no wheel for Linux on ARM, Python 3.15 or free-threaded Python)."
    )


def _split(logs: Sequence[float]) -> list[int]:
    """Returns where each level begins, the first one's 0 included, and the series' length."""
    if len(logs) < 2 * MIN_RUNS or missing():
        return [0, len(logs)]
    # Imported late: a history that is still short does without.
    import numpy as np
    from fastcpd import segmentation

    found = segmentation.mean(np.array(logs).reshape(-1, 1))
    return [0, *sorted(int(place) for place in found.cp_set), len(logs)]


def _lasting(logs: Sequence[float], edges: Sequence[int]) -> list[int]:
    """Takes out the edges, the least change first, that end no level of MIN_RUNS or are too small.

    A level that is too short goes into the neighbour that it differs from least, so that a
    single bad night leaves no mark.
    """
    kept = list(edges)
    while len(kept) > 2:
        inner = range(1, len(kept) - 1)
        sizes = {place: _change(logs, kept, place) for place in inner}
        brief = [place for place in inner if _is_brief(kept, place)]
        small = [place for place in inner if sizes[place] < math.log1p(MIN_CHANGE)]
        doubtful = brief or small
        if not doubtful:
            break
        del kept[min(doubtful, key=lambda place: sizes[place])]
    return kept


def _change(logs: Sequence[float], edges: Sequence[int], place: int) -> float:
    start, edge, end = edges[place - 1 : place + 2]
    return abs(statistics.median(logs[start:edge]) - statistics.median(logs[edge:end]))


def _is_brief(edges: Sequence[int], place: int) -> bool:
    start, edge, end = edges[place - 1 : place + 2]
    return min(edge - start, end - edge) < MIN_RUNS
