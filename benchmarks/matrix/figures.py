"""Turns the groups of several interpreters into costs, and into changes between them.

Times of different interpreters can be compared because each round of a run has a process for
each, and these take turns on one CPU, a pass at a time. A change is the ratio of the net costs in
two passes that took turns: the middle half of those of a round is averaged, and over rounds it is
estimated as any ratio within a group is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from callcost.benchmarks.matrix.bases import bases
from callcost.estimate.estimate import (
    MIN_EFFECT,
    Floats,
    GroupEstimate,
    aa_error,
    interquartile_means,
    trimmed_interval,
)
from callcost.estimate.record import Record
from callcost.model.group import ELSEWHERE
from callcost.model.interval import Interval
from callcost.model.layout import AS_BUILT

UNKNOWN = Interval(np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Change:
    """What a call costs more in one interpreter than in its base, as a share of that.

    `is_clear`: the whole interval is farther from 0 than the A/A error of the run.
    """

    workload: str
    mechanism: str
    before: str
    after: str
    before_ns: Interval
    after_ns: Interval
    share: Interval
    is_clear: bool


@dataclass(frozen=True)
class Line:
    """One mechanism's call in each interpreter that has it; `net_ns` and `changes` by its name."""

    mechanism: str
    net_ns: Mapping[str, Interval]
    changes: Mapping[str, Change]


@dataclass(frozen=True)
class Sheet:
    """One workload in all interpreters, the cheapest mechanism in the last of them first.

    `inconclusive`: the interpreters in which its controls failed.
    """

    workload: str
    lines: tuple[Line, ...]
    inconclusive: tuple[str, ...] = ()


class Matrix:
    """The rows of a run in several interpreters: `places`, in the order of the command line."""

    def __init__(self, estimates: Mapping[str, GroupEstimate], places: Sequence[str]) -> None:
        self.places = tuple(places)
        self._error = aa_error(list(estimates.values()))
        self._groups: dict[str, dict[str, GroupEstimate]] = {}
        facts: dict[str, Mapping[str, str]] = {place: {} for place in places}
        for name, estimate in estimates.items():
            workload, _, place = name.partition(ELSEWHERE)
            if place in places:
                self._groups.setdefault(workload, {})[place] = estimate
                if (environment := estimate.times.group.environment) is not None:
                    facts[place] = environment.facts
        self._bases = bases(self.places, facts)

    @classmethod
    def of(cls, record: Record) -> Self:
        """Makes the matrix of a record; of one without other interpreters, an empty one."""
        return cls(record.estimates, list(record.environment.get("interpreters", {})))

    @cached_property
    def sheets(self) -> tuple[Sheet, ...]:
        """Every workload, in the order of the run."""
        return tuple(map(self._sheet, self._groups))

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What is compared: the base of an interpreter, and the interpreter."""
        return [(found[0], place) for place, found in self._bases.items() if found]

    def base_of(self, place: str) -> str:
        """Returns what an interpreter is compared with; empty for the first one."""
        return next(iter(self._bases[place]), "")

    @property
    def changes(self) -> Iterator[Change]:
        """Every change from an interpreter's base to it."""
        for sheet in self.sheets:
            for line in sheet.lines:
                yield from line.changes.values()

    def _sheet(self, workload: str) -> Sheet:
        groups = self._groups[workload]
        names = {name for estimate in groups.values() for name in estimate.names[: estimate.size]}
        lines = [self._line(workload, name) for name in names]
        moved = [p for p in self.places if p in groups and groups[p].inconclusive]
        return Sheet(workload, tuple(sorted(lines, key=self._cost)), tuple(moved))

    def _cost(self, line: Line) -> tuple[float, str]:
        last = [line.net_ns[place].value for place in self.places if place in line.net_ns][-1:]
        known = [cost for cost in last if not np.isnan(cost)]
        return (known or [np.inf])[0], line.mechanism

    def _line(self, workload: str, mechanism: str) -> Line:
        groups = self._groups[workload]
        there = [p for p in self.places if p in groups and mechanism in _own(groups[p])]
        costs = {place: groups[place].net_ns(_row(groups[place], mechanism)) for place in there}
        changes = {
            after: self._change(workload, mechanism, before, after)
            for after in there
            for before in [one for one in self._bases[after] if one in there][:1]
        }
        return Line(mechanism, costs, changes)

    def _change(self, workload: str, mechanism: str, before: str, after: str) -> Change:
        groups = self._groups[workload]
        old, new = groups[before], groups[after]
        share = UNKNOWN
        if not old.inconclusive and not new.inconclusive:
            share = change(old, _row(old, mechanism), new, _row(new, mechanism))
        # In this order, `max` returns MIN_EFFECT if the error is unknown (NaN).
        clear = is_clear(share, max(MIN_EFFECT, self._error))
        old_ns, new_ns = (one.net_ns(_row(one, mechanism)) for one in (old, new))
        return Change(workload, mechanism, before, after, old_ns, new_ns, share, bool(clear))


def change(old: GroupEstimate, old_row: int, new: GroupEstimate, new_row: int) -> Interval:
    """Estimates how much more a row costs than another group's, as a share of that one's net cost.

    The passes of one round that took turns are compared, disturbed or not: a disturbance that lasts
    longer than a turn cancels out. Rounds with the same layout count as one.
    """
    olds, news = old.log_net_by_round(old_row), new.log_net_by_round(new_row)
    before, after = (dict(zip(each.rounds, each.layouts, strict=True)) for each in (old, new))
    by_layout: dict[object, list[float]] = {}
    shared = sorted(olds.keys() & news.keys())
    differences = interquartile_means([_differences(olds[n], news[n]) for n in shared])
    for number, difference in zip(shared, differences, strict=True):
        # One of the two interpreters may have no layouts.
        layout = after[number] or before[number]
        unit = number if layout == AS_BUILT else (layout,)
        by_layout.setdefault(unit, []).append(float(difference))
    found = trimmed_interval(np.array([np.mean(logs) for logs in by_layout.values()]))
    return Interval(*(float(np.expm1(end)) for end in (found.value, found.low, found.high)))


def _differences(old: Floats, new: Floats) -> Floats:
    """Returns new less old over the passes of a round, each with the one that was made meanwhile.

    Who has fewer passes made each of them while the other one made several.
    """
    most = max(len(old), len(new))
    later, earlier = (each[np.arange(most) * len(each) // most] for each in (new, old))
    found: Floats = later - earlier
    return found


def is_clear(share: Interval, limit: float) -> bool:
    """Tells whether a whole interval of a change is farther from 0 than `limit`."""
    return bool(share.low > limit or share.high < 1 / (1 + limit) - 1)


def _own(estimate: GroupEstimate) -> list[str]:
    return estimate.names[: estimate.size]


def _row(estimate: GroupEstimate, mechanism: str) -> int:
    return _own(estimate).index(mechanism)
