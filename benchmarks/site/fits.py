"""Fits a fixed and a marginal cost: of the call itself, and of each further thing in it.

A *size series* is a set of workloads that differ in one size: arguments, characters, elements,
calls back, or the time that the C function itself takes. Per process, a least-squares fit of
the relative deviations (NumPy's `polyfit`, weighted by 1 / cost) gives cost = fixed + marginal x
size; costs of a series span decades. Over processes, both are trimmed means with intervals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from callcost.benchmarks.break_even import calls_the_c, sweep
from callcost.benchmarks.catalogue import WORKLOADS
from callcost.estimate.estimate import GroupEstimate, trimmed_interval
from callcost.model.interval import Interval

Floats = npt.NDArray[np.float64]

# A line through fewer points says nothing about a sweep.
MIN_POINTS = 3
# What the number in a workload's name counts, by the text before it.
UNITS = {
    "add": "int argument",
    "text_ascii": "character of ASCII",
    "text_unicode": "character, some not ASCII",
    "bytes": "byte",
    "buffer": "double of a buffer",
    "callback": "call back",
}


@dataclass(frozen=True)
class SizeSeries:
    """Workloads that differ in one size: their groups by that size, and what it counts."""

    name: str
    unit: str
    groups: Mapping[int, str]


@dataclass(frozen=True)
class Fit:
    """One mechanism over a size series: its costs by size, and the line through them; all in ns.

    `worst_share` is the largest deviation of a cost from the line, as a share of the cost.
    """

    name: str
    points: tuple[tuple[float, Interval], ...]
    fixed_ns: Interval
    marginal_ns: Interval
    worst_share: float

    @property
    def tested(self) -> bool:
        """Whether there are enough points to show how well a line fits."""
        return len(self.points) > 2

    @property
    def grows(self) -> bool:
        """Whether the cost grows with the size, beyond doubt."""
        return self.marginal_ns.low > 0


def size_series(groups: Iterable[str]) -> list[SizeSeries]:
    """Finds the size series among the groups of a run, in their order."""
    prototypes = {workload.name: workload.prototype for workload in WORKLOADS}
    found: dict[str, dict[int, str]] = {}
    for name in groups:
        stem, size = _place(name, prototypes.get(name, ""))
        if stem:
            found.setdefault(stem, {})[size] = name
    return [
        SizeSeries(stem, UNITS.get(stem, f"unit of {stem}"), dict(sorted(steps.items())))
        for stem, steps in found.items()
        if len(steps) > 1
    ]


def _place(name: str, prototype: str) -> tuple[str, int]:
    """Returns the name of a workload's size series, empty if it has none, and its size there."""
    stem, _, count = name.rpartition("_")
    if count.isdecimal():
        return stem, int(count)
    return ("add", prototype.count("int ") - 1) if "(int a, " in prototype else ("", 0)


def fit_all(series: SizeSeries, estimates: Mapping[str, GroupEstimate]) -> list[Fit]:
    """Fits every mechanism with the whole series, the lowest fixed cost first."""
    groups = [estimates[name] for name in series.groups.values()]
    sizes = np.array(list(series.groups), dtype=float)
    return sorted((_fit(name, sizes, groups) for name in _on_all(groups)), key=_fixed_ns)


def fit_sweep(estimates: Mapping[str, GroupEstimate]) -> list[Fit]:
    """Fits what every mechanism adds to the time that the C function itself takes.

    That time is measured in the same process: the cheapest way's cost beyond that of the
    smallest n. The number of recursions would be wrong, because compilers unroll them.
    """
    swept = sweep(estimates)
    groups = [estimates[name] for name in swept.values()]
    names = _on_all(groups)
    ways = [name for name in names if calls_the_c(name)]
    if len(groups) < MIN_POINTS or not ways:
        return []
    cheapest = min(ways, key=lambda name: _net_ns(groups[0], name).value)
    costs_ns = _by_process(cheapest, groups)
    work_ns = costs_ns - costs_ns[0]
    return sorted((_fit(name, work_ns, groups) for name in names), key=_fixed_ns)


def _fixed_ns(fit: Fit) -> float:
    return fit.fixed_ns.value


def _on_all(groups: Sequence[GroupEstimate]) -> list[str]:
    """Lists the mechanisms of all groups; none if a group is inconclusive."""
    if not groups or any(group.inconclusive for group in groups):
        return []
    members = [group.names[: group.size] for group in groups]
    return [name for name in members[0] if all(name in others for others in members)]


def _fit(name: str, sizes: Floats, groups: Sequence[GroupEstimate]) -> Fit:
    """Fits a mechanism; sizes have the shape (groups,) or (groups, processes)."""
    costs_ns = _by_process(name, groups)
    by_process = np.broadcast_to(sizes.reshape(len(groups), -1), costs_ns.shape)
    usable = ((costs_ns > 0) & np.isfinite(costs_ns) & np.isfinite(by_process)).all(axis=0)
    # The weights make the deviations relative.
    lines = [
        np.polyfit(x, y, 1, w=1 / y)
        for x, y in zip(by_process.T[usable], costs_ns.T[usable], strict=True)
    ]
    marginal, fixed = (
        trimmed_interval(column) for column in np.array(lines).reshape(-1, 2).T.copy()
    )
    size = np.nanmedian(by_process, axis=1)
    points = [_net_ns(group, name) for group in groups]
    known = np.array([point.value for point in points])
    off = np.abs(fixed.value + marginal.value * size - known) / known
    pairs = tuple(zip(map(float, size), points, strict=True))
    return Fit(name, pairs, fixed, marginal, float(off.max()))


def _net_ns(group: GroupEstimate, name: str) -> Interval:
    return group.net_ns(group.names.index(name))


def _by_process(name: str, groups: Sequence[GroupEstimate]) -> Floats:
    """Returns net ns in the processes that all groups can use: shape (groups, processes)."""
    shared = list(set.intersection(*(set(group.usable) for group in groups)))
    return np.array(
        [
            group.net_by_process(group.names.index(name))[np.isin(group.usable, shared)]
            for group in groups
        ]
    )
