"""What an upgrade costs: the largest changes between interpreters, and their causes."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from callcost.benchmarks.facts.marks import named
from callcost.benchmarks.matrix.figures import Change, Matrix
from callcost.benchmarks.tools import title_of
from callcost.console.numbers import cost_text, interval, number, percent, percent_interval
from callcost.estimate.estimate import GroupEstimate
from callcost.instructions import callgrind
from callcost.model.contender import Contender
from callcost.model.group import ELSEWHERE, Environment
from callcost.model.instructions import Count, Uncounted
from callcost.model.interval import Interval

# So many changes of each pair of interpreters get a sentence.
LARGEST = 5
# Why a call has no number of instructions.
ONLY_CPYTHON = "only CPython's are counted"
# By the names of group and mechanism: a number, or why there is none.
Counts = Mapping[str, Mapping[str, float | str]]
# Takes the calls counted and all calls.
Report = Callable[[int, int], None]


def largest(matrix: Matrix) -> list[Change]:
    """Lists the largest clear changes of each pair of interpreters, the largest first."""
    clear = [change for change in matrix.changes if change.is_clear]
    number = {place: number for number, place in enumerate(matrix.places)}
    # A mechanism that the base lacks is compared with another interpreter: these follow.
    by_pair = sorted(clear, key=lambda change: (number[change.after], -number[change.before]))
    found: list[Change] = []
    for _, changes in groupby(by_pair, key=_pair):
        found += sorted(changes, key=_size, reverse=True)[:LARGEST]
    return found


def _size(change: Change) -> float:
    return float(abs(np.log1p(change.share.value)))


def count(
    changes: Sequence[Change], estimates: Mapping[str, GroupEstimate], report: Report
) -> dict[str, dict[str, float | str]]:
    """Counts the instructions of each changed call in both interpreters, for the record."""
    wanted: dict[str, set[str]] = {}
    for change in changes:
        for place in (change.before, change.after):
            group = f"{change.workload}{ELSEWHERE}{place}"
            wanted.setdefault(group, set()).add(change.mechanism)
    found: dict[str, dict[str, float | str]] = {}
    total = sum(map(len, wanted.values()))
    for environment, cells in _by_environment(wanted, estimates):
        done = sum(map(len, found.values()))
        for (group, name), counted in _counted(environment, cells, done, total, report).items():
            found.setdefault(group, {})[name] = counted
    return found


Cells = dict[tuple[str, str], Contender]


def _by_environment(
    wanted: Mapping[str, set[str]], estimates: Mapping[str, GroupEstimate]
) -> Iterator[tuple[Environment, Cells]]:
    places: dict[str, tuple[Environment, Cells]] = {}
    for group, names in wanted.items():
        times = estimates[group].times
        assert times.group.environment is not None
        _, cells = places.setdefault(times.group.place, (times.group.environment, {}))
        own = [contender for contender in times.group.contenders if contender.name in names]
        cells.update({(group, contender.name): contender for contender in own})
    yield from places.values()


def _counted(
    environment: Environment, cells: Cells, done: int, total: int, report: Report
) -> dict[tuple[str, str], float | str]:
    if environment.facts["implementation"] != "cpython":
        return dict.fromkeys(cells, ONLY_CPYTHON)
    told: list[object] = []

    def tell(cell: tuple[str, str], _: Count | Uncounted) -> None:
        told.append(cell)
        report(done + len(told), total)

    found = callgrind.count(
        environment.python,
        cells,
        report=tell,
        jobs=len(os.sched_getaffinity(0)),
        apart=lambda cell: cell[1],
    )
    return {
        cell: round(each.instructions, 1) if isinstance(each, Count) else str(each)
        for cell, each in found.items()
    }


@dataclass(frozen=True)
class Upgrade:
    """What a pair of interpreters changes: how many rows, and a sentence for each large change.

    skips: whether the base of `after` is another one, which lacks these mechanisms.
    """

    before: str
    after: str
    skips: bool
    rows: int
    slower: int
    faster: int
    sentences: tuple[str, ...]

    @property
    def heading(self) -> str:
        """Names the pair."""
        return f"From {self.before} to {self.after}"

    @property
    def counted(self) -> str:
        """Says how many of its rows changed."""
        return f"{self.slower} of {self.rows} rows slower, {self.faster} faster"


def upgrades(matrix: Matrix, changes: Sequence[Change], counts: Counts) -> Iterator[Upgrade]:
    """Yields what each pair of interpreters changes; `changes` are those with a sentence."""
    for pair, told in groupby(changes, key=_pair):
        own = [change for change in matrix.changes if _pair(change) == pair]
        slower = sum(change.is_clear and change.share.value > 0 for change in own)
        faster = sum(change.is_clear and change.share.value < 0 for change in own)
        said = (f"{_costs(change)}; {_instructions(change, counts)}." for change in told)
        skips = pair not in matrix.pairs
        yield Upgrade(*pair, skips, len(own), slower, faster, tuple(said))


def nothing_changed(matrix: Matrix) -> str:
    """Says why no change has a sentence."""
    if len(matrix.places) < 2:
        return "There is one interpreter, so there is nothing to compare."
    return "No call changed by more than the run's A/A error."


def _pair(change: Change) -> tuple[str, str]:
    return change.before, change.after


def _costs(change: Change) -> str:
    return (
        f"{title_of(change.workload)} through {named(change.mechanism)} costs "
        f"{cost_text(change.after_ns.value)} ns instead of {cost_text(change.before_ns.value)}: "
        f"{_how_much(change.share)}"
    )


def _how_much(share: Interval) -> str:
    """Writes a change with its interval: in percent, or in times from twice as much on."""
    if share.value < 1:
        return f"{percent(share.value, signed=True)} {percent_interval(share)}"
    times = Interval(1 + share.value, 1 + share.low, 1 + share.high)
    return f"{number(times.value)} times as much {interval(times)}"


def _instructions(change: Change, counts: Counts) -> str:
    old, new = (_count_of(change, place, counts) for place in (change.before, change.after))
    if isinstance(old, str) or isinstance(new, str):
        return f"instructions not counted ({old if isinstance(old, str) else new})"
    share = percent(new / old - 1 if old else math.nan, signed=True)
    return f"{number(new, 0)} instructions instead of {number(old, 0)} ({share})"


def _count_of(change: Change, place: str, counts: Counts) -> float | str:
    of_group: Mapping[str, Any] = counts.get(f"{change.workload}{ELSEWHERE}{place}", {})
    found: float | str = of_group.get(change.mechanism, "not asked for")
    return found
