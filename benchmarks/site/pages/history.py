"""The page of the history: every series with its changes, read one at a time, however many."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from callcost.benchmarks.site import drawn
from callcost.benchmarks.site.charts import Drawing
from callcost.benchmarks.site.drawing import Chart
from callcost.benchmarks.site.pages.page import Page
from callcost.benchmarks.site.pages.tabled import short
from callcost.history import points as changes
from callcost.history.points import Change
from callcost.history.store import Point, Series, Store

# A series with more runs than this is drawn by so many medians of neighbouring runs.
MOST_POINTS = 200


@dataclass(frozen=True)
class Bin:
    """Neighbouring runs of a series: the last one's time, the median cost, and the ends of all."""

    time: datetime
    cost_ns: float
    low_ns: float
    high_ns: float
    ratio: float | None
    runs: int

    @property
    def milliseconds(self) -> int:
        """The time as JavaScript has it."""
        return round(self.time.replace(tzinfo=UTC).timestamp() * 1000)


@dataclass(frozen=True)
class Told:
    """What is shown of a series."""

    number: int
    workload: str
    mechanism: str
    machine: str
    control: str
    runs: int
    bins: tuple[Bin, ...]
    changes: tuple[Change, ...]

    @property
    def latest(self) -> Bin:
        """The end of the series."""
        return self.bins[-1]

    def as_json(self) -> dict[str, Any]:
        """Puts the series into the form that the page's script reads."""
        return {
            "number": self.number,
            "points": [
                [one.milliseconds, *map(short, (one.cost_ns, one.low_ns, one.high_ns)),
                 short(one.ratio), one.runs]
                for one in self.bins
            ],
            "changes": [
                {"time": _milliseconds(change.point), "text": said_share(change),
                 "told": said(change)}
                for change in self.changes
            ],
        }  # fmt: skip


def read(stores: Sequence[Store]) -> Iterator[Told]:
    """Reads every series of some histories; raises HistoryError."""
    number = 0
    for store in stores:
        for series in store.each_series():
            known = [point for point in series.points if point.cost_ns is not None]
            if known:
                yield _told(number, series, known)
                number += 1


def _told(number: int, series: Series, known: Sequence[Point]) -> Told:
    return Told(
        number,
        series.group,
        series.contender,
        series.machine_label,
        series.control,
        len(series.points),
        tuple(_bins(known)),
        tuple(changes.find(series)),
    )


def _bins(points: Sequence[Point]) -> Iterator[Bin]:
    """Joins neighbouring runs where there are more than the chart has points for."""
    size = math.ceil(len(points) / MOST_POINTS)
    for start in range(0, len(points), size):
        members = points[start : start + size]
        costs_ns = [cost for one in members if (cost := one.cost_ns) is not None]
        ratios = [ratio for one in members if (ratio := one.ratio) is not None]
        lows = [one.cost_low_ns for one in members if one.cost_low_ns is not None]
        highs = [one.cost_high_ns for one in members if one.cost_high_ns is not None]
        yield Bin(
            members[-1].time,
            statistics.median(costs_ns),
            min([*costs_ns, *lows]),
            max([*costs_ns, *highs]),
            statistics.median(ratios) if ratios else None,
            len(members),
        )


def _milliseconds(point: Point) -> int:
    return round(point.time.replace(tzinfo=UTC).timestamp() * 1000)


def said_share(change: Change) -> str:
    """Says by how much a cost has changed."""
    return f"{change.share:+.1%}"


def said(change: Change) -> str:
    """Says of a change by how much, since which run, and before which it was not there."""
    since, before = change.point, change.before
    return (
        f"{said_share(change)} since {since.time:%Y-%m-%d} (commit {since.commit[:9]}; "
        f"not yet in {before.commit[:9]} of {before.time:%Y-%m-%d})"
    )


def shown_first(found: Sequence[Told]) -> Told | None:
    """Chooses the series to open with: the one that has changed most of late, or else the first."""
    changed = [told for told in found if told.changes]
    return max(changed, key=lambda told: told.changes[-1].point.time, default=None) or next(
        iter(found), None
    )


def chart(told: Told) -> Chart:
    """Draws one series."""
    rows = [
        {
            "time": one.milliseconds,
            "value": one.cost_ns,
            "low": one.low_ns,
            "high": one.high_ns,
            "told": f"{one.time:%Y-%m-%d}: {drawn.ns(one.cost_ns)}",
        }
        for one in told.bins
    ]
    title = f"ns per call of {told.workload} through {told.mechanism}, run by run"
    return Chart("history", Drawing("series", rows, told.as_json()["changes"]), title)


def page(found: Sequence[Told]) -> Page:
    """Makes the page of all series."""
    first = shown_first(found)
    drawing = chart(first) if first is not None else None
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
