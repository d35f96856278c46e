"""A recorded run as its pages show it: every cost by workload, with its rank, marks and ratios."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from callcost.benchmarks.break_even import REFERENCE, Curve, calls_the_c, curves, sweep
from callcost.benchmarks.catalogue import TOPICS, WORKLOADS, Workload
from callcost.benchmarks.facts import facts
from callcost.benchmarks.facts.facts import Facts
from callcost.benchmarks.facts.marks import OWN_CODE, Marks
from callcost.estimate.estimate import GroupEstimate
from callcost.estimate.layouts import Dated
from callcost.estimate.reading import checked
from callcost.estimate.record import Record
from callcost.estimate.sheet import sheet_of
from callcost.model import abi
from callcost.model.contender import ELSEWHERE
from callcost.model.interval import Interval

Floats = npt.NDArray[np.float64]

WAY, OWN, PYTHON, FLOOR, OTHER_PYTHON = "way", "own code", "python", "floor", "elsewhere"
OTHER_TOPIC = "Other"


@dataclass(frozen=True)
class Row:
    """What one workload costs through one mechanism; costs in ns per call.

    `kind` says what it is to a reader who looks for a way to call C: a way, or code of its own in
    the place of the C, plain Python, a floor below Python, or another interpreter's call.
    `rank` is empty where there is none, and ends with = where it is shared. `ratio` is to the
    fastest way of the workload, None where nothing can be concluded.
    """

    workload: str
    mechanism: str
    place: str
    kind: str
    marks: str
    net_ns: Interval
    gross_ns: Interval
    rank: str
    ratio: Interval | None
    preempted: int
    rounds_ns: tuple[float, ...] = field(repr=False)
    compiled: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name among the rows of a workload."""
        return f"{self.mechanism}{ELSEWHERE}{self.place}" if self.place else self.mechanism

    @property
    def timed(self) -> bool:
        """Whether it has a cost that an axis can show."""
        return math.isfinite(self.net_ns.value)


@dataclass(frozen=True)
class Sheet:
    """A workload: its rows, the cheapest first and the floors behind them, and its controls.

    `about` is the catalogue's entry, None for a workload that this callcost does not know.
    `ratios` are as `GroupEstimate.ratio_table` has them, `places` where in them each name stands.
    """

    name: str
    call: str
    about: Workload | None
    rows: tuple[Row, ...]
    empty_ns: float
    twin: Interval
    inconclusive: bool
    fastest: str
    ratios: Floats = field(repr=False)
    places: Mapping[str, int] = field(repr=False)

    def ratio(self, row: Row, base: Row) -> Interval | None:
        """Compares two rows; None where they were not timed in the same passes, or in vain."""
        if row.place or base.place:
            return None
        return _interval(self.ratios[self.places[row.name], self.places[base.name]])

    @property
    def isolates(self) -> str:
        """Says what the call isolates, in the catalogue's words."""
        return self.about.isolates if self.about else ""

    def row(self, name: str) -> Row | None:
        """Finds a row by its name."""
        return next((row for row in self.rows if row.name == name), None)


class Measured:
    """A run with everything that is shown of it; raises RecordError for a damaged record."""

    def __init__(self, record: Record) -> None:
        checked(record.path, record.document, Dated)
        self.path = record.path
        self.document = record.document
        self.section = record.section
        self.environment = record.environment
        self.run = record.run
        self.estimates = record.estimates
        self.error = record.error
        self._marks = Marks.of_record(record.document)

    @property
    def facts(self) -> dict[str, Facts]:
        """What was found out about each mechanism by running it."""
        return facts.current(self.environment.get("facts", {}))

    @property
    def date(self) -> str:
        """The day of the run."""
        return str(self.document["datetime"])[:10]

    @property
    def python(self) -> str:
        """The interpreter that ran it, and its version."""
        info = self.document["machine_info"]
        return f"{info.get('python_implementation', 'Python')} {abi.version(info)}"

    @property
    def cpu(self) -> str:
        """The processor, as it calls itself."""
        info = self.document["machine_info"]
        return str((info.get("cpu") or {}).get("brand_raw") or info.get("machine", "unknown CPU"))

    @cached_property
    def sheets(self) -> dict[str, Sheet]:
        """Every workload outside the sweep, in the order of the catalogue."""
        swept = set(sweep(self.estimates).values())
        here = {name: own for name, own in self.estimates.items() if name not in swept}
        order = {workload.name: place for place, workload in enumerate(WORKLOADS)}
        names = dict.fromkeys(name.partition(ELSEWHERE)[0] for name in here)
        ordered = sorted(names, key=lambda name: order.get(name, len(order)))
        return {name: self._sheet(name, here) for name in ordered}

    @cached_property
    def topics(self) -> dict[str, list[Sheet]]:
        """The workloads by what they are about."""
        topic_of = {w.name: topic for topic, members in TOPICS.items() for w in members}
        found: dict[str, list[Sheet]] = {}
        for name, sheet in self.sheets.items():
            found.setdefault(topic_of.get(name, OTHER_TOPIC), []).append(sheet)
        return found

    @cached_property
    def mechanisms(self) -> list[str]:
        """Names every mechanism of the run, floors left out, family by family."""
        rows = (row for sheet in self.sheets.values() for row in sheet.rows)
        swept = (curve.name for curve in self.curves)
        return sorted({*(row.mechanism for row in rows if row.kind != FLOOR), *swept})

    @cached_property
    def ways(self) -> list[str]:
        """Names the mechanisms that call the C that all others call."""
        return sorted({row.mechanism for row in self.rows if row.kind == WAY})

    @cached_property
    def curves(self) -> list[Curve]:
        """The sweep over the work in C, the mechanism with the cheapest call first."""
        return curves(self.estimates)

    @property
    def rows(self) -> Iterator[Row]:
        """All rows of all workloads."""
        return (row for sheet in self.sheets.values() for row in sheet.rows)

    def _sheet(self, name: str, groups: dict[str, GroupEstimate]) -> Sheet:
        own = groups.get(name)
        others = {g: e for g, e in groups.items() if g.startswith(f"{name}{ELSEWHERE}")}
        rows: list[Row] = []
        ratios = np.empty((0, 0, 3))
        if own is not None:
            ratios = own.ratio_table() if not own.inconclusive else _nothing(len(own.names))
            rows = list(_rows(name, own, ratios, self.error, self._marks))
        for group, estimate in others.items():
            rows += _elsewhere(name, group.partition(ELSEWHERE)[2], estimate)
        first = own if own is not None else next(iter(others.values()))
        known = {workload.name: workload for workload in WORKLOADS}
        ordered = sorted(rows, key=lambda row: (row.kind == FLOOR, _cost(row)))
        return Sheet(
            name,
            first.times.contenders[0].call,
            known.get(name),
            tuple(ordered),
            first.empty_ns.value,
            first.twin_ratio,
            first.inconclusive,
            next((row.name for row in ordered if row.kind == WAY), ""),
            ratios,
            {contender: number for number, contender in enumerate(own.names)} if own else {},
        )


def _nothing(count: int) -> Floats:
    """Returns the ratios of a group of which none can be trusted."""
    return np.full((count, count, 3), np.nan)


def _cost(row: Row) -> float:
    return row.net_ns.value if row.timed else math.inf


def _rows(
    name: str, estimate: GroupEstimate, ratios: Floats, error: float, marks: Marks
) -> Iterator[Row]:
    marked = {contender: marks.of(contender, name) for contender in estimate.names}
    shown = sheet_of(estimate, error, marked).rows
    kinds = [FLOOR if row.is_floor else _kind(row.name, row.marks) for row in shown]
    way = next((row for row, kind in zip(shown, kinds, strict=True) if kind == WAY), None)
    for row, kind in zip(shown, kinds, strict=True):
        yield replace(
            _row(name, "", estimate, row.number),
            kind=kind,
            marks=row.marks,
            rank=row.rank,
            ratio=None if way is None else _interval(ratios[row.number, way.number]),
        )


def _interval(ends: Floats) -> Interval | None:
    """Returns value, low and high as an interval; None where nothing is known."""
    return None if np.isnan(ends[0]) else Interval(*map(float, ends))


def _kind(name: str, mark: str) -> str:
    if name == REFERENCE:
        return PYTHON
    return OWN if OWN_CODE in mark or not calls_the_c(name) else WAY


def _elsewhere(name: str, place: str, estimate: GroupEstimate) -> Iterator[Row]:
    """Yields another interpreter's rows: their ns can be compared, ratios with none but its own."""
    for number in range(estimate.size):
        yield _row(name, place, estimate, number)


def _row(name: str, place: str, estimate: GroupEstimate, number: int) -> Row:
    """Takes a row from an estimate; what it is among the others is not known yet."""
    contender = estimate.times.contenders[number]
    return Row(
        workload=name,
        mechanism=contender.name,
        place=place,
        kind=OTHER_PYTHON,
        marks="",
        net_ns=estimate.net_ns(number),
        gross_ns=estimate.gross_ns(number),
        rank="",
        ratio=None,
        preempted=estimate.preempted(number),
        rounds_ns=tuple(estimate.rounds_ns(number)),
        compiled=tuple(b.name for b in contender.binaries if b.module),
    )
