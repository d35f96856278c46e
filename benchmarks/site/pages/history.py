"""Makes the page of the history: every series with its changes, read one at a time."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from callcost.benchmarks.site import drawn
from callcost.benchmarks.site.drawing import Chart
from callcost.benchmarks.site.pages.page import Page
from callcost.benchmarks.site.pages.tabled import short
from callcost.history import points as changes
from callcost.history.points import Change
from callcost.history.store import Point, Series, Store

# A series with more runs than this is drawn as this many medians of neighbouring runs.
MOST_POINTS = 200


class Bin(NamedTuple):
    """Neighbouring runs of a series: the last one's time, the median cost, and the ends of all."""

    time: datetime
    cost_ns: float
    low_ns: float
    high_ns: float
    ratio: float | None
    runs: int


@dataclass(frozen=True)
class Told:
    """A series as the page shows it."""

    number: int
    series: Series
    bins: tuple[Bin, ...]
    changes: tuple[Change, ...]

    def as_json(self) -> dict[str, Any]:
        """Makes the form that the page's script reads."""
        return {
            "number": self.number,
            "points": [
                [_milliseconds(one.time), *map(short, one[1:-1]), one.runs] for one in self.bins
            ],
            "changes": [
                {"time": _milliseconds(change.point.time), "text": said_share(change),
                 "told": said(change)}
                for change in self.changes
            ],
        }  # fmt: skip


def read(stores: Sequence[Store]) -> Iterator[Told]:
    """Reads every series that has a cost; raises HistoryError."""
    number = 0
    for series in (series for store in stores for series in store.each_series()):
        if bins := tuple(_bins([point for point in series.points if point.cost_ns is not None])):
            yield Told(number, series, bins, tuple(changes.find(series)))
            number += 1


def _bins(points: Sequence[Point]) -> Iterator[Bin]:
    """Joins neighbouring runs if there are more than the chart has points for."""
    size = math.ceil(len(points) / MOST_POINTS) or 1
    for start in range(0, len(points), size):
        members = points[start : start + size]
        costs_ns = [cost for one in members if (cost := one.cost_ns) is not None]
        ratios = [ratio for one in members if (ratio := one.ratio) is not None]
        ends = [end for one in members for end in (one.cost_low_ns, one.cost_high_ns) if end]
        yield Bin(
            members[-1].time,
            statistics.median(costs_ns),
            min([*costs_ns, *ends]),
            max([*costs_ns, *ends]),
            statistics.median(ratios) if ratios else None,
            len(members),
        )


def _milliseconds(time: datetime) -> int:
    """Converts a time to that of JavaScript."""
    return round(time.replace(tzinfo=UTC).timestamp() * 1000)


def said_share(change: Change) -> str:
    """Writes the size of a change."""
    return f"{change.share:+.1%}"


def said(change: Change) -> str:
    """Writes the size of a change, the first run with it, and the last run without it."""
    since, before = change.point, change.before
    return (
        f"{said_share(change)} since {since.time:%Y-%m-%d} (commit {since.commit[:9]}; "
        f"not yet in {before.commit[:9]} of {before.time:%Y-%m-%d})"
    )


def shown_first(found: Sequence[Told]) -> Told | None:
    """Chooses the series to open with: the one with the latest change, or else the first."""
    changed = [told for told in found if told.changes]
    return max(changed, key=lambda told: told.changes[-1].point.time, default=None) or next(
        iter(found), None
    )


def chart(told: Told) -> Chart:
    """Draws one series."""
    rows = [
        {
            "time": _milliseconds(one.time),
            "value": one.cost_ns,
            "low": one.low_ns,
            "high": one.high_ns,
            "told": f"{one.time:%Y-%m-%d}: {drawn.ns(one.cost_ns)}",
        }
        for one in told.bins
    ]
    title = f"ns per call of {told.series.group} through {told.series.contender}, run by run"
    return Chart("series", rows, title, told.as_json()["changes"])


def page(found: Sequence[Told]) -> Page:
    """Makes the page of all series."""
    first = shown_first(found)
    drawing = None if first is None else chart(first)
    shown = {
        "series": found,
        "first": first,
        "chart": drawing,
        "said": said,
        "said_share": said_share,
        "not_looked_for": changes.missing(),
        "most_points": MOST_POINTS,
    }
    return Page("history.html", "history.html", "History", shown, (drawing,) if drawing else ())
