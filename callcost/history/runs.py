"""Reads run files: the rows of a record of callcost's, or of any pytest-benchmark JSON.

Each row has a ratio to a control, which change points are looked for in: a machine that is
slower today is slower at both. In a record the control is the group's yardstick. Other files
have the row that the user names or, failing that, a typical row (typical.py).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from callcost.console.files import shown
from callcost.estimate.estimate import GroupEstimate, estimate_run
from callcost.estimate.layouts import Benchmark, Machine, PytestRun
from callcost.estimate.reading import (
    PYTEST_BENCHMARK,
    RecordError,
    checked,
    damaged,
    describe,
    other_kind,
    read_json,
    refuse_odd,
)
from callcost.estimate.record import SECTION, rebuild
from callcost.history.table import FIRST_YEAR, LAST_YEAR, TYPICAL
from callcost.history.typical import MIN_ROWS
from callcost.model import abi

Facts = Mapping[str, Any]
WANTED = "a run of pytest-benchmark"
ADVICE = f"make one with: {PYTEST_BENCHMARK}"


@dataclass(frozen=True)
class Row:
    """What one run says of one contender; costs in ns per call, None where it is not known.

    `median_ns` and `mean_ns` are pytest-benchmark's, overhead included. `cost_ns` is net of the
    loop in a record of callcost's, and the median elsewhere. `machine` stands for the machine and
    the interpreter's build: series of different machines are never joined.
    """

    machine: str
    machine_label: str
    interpreter: str
    group: str
    contender: str
    fullname: str
    parameters: str
    median_ns: float
    mean_ns: float
    cost_ns: float | None
    cost_low_ns: float | None
    cost_high_ns: float | None
    control: str
    ratio: float | None
    rounds: int


@dataclass(frozen=True)
class RunFile:
    """One run: what it was made of and when, and its rows.

    `digest` depends on what was measured alone, so that a copy of a file is known again.
    `environment` is JSON: the versions of all tools, as far as the file tells them.
    """

    digest: str
    time: datetime
    commit: str
    branch: str
    dirty: bool
    environment: str
    rows: tuple[Row, ...]


def read(path: Path, control: str | None = None, machine: str | None = None) -> RunFile:
    """Reads a run file; raises RecordError for what is none.

    `control` names the row that the others of a file are compared with, `machine` the machine
    where its own name says too much (each hosted runner is a new one).
    """
    document = read_json(path)
    rows = document.get("benchmarks") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise other_kind(path, document, WANTED, ADVICE)
    if not rows:
        raise RecordError(f"{shown(path)} has no rows: nothing was measured in that run")
    if "machine_info" not in document and describe(document):
        raise other_kind(path, document, WANTED, ADVICE)
    try:
        return _read(path, document, control, machine)
    except RecursionError as error:
        raise RecordError(f"{shown(path)} is nested too deeply") from error


def _read(path: Path, document: dict[str, Any], control: str | None, name: str | None) -> RunFile:
    known = checked(path, document, PytestRun)
    _refuse_twice(path, [row.fullname for row in known.benchmarks])
    machine = _Machine(known.machine_info, name)
    if SECTION in document:
        if control is not None:
            raise RecordError(f"{shown(path)} has controls of its own: leave --control out")
        refuse_odd(path, document["machine_info"].get(SECTION), f"machine_info.{SECTION}")
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
            raise damaged(path, f"benchmarks[{number}].fullname", reason)
        first[fullname] = number


def _digest(document: dict[str, Any]) -> str:
    """Names a run by what was measured, and on what; the hour when it was written is left out."""
    measured = [
        document["machine_info"],
        document["commit_info"]["id"],
        [(row["fullname"], row["stats"]["median"], row["stats"]["mean"], row["stats"]["rounds"])
         for row in document["benchmarks"]],
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(measured, sort_keys=True).encode()).hexdigest()[:20]


def _in_utc(path: Path, text: str) -> datetime:
    """Reads a time; one without a zone is UTC, as pytest-benchmark's is."""
    try:
        time = datetime.fromisoformat(text)
        found = time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise damaged(path, "datetime", f"{text!a:.60} is not a time") from error
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise damaged(path, "datetime", f"{text} is not between {FIRST_YEAR} and {LAST_YEAR}")
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
    """Leaves out flags of the ABI where there are none: older records do not have the key.

    A free-threaded build has flags, and the cache tag of the build with a GIL.
    """
    return {k: v for k, v in build.items() if (k, v) != ("abi_flags", "")}


def _version(info: Machine, parts: int = 3) -> str:
    """Returns the version of the interpreter of a run, with the t of a free-threaded one."""
    own = info.callcost.interpreter or {}
    return abi.version({**own, "python_version": info.python_version}, parts)


class _Machine:
    """The identities of a machine with each interpreter that a run was made with."""

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
        """Returns a digest, a label to show, and the interpreter as JSON, by the names of `Row`.

        `elsewhere` are the facts of another interpreter than that of the run.
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
) -> Iterator[Row]:
    """Yields the rows of a record of callcost's, compared with the yardstick of their group."""
    run = rebuild(path, document)
    estimates = estimate_run(run)
    compared = {name: _to_yardstick(estimate) for name, estimate in estimates.items()}
    for number, row in enumerate(known.benchmarks):
        facts = document["benchmarks"][number]["extra_info"][SECTION]
        group, name = facts.get("group", ""), facts["name"]
        if group not in estimates or name not in estimates[group].names:
            reason = f"{SECTION}.groups has no times of {group}: {name}"
            raise damaged(path, f"benchmarks[{number}].extra_info.{SECTION}", reason)
        estimate = estimates[group]
        place = estimate.times.group.environment
        control, ratios = compared[group]
        cost_ns, low_ns, high_ns = estimate.net_ns(estimate.names.index(name)).as_list()
        # A call that costs less than nothing was too short for its epochs.
        known_cost = cost_ns is not None and cost_ns > 0
        yield Row(
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
    """Returns what the yardstick is, and each row's ratio to it; none if the twin moved."""
    yardstick = estimate.times.controls.yardstick
    # Its set-up belongs to its name: another yardstick begins another series.
    control = f"{yardstick.name} ({yardstick.setup}: {yardstick.call})"
    if estimate.inconclusive:
        return control, {}
    ratios = zip(estimate.names, estimate.ratios_to_yardstick(), strict=True)
    return control, {name: float(ratio) for name, ratio in ratios if math.isfinite(ratio)}


def _foreign_rows(
    path: Path, known: PytestRun, machine: _Machine, control: str | None
) -> Iterator[Row]:
    """Yields the rows of any other pytest-benchmark file."""
    said, base_ns = _base(path, known.benchmarks, control)
    for row in known.benchmarks:
        median_ns = row.stats.median * 1e9
        ratio = None if base_ns is None else median_ns / base_ns
        stem, _, parameters = row.fullname.partition("[")
        yield Row(
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
    """Says what the rows of a file are compared with, and returns what that takes in ns.

    The typical row is known once the runs beside it are, so it has no time yet.
    """
    if control is None:
        return TYPICAL, None
    named = [row for row in rows if control in (row.fullname, row.name)]
    if len(named) != 1:
        raise RecordError(
            f"{shown(path)} has {len(named) or 'no'} rows called {control}: --control takes "
            "the name or, where that is not enough, the fullname of one row"
        )
    return named[0].fullname, named[0].stats.median * 1e9


def _names_and_stats(row: Benchmark) -> dict[str, Any]:
    """Returns what a row says in every file of pytest-benchmark, by the names of `Row`."""
    return {
        "fullname": row.fullname,
        "parameters": str(row.param or ""),
        "median_ns": row.stats.median * 1e9,
        "mean_ns": row.stats.mean * 1e9,
        "rounds": row.stats.rounds,
    }


def without_ratio(run: RunFile) -> str:
    """Says why no change will ever be found in the rows of a run; empty if it may be."""
    if any(row.ratio is not None for row in run.rows):
        return ""
    if run.rows[0].control != TYPICAL:
        return "the twins moved too far for any ratio to be trusted: measure on a calmer machine"
    if len(run.rows) < MIN_ROWS:
        return (
            f"with fewer than {MIN_ROWS} rows it cannot be known whether a row or the machine has "
            "changed, so no change will be found: name a row with --control"
        )
    return ""
