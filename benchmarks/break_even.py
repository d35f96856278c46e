"""Finds the n from which C beats Python, and from which the way to call C stops mattering.

Both hold at that n and at every larger one of the sweep. They use the upper ends of 95%
intervals, so nothing uncertain is claimed. An n does not count where a group's control moved, or
where there is nothing to compare with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from rich.markup import escape

from callcost.benchmarks.contenders import BREAK_EVEN
from callcost.benchmarks.facts.marks import named
from callcost.bindings.registry import known
from callcost.console.numbers import format_ns
from callcost.console.outputs import PIPE_WIDTH
from callcost.console.tables import PlainTable
from callcost.estimate.estimate import GroupEstimate
from callcost.model.interval import Interval

FUNCTION = "fibonacci"
# Plain Python: what C has to beat.
REFERENCE = "python_reference"
# Within this multiple of the fastest mechanism, the choice does not matter.
NEAR_FASTEST = 1.10
DEFINITION = (
    "From this n on, the upper 95% end of the ratio is: to Python < 1, "
    f"to the fastest C <= {NEAR_FASTEST:.2f}"
)

_SWEEP = re.compile(rf"{re.escape(BREAK_EVEN)} n=(\d+)")
# Widths in the table: a time, the two verdicts, and the space around each column.
_TIME_WIDTH, _VERDICT_WIDTHS, _AROUND = 7, (11, 9), 3


@dataclass(frozen=True)
class Point:
    """One mechanism at one n; a ratio is None if it is not known."""

    n: int
    net_ns: Interval
    inconclusive: bool
    to_python: Interval | None
    to_fastest: Interval | None


@dataclass(frozen=True)
class Curve:
    """One mechanism over the sweep, by rising n."""

    name: str
    points: tuple[Point, ...]

    @property
    def n(self) -> tuple[int, ...]:
        """The values of n at which it was measured."""
        return tuple(point.n for point in self.points)

    @property
    def net_ns(self) -> tuple[Interval, ...]:
        """The cost of a call at each n, net of the empty loop."""
        return tuple(point.net_ns for point in self.points)

    @property
    def compared_with_python(self) -> bool:
        """Whether it is compared with plain Python at any n."""
        return any(point.to_python for point in self.points)

    @property
    def compared_with_fastest(self) -> bool:
        """Whether it is compared with another mechanism at any n."""
        return any(point.to_fastest for point in self.points)

    @property
    def beats_python_from(self) -> int | None:
        """The n from which it always costs less than plain Python, if any."""
        return _settled_from(
            (point.n, point.to_python.high < 1) for point in self.points if point.to_python
        )

    @property
    def near_fastest_from(self) -> int | None:
        """The n from which it always stays within NEAR_FASTEST times the fastest, if any."""
        return _settled_from(
            (point.n, point.to_fastest.high <= NEAR_FASTEST)
            for point in self.points
            if point.to_fastest
        )

    @property
    def near_fastest_ns(self) -> float | None:
        """What a call costs at that n."""
        n = self.near_fastest_from
        return None if n is None else self.net_ns[self.n.index(n)].value


def _settled_from(verdicts: Iterable[tuple[int, bool]]) -> int | None:
    """Returns the n from which all verdicts are true, given (n, verdict) by rising n."""
    first = None
    for n, holds in reversed(list(verdicts)):
        if not holds:
            break
        first = n
    return first


def sweep(groups: Iterable[str]) -> dict[int, str]:
    """Picks the groups of the sweep by their names, by rising n."""
    found = {int(match[1]): match[0] for match in map(_SWEEP.fullmatch, groups) if match}
    return dict(sorted(found.items()))


def curves(estimates: dict[str, GroupEstimate]) -> list[Curve]:
    """Returns the curve of every mechanism, the cheapest at the first n first."""
    points: dict[str, list[Point]] = {}
    for n, group in sweep(estimates).items():
        for name, point in _points(n, estimates[group]):
            points.setdefault(name, []).append(point)
    found = [Curve(name, tuple(own)) for name, own in points.items()]
    return sorted(found, key=lambda curve: (curve.n[0], curve.net_ns[0].value))


@cache
def calls_the_c(name: str, function: str = FUNCTION) -> bool:
    """Tells whether a contender calls the C of the core, unlike plain Python and own code.

    Old records may have contenders without a folder, which are trusted.
    """
    return name not in known() or known()[name].same_c(function)


def _points(n: int, estimate: GroupEstimate) -> Iterator[tuple[str, Point]]:
    """Yields the cost of each mechanism at one n, compared with Python and the fastest."""
    names = estimate.names[: estimate.size]
    inconclusive = estimate.inconclusive
    python = fastest = None
    ways = [row for row in estimate.order if calls_the_c(names[row])]
    if REFERENCE in names and not inconclusive:
        python = estimate.ratios_to(names.index(REFERENCE))
    # A mechanism alone has nothing to be compared with.
    if len(ways) > 1 and not inconclusive:
        fastest = estimate.ratios_to(ways[0])
    for row, name in enumerate(names):
        to_python = python[row] if python and name != REFERENCE else None
        to_fastest = fastest[row] if fastest and row in ways else None
        yield name, Point(n, estimate.net_ns(row), inconclusive, to_python, to_fastest)


def break_even_table(estimates: dict[str, GroupEstimate]) -> PlainTable:
    """Makes the table of the sweep: times at some n, and the n from which each breaks even."""
    found = curves(estimates)
    shown = _spread(list(sweep(estimates)), found)
    table = PlainTable(
        "mechanism",
        *(f">n = {n}" for n in shown),
        ">beats\nPython from",
        f">within\n{NEAR_FASTEST - 1:.0%} from",
        title=f"{BREAK_EVEN}: net time of a call, and the n from which it breaks even",
    )
    table.caption = escape("\n".join([DEFINITION, *_left_out(found)]))
    table.caption_justify = "left"
    table.min_width = len(DEFINITION)
    for curve in found:
        times = {point.n: format_ns(point.net_ns.value) for point in curve.points}
        table.add(
            named(curve.name),
            *(times.get(n, "") for n in shown),
            _verdict(curve.beats_python_from, curve.compared_with_python),
            _verdict(curve.near_fastest_from, curve.compared_with_fastest),
        )
    return table


def _spread(swept: list[int], found: list[Curve]) -> list[int]:
    """Chooses as many n as fit into the table, evenly spread from the first to the last."""
    name_width = max((len(named(curve.name)) for curve in found), default=0)
    room = PIPE_WIDTH - name_width - sum(_VERDICT_WIDTHS) - 3 * _AROUND
    count = min(len(swept), max(1, room // (_TIME_WIDTH + _AROUND)))
    return [swept[place] for place in np.linspace(0, len(swept) - 1, count).round().astype(int)]


def _verdict(first_n: int | None, compared: bool) -> str:
    if not compared:
        return "-"
    return "never" if first_n is None else f"n = {first_n}"


def _left_out(found: Iterable[Curve]) -> list[str]:
    moved = {point.n for curve in found for point in curve.points if point.inconclusive}
    if not moved:
        return []
    return [f"Inconclusive, and left out of both: n = {', '.join(map(str, sorted(moved)))}"]
