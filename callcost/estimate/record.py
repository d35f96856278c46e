"""A recorded run: read from its file once, checked field by field, estimated when needed."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from callcost.console.files import shown
from callcost.estimate.epochs import unpack
from callcost.estimate.estimate import GroupEstimate, aa_error, estimate_run
from callcost.estimate.layouts import (
    MOST_EPOCH_NS,
    Elsewhere,
    GroupFacts,
    PackedEpochs,
    RecordFile,
    Section,
)
from callcost.estimate.reading import (
    RecordError,
    checked,
    damaged,
    other_kind,
    read_json,
    refuse_odd,
)
from callcost.model.contender import Contender
from callcost.model.delays import NAME as DELAYS
from callcost.model.group import Controls, Environment, Group
from callcost.model.plan import Plan
from callcost.model.run import GroupTimes, Run, Times
from callcost.worker.worker import EMPTY_CALL

# Parts of a record, each with its place in the file.
Located = list[tuple[str, dict[str, Any]]]
# The largest number of turns in an epoch, and of calls in a turn.
MOST_CALLS = 10**9
# Version 1 had no delays. An older record lacks newer fields, which then have their defaults.
VERSION = 2
SECTION = "callcost"


class Record:
    """A record: its document, the run that it contains, and the estimates made from that run.

    Raises RecordError, which names the file and the field. The constructor raises it if the
    document is not a record; `run`, and what depends on it, if epochs are damaged.
    """

    def __init__(self, path: Path, document: Any) -> None:
        self.path = path
        self._checked = _check(path, document)
        self.document: dict[str, Any] = document

    @classmethod
    def load(cls, path: Path) -> Record:
        """Reads a record from its file."""
        return cls(path, read_json(path))

    @property
    def section(self) -> dict[str, Any]:
        """What the record says about the whole run."""
        return dict(self.document[SECTION])

    @property
    def environment(self) -> dict[str, Any]:
        """What the record says about the build: tools, compiler, flags, facts."""
        return dict(self.section.get("environment") or {})

    @cached_property
    def run(self) -> Run:
        """The run, rebuilt from its epochs."""
        return _Rebuilding(self.path, self.document, self._checked.callcost).run()

    @cached_property
    def estimates(self) -> dict[str, GroupEstimate]:
        """The estimates of the groups that enough processes have timed."""
        return estimate_run(self.run)

    @cached_property
    def aa_error(self) -> float:
        """The A/A error of the run: smaller differences are ties."""
        return aa_error(list(self.estimates.values()))


def _check(path: Path, document: Any) -> RecordFile:
    """Returns the document in its layout; raises RecordError if it is damaged or not a record."""
    section = document.get(SECTION) if isinstance(document, dict) else None
    if not isinstance(section, dict) or "groups" not in section:
        advice = "make one with: pytest benchmarks --benchmark-only"
        raise other_kind(path, document, "a record of callcost", advice)
    version = section.get("version")
    # The type is compared, because True would pass for 1.
    if type(version) is not int or version > VERSION:
        raise RecordError(
            f"{shown(path)} has record version {version!a:.40}; this callcost reads up to {VERSION}"
        )
    record = checked(path, document, RecordFile)
    for name in section.keys() - {"groups", "delays"}:
        refuse_odd(path, section[name], f"{SECTION}.{name}")
    settings, where = record.callcost.settings, f"{SECTION}.settings"
    if not 1 <= settings.min_processes <= settings.processes:
        raise damaged(path, where, "min_processes is not between 1 and processes")
    return record


class _Rebuilding:
    """Rebuilds the run of a record; any error is a RecordError that names the field."""

    def __init__(self, path: Path, document: dict[str, Any], section: Section) -> None:
        self._path = path
        self._document = document
        self._section = section
        self._rows: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}
        for number, benchmark in enumerate(document["benchmarks"]):
            facts = benchmark["extra_info"][SECTION]
            where = f"benchmarks[{number}].extra_info.{SECTION}"
            key = facts.get("group", ""), facts["name"]
            if key in self._rows:
                reason = f"{self._rows[key][0]} has the same group and name"
                raise damaged(path, where, reason)
            self._rows[key] = where, facts

    def run(self) -> Run:
        """Returns the run, with every group that still has a row."""
        section = self._section
        run = Run(
            section.settings,
            section.cpu,
            section.seed,
            hash_seeds=section.hash_seeds,
            not_pinned=section.not_pinned,
            interrupted=section.interrupted,
            wall_s=section.wall_s,
            throttled_passes=section.throttled_passes,
            state=dict(section.state),
            delays=self._delays(),
            delays_missing=section.delays_missing,
            failures={(found.group, found.contender): found for found in section.failures},
        )
        for name, facts in section.groups.items():
            where = f"{SECTION}.groups.{name}"
            found = checked(self._path, facts, GroupFacts, where)
            # A benchmark may have been removed from the file.
            contenders, floors = (
                [self._rows[name, member] for member in members if (name, member) in self._rows]
                for members in (found.contenders, found.floors)
            )
            if contenders:
                place = self._environment(where, found.interpreter)
                controls = self._controls(where, facts)
                run.groups[name] = self._group(
                    name, where, found, (contenders, controls, floors), place
                )
        return run

    def _environment(self, where: str, place: str) -> Environment | None:
        # All groups of an older record belong to the interpreter that made it.
        if not place:
            return None
        if place not in self._section.interpreters:
            reason = f"{SECTION}.interpreters does not have {place}"
            raise damaged(self._path, f"{where}.interpreter", reason)
        facts = self._section.interpreters[place]
        checked(self._path, facts, Elsewhere, f"{SECTION}.interpreters.{place}")
        return Environment(place, "", facts)

    def _controls(self, where: str, facts: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        return [(f"{where}.controls[{n}]", one) for n, one in enumerate(facts["controls"])]

    def _group(
        self,
        name: str,
        where: str,
        found: GroupFacts,
        rows: tuple[Located, Located, Located],
        environment: Environment | None,
    ) -> GroupTimes:
        contenders, controls, floors = rows
        for number, member in enumerate(found.contenders):
            if found.contenders.index(member) < number or member in found.floors:
                raise damaged(self._path, f"{where}.contenders", f"it has {member} twice")
        if found.twin_of >= len(found.contenders):
            raise damaged(self._path, f"{where}.twin_of", "there is no such contender")
        twin_name = found.contenders[found.twin_of]
        names = [row["name"] for _, row in contenders]
        if twin_name not in names:
            reason = f"it has the twin of {twin_name}, but not {twin_name} itself"
            raise damaged(self._path, where, reason)
        empty, twin, yardstick = map(self._contender, controls)
        original = self._contender(contenders[names.index(twin_name)])
        if empty.call != EMPTY_CALL or (twin.setup, twin.call) != (original.setup, original.call):
            reason = f"they do not begin with the empty loop and the twin of {twin_name}"
            raise damaged(self._path, f"{where}.controls", reason)
        return GroupTimes(
            Group(
                name,
                tuple(map(self._contender, contenders)),
                floors=tuple(map(self._contender, floors)),
                environment=environment,
            ),
            Controls(empty, twin, yardstick, names.index(twin_name)),
            self._plan(where, found.plan),
            processes := self._processes([*contenders, *controls, *floors]),
            layouts=self._of_each(f"{where}.layouts", found.layouts, len(processes)),
            rounds=self._of_each(f"{where}.rounds", found.rounds, len(processes)),
        )

    def _of_each(self, where: str, numbers: list[int], processes: int) -> list[int]:
        # Older records have none.
        if numbers and len(numbers) != processes:
            raise damaged(self._path, where, "it does not have one for each process")
        return numbers

    def _plan(self, where: str, plan: Plan) -> Plan:
        if not (1 <= plan.unroll <= MOST_CALLS and 1 <= plan.loops <= MOST_CALLS
                and 1 <= plan.max_unroll <= MOST_CALLS):  # fmt: skip
            raise damaged(self._path, f"{where}.plan", "it has no calls")
        return plan

    def _contender(self, located: tuple[str, dict[str, Any]]) -> Contender:
        where, facts = located
        contender = checked(self._path, facts, Contender, where)
        if contender.own_loops is not None and not 1 <= contender.own_loops <= MOST_CALLS:
            raise damaged(self._path, f"{where}.own_loops", "it makes no calls")
        if bool(contender.program) != (facts.get("empty_ns") is not None):
            reason = "a program has the epochs of its empty loop here; other contenders do not"
            raise damaged(self._path, f"{where}.empty_ns", reason)
        return contender

    def _processes(self, rows: Located) -> list[Times]:
        """Unpacks the epochs of each process; all rows must have equally many of both."""
        packed = [(f"{where}.epoch_ns", facts["epoch_ns"]) for where, facts in rows]
        packed += [
            (f"{where}.empty_ns", facts["empty_ns"])
            for where, facts in rows
            if facts.get("empty_ns") is not None
        ]
        unpacked = [self._unpack(where, epochs) for where, epochs in packed]
        first = [epochs.size for epochs in unpacked[0]]
        for (where, _), row in zip(packed, unpacked, strict=True):
            if [epochs.size for epochs in row] != first:
                reason = f"it does not have as many processes and epochs as {packed[0][0]}"
                raise damaged(self._path, where, reason)
        return [np.array(process) for process in zip(*unpacked, strict=True)]

    def _unpack(self, where: str, epochs: Any) -> list[Times]:
        """Returns the epochs of a row, an array for each process."""
        if isinstance(epochs, list):
            places = [f"{where}[{process}]" for process in range(len(epochs))]
            found = list(map(self._parse, places, epochs))
        else:
            places = [where] * len(epochs["medians"])
            try:
                found = unpack(checked(self._path, epochs, PackedEpochs, where))
            except ValueError as error:
                raise damaged(self._path, where, str(error)) from error
        for place, own in zip(places, found, strict=True):
            if not own.size or own.max() > MOST_EPOCH_NS or own.min() < -MOST_EPOCH_NS:
                raise damaged(self._path, place, "it has no epochs, or an impossibly long one")
        return found

    def _parse(self, where: str, text: str) -> Times:
        try:
            return np.array(text.split(), dtype=np.int64)
        except (ValueError, OverflowError) as error:
            reason = "it is not a list of whole numbers of ns"
            raise damaged(self._path, where, reason) from error

    def _delays(self) -> GroupTimes | None:
        if self._section.delays is None:
            return None
        where = f"{SECTION}.delays.raw"
        found, raw = self._section.delays.raw, self._document[SECTION]["delays"]["raw"]
        rows = [(f"{where}.rows[{number}]", row) for number, row in enumerate(raw["rows"])]
        times = self._group(DELAYS, where, found, (rows, self._controls(where, raw), []), None)
        in_c_ns = found.timed_in_c_ns
        if len(in_c_ns) != len(times.processes) or {len(one) for one in in_c_ns} != {len(rows)}:
            reason = "it does not have a list for each process, with a time for each row"
            raise damaged(self._path, f"{where}.timed_in_c_ns", reason)
        times.reports = [{rows[0][1]["name"]: one} for one in in_c_ns]
        return times
