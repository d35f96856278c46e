"""Reads run files: a record of callcost, or any JSON file of pytest-benchmark.

Change points are found in each row's ratio to a control: a machine that is slower today is slower
at both. In a record, the control is the group's yardstick. In other files, it is the row that the
user names, or else a typical row (typical.py).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from callcost.console.files import shown
from callcost.estimate import reading
from callcost.estimate.estimate import GroupEstimate
from callcost.estimate.layouts import Benchmark, Machine, PytestRun
from callcost.estimate.record import SECTION, Record
from callcost.history.rows import TYPICAL, RunFile, StoredRow
from callcost.history.table import FIRST_YEAR, LAST_YEAR
from callcost.history.typical import MIN_ROWS
from callcost.model import abi

Facts = Mapping[str, Any]
WANTED = "a run of pytest-benchmark"
ADVICE = f"make one with: {reading.PYTEST_BENCHMARK}"


def read(path: Path, control: str | None = None, machine: str | None = None) -> RunFile:
    """Read a run file; raise RecordError if it is not one.

    `control` names the row to compare the others with. `machine` replaces the name of the machine,
    because each hosted runner has a new one.
    """
    document = reading.read_json(path)
    rows = document.get("benchmarks") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise reading.other_kind(path, document, WANTED, ADVICE)
    if not rows:
        raise reading.RecordError(f"{shown(path)} has no rows: that run measured nothing")
    if "machine_info" not in document and reading.describe(document):
        raise reading.other_kind(path, document, WANTED, ADVICE)
    try:
        return _read(path, document, control, machine)
    except RecursionError as error:
        raise reading.RecordError(f"{shown(path)} is nested too deeply") from error


def _read(path: Path, document: dict[str, Any], control: str | None, name: str | None) -> RunFile:
    known = reading.checked(path, document, PytestRun)
    _refuse_twice(path, [row.fullname for row in known.benchmarks])
    machine = _Machine(known.machine_info, name)
    if SECTION in document:
        if control is not None:
            raise reading.RecordError(f"{shown(path)} has its own controls: leave out --control")
        reading.refuse_odd(path, document["machine_info"].get(SECTION), f"machine_info.{SECTION}")
        rows = tuple(_record_rows(path, document, known, machine))
    else:
        rows = tuple(_foreign_rows(path, known, machine, control))
    return RunFile(
        digest=_digest(document),
        time=_in_utc(path, known.datetime),
        commit=known.commit_info.id,
        branch=known.commit_info.branch or "",
        dirty=bool(known.commit_info.dirty),
        environment=json.dumps(_environment(document, known), sort_keys=True),
        rows=rows,
    )


def _refuse_twice(path: Path, fullnames: list[str]) -> None:
    first: dict[str, int] = {}
    for number, fullname in enumerate(fullnames):
        if fullname in first:
            reason = f"benchmarks[{first[fullname]}] has the same name"
            raise reading.damaged(path, f"benchmarks[{number}].fullname", reason)
        first[fullname] = number


def _digest(document: dict[str, Any]) -> str:
    """Identify a run by what was measured, and on what, but not by when it was written."""
    measured = [
        document["machine_info"],
        document["commit_info"]["id"],
        [(row["fullname"], row["stats"]["median"], row["stats"]["mean"], row["stats"]["rounds"])
         for row in document["benchmarks"]],
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(measured, sort_keys=True).encode()).hexdigest()[:20]


def _in_utc(path: Path, text: str) -> datetime:
    """Read a time; without a zone it is UTC, as in pytest-benchmark."""
    try:
        time = datetime.fromisoformat(text)
        found = time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise reading.damaged(path, "datetime", f"{text!a:.60} is not a time") from error
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise reading.damaged(
            path, "datetime", f"{text} is not between {FIRST_YEAR} and {LAST_YEAR}"
        )
    return found


def _environment(document: dict[str, Any], known: PytestRun) -> dict[str, Any]:
    machine, section = known.machine_info, document.get(SECTION, {})
    return {
        "python": _version(machine),
        "system": f"{machine.system} {machine.release}",
        "pytest-benchmark": known.version,
        "interpreters": section.get("interpreters", {}),
        **section.get("environment", {}),
    }


def _told_apart(build: Facts) -> Facts:
    """Leave out empty ABI flags: older records do not have the key.

    A free-threaded build has flags, and the same cache tag as the build with a GIL.
    """
    return {k: v for k, v in build.items() if (k, v) != ("abi_flags", "")}


def _version(info: Machine, parts: int = 3) -> str:
    """Return the version of a run's interpreter, with a t if it is free-threaded."""
    own = info.callcost.interpreter or {}
    return abi.version({**own, "python_version": info.python_version}, parts)


class _Machine:
    """Identifies a machine together with each interpreter of a run."""

    def __init__(self, info: Machine, name: str | None) -> None:
        own = info.callcost
        self._cpu = info.cpu.brand_raw or info.machine
        self._cpus = own.cpu_count or info.cpu.count
        self._name = name or own.machine_digest or info.node
        version = _version(info, parts=2)
        self._python = f"{info.python_implementation} {version}"
        self._build = _told_apart(own.interpreter or {}) or {
            "implementation": info.python_implementation,
            "version": version,
            "compiler": info.python_compiler,
        }

    def identity(self, elsewhere: Facts | None = None) -> dict[str, Any]:
        """Return the fields of `StoredRow` that identify the machine and the interpreter.

        `elsewhere` has the facts of the interpreter, if it is not the one of the run.
        """
        build, python = self._build, self._python
        if elsewhere is not None:
            told = ("implementation", "cache_tag", "abi_flags")
            build = _told_apart({key: elsewhere[key] for key in told if key in elsewhere})
            python = f"{elsewhere['implementation']} {abi.version(elsewhere, parts=2)}"
        parts = [self._name, self._cpu, self._cpus, build]
        digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]
        label = f"{self._name}: {self._cpu}, {self._cpus or '?'} CPUs, {python}"
        interpreter = json.dumps(elsewhere or self._build, sort_keys=True)
        return {"machine": digest, "machine_label": label, "interpreter": interpreter}


def _record_rows(
    path: Path, document: dict[str, Any], known: PytestRun, machine: _Machine
) -> Iterator[StoredRow]:
    """Yield the rows of a record of callcost, compared with the yardstick of their group."""
    estimates = Record(path, document).estimates
    compared = {name: _to_yardstick(estimate) for name, estimate in estimates.items()}
    for number, row in enumerate(known.benchmarks):
        facts = document["benchmarks"][number]["extra_info"][SECTION]
        group, name = facts.get("group", ""), facts["name"]
        if group not in estimates or name not in estimates[group].names:
            reason = f"{SECTION}.groups has no times of {group}: {name}"
            raise reading.damaged(path, f"benchmarks[{number}].extra_info.{SECTION}", reason)
        estimate = estimates[group]
        place = estimate.times.group.environment
        control, ratios = compared[group]
        cost_ns, low_ns, high_ns = estimate.net_ns(estimate.names.index(name)).as_list()
        # A cost below zero means that the call was too short for its epochs.
        known_cost = cost_ns is not None and cost_ns > 0
        yield StoredRow(
            **machine.identity(None if place is None else place.facts),
            **_names_and_stats(row),
            group=group,
            contender=name,
            cost_ns=cost_ns if known_cost else None,
            cost_low_ns=low_ns if known_cost else None,
            cost_high_ns=high_ns if known_cost else None,
            control=control,
            ratio=ratios.get(name),
        )


def _to_yardstick(estimate: GroupEstimate) -> tuple[str, dict[str, float]]:
    """Return the name of the yardstick and each row's ratio to it; none if the twin moved."""
    yardstick = estimate.times.controls.yardstick
    # The set-up is part of the name: another yardstick starts another series.
    control = f"{yardstick.name} ({yardstick.setup}: {yardstick.call})"
    if estimate.inconclusive:
        return control, {}
    ratios = zip(estimate.names, estimate.ratios_to_yardstick(), strict=True)
    return control, {name: float(ratio) for name, ratio in ratios if math.isfinite(ratio)}


def _foreign_rows(
    path: Path, known: PytestRun, machine: _Machine, control: str | None
) -> Iterator[StoredRow]:
    """Yield the rows of any other pytest-benchmark file."""
    said, base_ns = _base(path, known.benchmarks, control)
    for row in known.benchmarks:
        median_ns = row.stats.median * 1e9
        ratio = None if base_ns is None else median_ns / base_ns
        stem, _, parameters = row.fullname.partition("[")
        yield StoredRow(
            **machine.identity(),
            **_names_and_stats(row),
            group=str(row.group or stem),
            contender=str(row.param or parameters.rstrip("]") or row.name),
            cost_ns=median_ns,
            cost_low_ns=None,
            cost_high_ns=None,
            control=said,
            ratio=ratio,
        )


def _base(path: Path, rows: list[Benchmark], control: str | None) -> tuple[str, float | None]:
    """Return the name of the control of a file, and its time in ns.

    The typical row has no time yet: it depends on the other runs.
    """
    if control is None:
        return TYPICAL, None
    named = [row for row in rows if control in (row.fullname, row.name)]
    if len(named) != 1:
        raise reading.RecordError(
            f"{shown(path)} has {len(named) or 'no'} rows called {control}: --control takes "
            "the name of one row, or its fullname if several have that name"
        )
    return named[0].fullname, named[0].stats.median * 1e9


def _names_and_stats(row: Benchmark) -> dict[str, Any]:
    """Return the fields of `StoredRow` that every file of pytest-benchmark has."""
    return {
        "fullname": row.fullname,
        "parameters": str(row.param or ""),
        "median_ns": row.stats.median * 1e9,
        "mean_ns": row.stats.mean * 1e9,
        "rounds": row.stats.rounds,
    }


def without_ratio(run: RunFile) -> str:
    """Say why changes cannot be found in the rows of a run; empty if they can."""
    if any(row.ratio is not None for row in run.rows):
        return ""
    if run.rows[0].control != TYPICAL:
        return (
            "no ratio can be trusted, because the twins moved or too few epochs are known: measure "
            "on a calmer machine"
        )
    if len(run.rows) < MIN_ROWS:
        return (
            f"a file with fewer than {MIN_ROWS} rows does not show whether a row or the machine "
            "changed, so no change will be found: name a row with --control"
        )
    return ""
