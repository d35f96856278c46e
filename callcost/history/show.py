"""Shows series in tables, and their changes in sentences."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.console import Console

from callcost.console.files import shown
from callcost.console.numbers import interval, number
from callcost.console.tables import PlainTable
from callcost.history.points import MIN_RUNS, Change, missing
from callcost.history.rows import TYPICAL
from callcost.history.store import Point, Series
from callcost.model.interval import Interval

BARS = "▁▂▃▄▅▆▇█"
BARS_WIDTH = 30
# A series that moved by less than this does not use the full height of the bars.
LEAST_SPAN = 0.05
SHORT_COMMIT = 9
HEADINGS = (
    *("workload", "mechanism", ">runs", ">last", ">ns per call", ">ratio"),
    *("ratio over the runs", ">changes"),
)
ADVICE = (
    "Change points are advice: they show where to look. To be sure, measure both commits together "
    "with `callcost compare`."
)

Found = Sequence[tuple[Series, Sequence[Change]]]
# By run, the recorded versions of tools.
Tools = Mapping[str, Mapping[str, Any]]


def render(found: Found, tools: Tools, console: Console) -> None:
    """Print a table for each machine and interpreter, then the changes, the latest first."""
    for (label, machine), members in groupby(
        found, key=lambda one: (one[0].machine_label, one[0].machine)
    ):
        console.print(_table(f"{shown(label)} (identity {shown(machine)})", list(members)))
    changes = [(series, change) for series, its in found for change in its]
    for series, change in sorted(changes, key=lambda one: one[1].point.time, reverse=True):
        console.print(sentence(series, change, tools), markup=False, highlight=False)
    console.print(_conclusion(found, len(changes)), markup=False, highlight=False)


def _conclusion(found: Found, changes: int) -> str:
    if changes:
        return ADVICE
    if reason := missing():
        return reason
    if all(len(series.points) < 2 * MIN_RUNS for series, _ in found):
        return f"A change can only be found in a series of {2 * MIN_RUNS} runs or more."
    return "No lasting change found."


def _table(title: str, found: Found) -> PlainTable:
    table = PlainTable(*HEADINGS, title=title, spare=(3, 2, 5, 6))
    table.columns[-1].no_wrap = False
    for series, changes in found:
        last = series.points[-1]
        table.add(
            shown(series.group),
            shown(series.contender),
            f"{len(series.points):,}",
            f"{last.time:%Y-%m-%d}",
            _cost(last),
            _ratio(series, last),
            bars([point.ratio for point in series.points if point.ratio]),
            str(len(changes) or ""),
        )
    return table


def _ratio(series: Series, point: Point) -> str:
    if point.ratio is not None:
        return f"{point.ratio:.3f}"
    return "unknown" if series.control.startswith(TYPICAL) else "inconclusive"


def _cost(point: Point) -> str:
    if point.cost_ns is None:
        return ""
    if point.cost_low_ns is None or point.cost_high_ns is None:
        return number(point.cost_ns)
    cost_ns = Interval(point.cost_ns, point.cost_low_ns, point.cost_high_ns)
    return f"{number(cost_ns.value)} {interval(cost_ns)}"


def bars(ratios: Sequence[float]) -> str:
    """Draw bars for the logs of the latest ratios; noise stays flat."""
    logs = [math.log(ratio) for ratio in ratios[-BARS_WIDTH:]]
    if not logs:
        return ""
    middle = (max(logs) + min(logs)) / 2
    span = max(max(logs) - min(logs), math.log1p(LEAST_SPAN))
    places = [(log - middle) / span + 0.5 for log in logs]
    return "".join(BARS[min(len(BARS) - 1, int(place * len(BARS)))] for place in places)


def sentence(series: Series, change: Change, tools: Tools) -> str:
    """Say what changed, since when, and which tools changed at the same time."""
    commits = f"commit {short(change.point)} (before: {short(change.before)})"
    said = (
        f"{shown(series.group)}, {shown(series.contender)}: "
        f"since {change.point.time:%Y-%m-%d}, {commits}: "
        f"{change.share:+.1%} (ratio to the {shown(series.control.partition(' (')[0])}: "
        f"{change.ratio_before:.3f}, now {change.ratio_after:.3f})"
    )
    both = (tools.get(point.run, {}) for point in (change.before, change.point))
    news = list(changed_tools(*both))
    return f"{said}; changed at the same time: {', '.join(news)}." if news else f"{said}."


def short(point: Point) -> str:
    """Shorten a commit; mark a run of a modified working tree."""
    return f"{shown(point.commit[:SHORT_COMMIT])}{'+changes' if point.dirty else ''}"


def changed_tools(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yield the tools whose versions differ between two runs."""
    old, new = _versions(before), _versions(after)
    for name in sorted(old.keys() & new.keys()):
        if old[name] != new[name]:
            yield shown(f"{name} {new[name]} (before: {old[name]})")


def _versions(recorded: Mapping[str, Any]) -> dict[str, str]:
    """List all versions of a run's tools."""
    tools: Mapping[str, Any] = recorded.get("tools", {})
    return {key: value for key, value in (*recorded.items(), *tools.items())
            if isinstance(value, str) and len(value) < 100}  # fmt: skip


def as_json(found: Found) -> list[dict[str, Any]]:
    """Return series and their changes as `--json` writes them."""
    return [
        {
            **{name: getattr(series, name) for name in
               ("machine", "machine_label", "fullname", "control")},
            "workload": series.group,
            "mechanism": series.contender,
            "points": [_point(point) for point in series.points],
            "changes": [
                {"since": _point(change.point), "before": _point(change.before),
                 "ratio_before": change.ratio_before, "ratio_after": change.ratio_after,
                 "share": change.share}
                for change in changes
            ],
        }
        for series, changes in found
    ]  # fmt: skip


def _point(point: Point) -> dict[str, Any]:
    return {**dataclasses.asdict(point), "time": point.time.isoformat() + "Z"}
