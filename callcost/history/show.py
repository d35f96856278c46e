"""Shows series as tables, and their changes as sentences."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from callcost.console.files import shown
from callcost.history.points import MIN_RUNS, Change, missing
from callcost.history.store import Point, Series
from callcost.history.table import TYPICAL

BARS = "▁▂▃▄▅▆▇█"
BARS_WIDTH = 30
# The bars of a series that has moved by less than this do not go from the lowest to the highest.
LEAST_SPAN = 0.05
SHORT_COMMIT = 9
# What the widest table needs; narrower terminals wrap lines, but lose no figure.
NARROWEST = 140
ADVICE = (
    "Change points are advice: they say where to look, not who is to blame. "
    "`callcost compare` settles it, as it measures both commits together."
)

Found = Sequence[tuple[Series, Sequence[Change]]]
Environments = Mapping[str, Mapping[str, Any]]


def render(found: Found, environments: Environments, console: Console) -> None:
    """Prints a table for each machine and interpreter, then what has changed, the latest first."""
    for (label, machine), members in groupby(
        found, key=lambda one: (one[0].machine_label, one[0].machine)
    ):
        console.print(_table(f"{shown(label)} (identity {shown(machine)})", list(members)))
    changes = [(series, change) for series, its in found for change in its]
    for series, change in sorted(changes, key=lambda one: one[1].point.time, reverse=True):
        console.print(sentence(series, change, environments), markup=False, highlight=False)
    console.print(_conclusion(found, len(changes)), markup=False, highlight=False)


def _conclusion(found: Found, changes: int) -> str:
    if changes:
        return ADVICE
    if reason := missing():
        return reason
    if all(len(series.points) < 2 * MIN_RUNS for series, _ in found):
        return f"A change can be found once a series has {2 * MIN_RUNS} runs."
    return "No lasting change was found."


def _table(title: str, found: Found) -> Table:
    table = Table(title=escape(title), title_justify="left", box=box.SIMPLE)
    table.add_column("workload", no_wrap=True)
    table.add_column("mechanism", no_wrap=True)
    for heading in ("runs", "last", "ns per call", "ratio"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("ratio over the runs", no_wrap=True)
    table.add_column("changes", justify="right")
    for series, changes in found:
        last = series.points[-1]
        table.add_row(
            escape(shown(series.group)),
            escape(shown(series.contender)),
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
        return f"{point.cost_ns:,.1f}"
    return f"{point.cost_ns:,.1f} ({point.cost_low_ns:,.1f} .. {point.cost_high_ns:,.1f})"


def bars(ratios: Sequence[float]) -> str:
    """Draws a line of bars for the latest ratios, as high as their logs; noise stays flat."""
    logs = [math.log(ratio) for ratio in ratios[-BARS_WIDTH:]]
    if not logs:
        return ""
    middle = (max(logs) + min(logs)) / 2
    span = max(max(logs) - min(logs), math.log1p(LEAST_SPAN))
    places = [(log - middle) / span + 0.5 for log in logs]
    return "".join(BARS[min(len(BARS) - 1, int(place * len(BARS)))] for place in places)


def sentence(series: Series, change: Change, environments: Environments) -> str:
    """Says what has changed since when, and which tools have changed with it."""
    commits = f"commit {short(change.point)} (before: {short(change.before)})"
    said = (
        f"{shown(series.group)}, {shown(series.contender)}: "
        f"since {change.point.time:%Y-%m-%d}, {commits}: "
        f"{change.share:+.1%} (ratio to the {shown(series.control.partition(' (')[0])}: "
        f"{change.ratio_before:.3f}, now {change.ratio_after:.3f})"
    )
    tools = list(
        changed_tools(*(environments.get(p.run, {}) for p in (change.before, change.point)))
    )
    return f"{said}; with it came {', '.join(tools)}." if tools else f"{said}."


def short(point: Point) -> str:
    """Shortens a commit for reading; a run of a changed working tree is marked."""
    return f"{shown(point.commit[:SHORT_COMMIT])}{'+changes' if point.dirty else ''}"


def changed_tools(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yields what was of another version in the later of two runs."""
    old, new = _versions(before), _versions(after)
    for name in sorted(old.keys() & new.keys()):
        if old[name] != new[name]:
            yield shown(f"{name} {new[name]} (before: {old[name]})")


def _versions(environment: Mapping[str, Any]) -> dict[str, str]:
    """Lists what has a version, however deep an environment's section has it."""
    tools: Mapping[str, Any] = environment.get("tools", {})
    return {key: value for key, value in (*environment.items(), *tools.items())
            if isinstance(value, str) and len(value) < 100}  # fmt: skip


def as_json(found: Found) -> list[dict[str, Any]]:
    """Puts series and their changes into the form that `--json` writes."""
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
