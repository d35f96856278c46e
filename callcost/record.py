"""Runs on disk: a pytest-benchmark JSON that also holds everything the instrument saw.

Each benchmark's `extra_info["callcost"]` has its raw epochs and its estimates; the top level
has a section `callcost` with what belongs to the run as a whole, the controls among it. From
these a run is read back whole, so that every figure can be estimated again.
"""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from callcost.coordinator import GroupTimes, Run, Settings, Times
from callcost.delays import NAME as DELAYS
from callcost.delays import Delays, Point, estimate_delays, timed_in_c
from callcost.errors import CallcostError
from callcost.estimate import GroupEstimate, Interval, aa_error, estimate_run
from callcost.files import probe_writable as probe_writable
from callcost.files import write_atomically as write_atomically
from callcost.job import Binary, Contender, Controls, Environment, Group, Plan

# 1 had no delays. Whatever a record lacks is younger than it, and has its default.
VERSION = 2
SECTION = "callcost"


class RecordError(CallcostError):
    """A file that is not a record of a run; the text says which file and why."""


def pack_epochs(times: GroupTimes, row: int) -> list[str]:
    """Writes a row's epochs as one string of ns per process; negative: preempted."""
    return [" ".join(map(str, epochs[row].tolist())) for epochs in times.processes]


def contender_facts(estimate: GroupEstimate, row: int, ranks: dict[int, int]) -> dict[str, Any]:
    """Collects what a record says of one contender: estimates as [value, low, high], raw epochs."""
    times = estimate.times
    return {
        "group": times.group.name,
        **_portable(times.contenders[row]),
        "floor": row in estimate.floors,
        "gross_ns": estimate.gross_ns(row).as_list(),
        "net_ns": estimate.net_ns(row).as_list(),
        "ratio_to_fastest": estimate.ratio(row, estimate.fastest).as_list(),
        "processes_used": len(estimate.rounds_ns(row)),
        "fastest": estimate.names[estimate.fastest],
        "rank": ranks.get(row),
        "preempted_epochs": estimate.preempted(row),
        **_epochs(times, row),
    }


def _epochs(times: GroupTimes, row: int) -> dict[str, list[str]]:
    """Collects the raw epochs of a contender and, for a program, those of its empty loop."""
    epochs = {"epoch_ns": pack_epochs(times, row)}
    if times.contenders[row].program:
        epochs["empty_ns"] = pack_epochs(times, times.empty_row(row))
    return epochs


def _portable(contender: Contender) -> dict[str, Any]:
    """Describes a contender without the paths that are this machine's own."""
    facts = asdict(contender)
    # Every process has checked them; nothing is estimated from them.
    del facts["examples"]
    facts["binaries"] = [{**binary, "path": ""} for binary in facts["binaries"]]
    facts["program"] = [Path(word).name for word in facts["program"]]
    return facts


def run_facts(run: Run, environment: dict[str, Any]) -> dict[str, Any]:
    """Collects what a record says of the run as a whole."""
    estimates = estimate_run(run)
    error = aa_error(list(estimates.values()))
    settings = {k: v for k, v in asdict(run.settings).items() if k != "python"}
    return {
        "version": VERSION,
        "settings": settings,
        "cpu": run.cpu,
        "not_pinned": run.not_pinned,
        "seed": run.seed,
        "hash_seeds": run.hash_seeds,
        "wall_s": run.wall_s,
        "interrupted": run.interrupted,
        "failures": [asdict(failure) for failure in run.failures.values()],
        "aa_p95": None if np.isnan(error) else error,
        "delays": _delays_facts(run),
        "delays_missing": run.delays_missing,
        "throttled_passes": run.throttled_passes,
        "state": run.state,
        "coordinator_peak_mib": peak_mib(),
        "environment": environment,
        "interpreters": {
            times.group.place: times.group.environment.facts
            for times in run.groups.values()
            if times.group.environment is not None
        },
        "groups": {name: _group_facts(estimate) for name, estimate in estimates.items()},
    }


def _delays_facts(run: Run) -> dict[str, Any] | None:
    """Says what the injected delays showed; `raw` is what that was estimated from."""
    times, found = run.delays, estimate_delays(run)
    if times is None or found is None:
        return None
    rows = [
        {**_portable(contender), **_epochs(times, row)}
        for row, contender in enumerate(times.group.contenders)
    ]
    return {
        "slope": found.slope.as_list(),
        "intercept_ns": found.intercept_ns.as_list(),
        "points": [
            {
                "injected_ns": point.injected_ns,
                "measured_ns": point.measured.as_list(),
                "fitted": point.fitted,
            }
            for point in found.points
        ],
        "raw": {
            **_group_facts(GroupEstimate(times)),
            "rows": rows,
            "timed_in_c_ns": timed_in_c(times),
        },
    }


def peak_mib() -> float:
    """Tells how much memory this process has needed at most, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _group_facts(estimate: GroupEstimate) -> dict[str, Any]:
    times = estimate.times
    first_control = len(times.group.contenders)
    return {
        "interpreter": times.group.place,
        "plan": asdict(times.plan),
        "contenders": estimate.names[:first_control],
        "floors": [contender.name for contender in times.group.floors],
        "twin_of": times.controls.twin_of,
        "twin_ratio": estimate.twin_ratio.as_list(),
        "inconclusive": estimate.inconclusive,
        "disturbed_share": estimate.disturbed_share,
        "filtered": estimate.filtered,
        "processes_used": len(estimate.usable),
        "empty_ns": estimate.empty_ns.as_list(),
        "controls": [
            {**_portable(contender), **_epochs(times, first_control + offset)}
            for offset, contender in enumerate(times.controls.contenders)
        ],
    }


def read_json(path: Path) -> Any:
    """Reads any JSON; raises RecordError for a file that holds none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise RecordError(f"{path} is not JSON: {error}") from error


def load(path: Path) -> dict[str, Any]:
    """Reads a record's JSON; raises RecordError for anything else."""
    document = read_json(path)
    _refuse_other(path, document)
    return dict(document)


def _refuse_other(path: Path, document: Any) -> None:
    """Raises RecordError for what is no record, or one of another version."""
    section = document.get(SECTION) if isinstance(document, dict) else None
    if not isinstance(section, dict) or "groups" not in section:
        raise RecordError(
            f"{path} is not a record of callcost; make one with: pytest benchmarks --benchmark-only"
        )
    version = section.get("version")
    # By its type: True would pass for a 1.
    if type(version) is not int or version > VERSION:
        raise RecordError(
            f"{path} has record version {version!r}, this callcost reads up to {VERSION}"
        )


def read_delays(document: dict[str, Any]) -> Delays | None:
    """Reads what the injected delays of a recorded run showed; None if it had none.

    The document is one that `load` has returned. Raises RecordError.
    """
    facts = document[SECTION].get("delays")
    if facts is None:
        return None
    try:
        points = [
            Point(point["injected_ns"], _interval(point["measured_ns"]), point["fitted"])
            for point in facts["points"]
        ]
        return Delays(_interval(facts["slope"]), _interval(facts["intercept_ns"]), points)
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(
            f"the record's delays are damaged: {type(error).__name__}: {error}"
        ) from error


def _interval(ends: list[float | None]) -> Interval:
    """Reads what `Interval.as_list` has written."""
    value, low, high = (np.nan if end is None else float(end) for end in ends)
    return Interval(value, low, high)


def read_run(path: Path) -> Run:
    """Rebuilds the run that a record was made of; raises RecordError."""
    return rebuild(path, load(path))


def rebuild(path: Path, document: dict[str, Any]) -> Run:
    """Rebuilds the run from a record that was read from `path`; raises RecordError."""
    _refuse_other(path, document)
    try:
        return _rebuild(document)
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(f"{path} is damaged: {type(error).__name__}: {error}") from error


def _rebuild(document: dict[str, Any]) -> Run:
    section = document[SECTION]
    run = Run(
        Settings(**section["settings"]),
        section["cpu"],
        section["seed"],
        hash_seeds=section["hash_seeds"],
        not_pinned=section["not_pinned"],
        interrupted=section["interrupted"],
        wall_s=section["wall_s"],
        throttled_passes=section.get("throttled_passes", 0),
        state=section["state"],
        delays=_rebuild_delays(section.get("delays")),
        delays_missing=section.get("delays_missing"),
    )
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for benchmark in document["benchmarks"]:
        facts = benchmark["extra_info"][SECTION]
        rows[facts["group"], facts["name"]] = facts
    for name, facts in section["groups"].items():
        # A record without floors is older than they are.
        contenders, floors = (
            [rows[name, member] for member in members if (name, member) in rows]
            for members in (facts["contenders"], facts.get("floors", []))
        )
        if contenders:
            # An older record holds groups of the one interpreter that made it.
            place = facts.get("interpreter", "")
            environment = Environment(place, "", section["interpreters"][place]) if place else None
            run.groups[name] = _rebuild_group(name, facts, contenders, floors, environment)
    return run


def _rebuild_group(
    name: str,
    facts: dict[str, Any],
    rows: list[dict[str, Any]],
    floors: list[dict[str, Any]],
    environment: Environment | None,
) -> GroupTimes:
    twin_name = facts["contenders"][facts["twin_of"]]
    names = [row["name"] for row in rows]
    if twin_name not in names:
        raise ValueError(f"{name} holds the twin of {twin_name} but not {twin_name} itself")
    empty, twin, yardstick = (_contender(row) for row in facts["controls"])
    controls = Controls(empty, twin, yardstick, names.index(twin_name))
    group = Group(
        name,
        tuple(map(_contender, rows)),
        floors=tuple(map(_contender, floors)),
        environment=environment,
    )
    every = [*rows, *facts["controls"], *floors]
    packed = [row["epoch_ns"] for row in every]
    packed += [row["empty_ns"] for row in every if "empty_ns" in row]
    processes = [
        np.array([_unpack(epochs) for epochs in process], dtype=np.int64)
        for process in zip(*packed, strict=True)
    ]
    return GroupTimes(group, controls, Plan(**facts["plan"]), processes)


def _rebuild_delays(facts: dict[str, Any] | None) -> GroupTimes | None:
    if facts is None:
        return None
    raw = facts["raw"]
    times = _rebuild_group(DELAYS, raw, raw["rows"], [], None)
    times.reports = [{raw["contenders"][0]: in_c_ns} for in_c_ns in raw["timed_in_c_ns"]]
    return times


def _contender(facts: dict[str, Any]) -> Contender:
    binaries = tuple(Binary(**binary) for binary in facts["binaries"])
    program = tuple(facts.get("program", ()))
    given = {field.name for field in fields(Contender)} - {"binaries", "program", "examples"}
    # A field that a record lacks is younger than the record, and has its default.
    values = {key: facts[key] for key in given & facts.keys()}
    return Contender(**values, binaries=binaries, program=program)


def _unpack(epochs: str) -> Times:
    return np.array(epochs.split(), dtype=np.int64)
