"""Reads run files: the rows of a record of callcost's, or of any pytest-benchmark JSON.

Each row has a ratio to a control, which change points are looked for in: a machine that is
slower today is slower at both. In a record the control is the group's yardstick. Other files
have the row that the user names or, failing that, the geometric mean of all rows.
"""

from __future__ import annotations

import hashlib
import json
import math
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from callcost.errors import CallcostError
from callcost.estimate import GroupEstimate, estimate_run
from callcost.record import SECTION, RecordError, read_json, rebuild

Facts = Mapping[str, Any]

# A ratio to the mean of so few rows would tell more of the others than of the row.
MIN_MEAN_ROWS = 3


class RunFileError(CallcostError):
    """A file that holds no run which can be kept; the text says which file and why."""


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
    """Reads a run file; raises RunFileError for what is none.

    `control` names the row that the others of a file are compared with, `machine` the machine
    where its own name says too much (each hosted runner is a new one).
    """
    try:
        document = _load(path)
        return _read(path, document, control, machine)
    except RecordError as error:
        raise RunFileError(str(error)) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunFileError(
            f"{path} is no run that can be kept: {type(error).__name__}: {error}"
        ) from error


def _load(path: Path) -> dict[str, Any]:
    document = read_json(path)
    if not isinstance(document, dict) or not isinstance(document.get("benchmarks"), list):
        raise RunFileError(
            f"{path} is not a run of pytest-benchmark; make one with: "
            "pytest --benchmark-only --benchmark-json=FILE"
        )
    if not document["benchmarks"]:
        raise RunFileError(f"{path} has no rows: nothing was measured in that run")
    return document


def _read(path: Path, document: dict[str, Any], control: str | None, name: str | None) -> RunFile:
    commit = document["commit_info"]
    machine = _Machine(document["machine_info"], name)
    if SECTION in document:
        if control is not None:
            raise RunFileError(f"{path} has controls of its own: leave --control out")
        rows = tuple(_record_rows(path, document, machine))
    else:
        rows = tuple(_foreign_rows(path, document, machine, control))
    return RunFile(
        digest=_digest(document),
        time=_in_utc(document["datetime"]),
        commit=str(commit["id"]),
        branch=str(commit.get("branch", "")),
        dirty=bool(commit.get("dirty")),
        environment=json.dumps(_environment(document), sort_keys=True),
        rows=rows,
    )


def _digest(document: dict[str, Any]) -> str:
    """Names a run by what was measured, and on what; the hour when it was written is left out."""
    measured = [
        document["machine_info"],
        document["commit_info"]["id"],
        [(row["fullname"], row["stats"]["median"], row["stats"]["mean"], row["stats"]["rounds"])
         for row in document["benchmarks"]],
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(measured, sort_keys=True).encode()).hexdigest()[:20]


def _in_utc(text: str) -> datetime:
    """Reads a time; one without a zone is UTC, as pytest-benchmark's is."""
    time = datetime.fromisoformat(text)
    return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)


def _environment(document: dict[str, Any]) -> dict[str, Any]:
    machine = document["machine_info"]
    known: dict[str, Any] = {
        "python": machine.get("python_version"),
        "system": f"{machine.get('system')} {machine.get('release')}",
        "pytest-benchmark": document.get("version"),
    }
    section = document.get(SECTION, {})
    return {**known, "interpreters": section.get("interpreters", {}),
            **section.get("environment", {})}  # fmt: skip


class _Machine:
    """The identities of a machine with each interpreter that a run was made with."""

    def __init__(self, info: Facts, name: str | None) -> None:
        own: Facts = info.get(SECTION, {})
        cpu: Facts = info.get("cpu", {})
        self._cpu = str(cpu.get("brand_raw") or info.get("machine", "unknown CPU"))
        self._cpus = own.get("cpu_count") or cpu.get("count")
        self._name = name or str(own.get("machine_digest") or info["node"])
        version = ".".join(str(info["python_version"]).split(".")[:2])
        self._python = f"{info['python_implementation']} {version}"
        self._build = own.get("interpreter") or {
            "implementation": info["python_implementation"],
            "version": version,
            "compiler": info.get("python_compiler"),
        }

    def identity(self, elsewhere: Facts | None = None) -> dict[str, Any]:
        """Returns a digest, a label to show, and the interpreter as JSON, by the names of `Row`.

        `elsewhere` are the facts of another interpreter than that of the run.
        """
        build, python = self._build, self._python
        if elsewhere is not None:
            build = {key: elsewhere[key] for key in ("implementation", "cache_tag")}
            version = ".".join(elsewhere["python_version"].split(".")[:2])
            python = f"{elsewhere['implementation']} {version}"
        parts = [self._name, self._cpu, self._cpus, build]
        digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]
        label = f"{self._name}: {self._cpu}, {self._cpus or '?'} CPUs, {python}"
        interpreter = json.dumps(elsewhere or self._build, sort_keys=True)
        return {"machine": digest, "machine_label": label, "interpreter": interpreter}


def _record_rows(path: Path, document: dict[str, Any], machine: _Machine) -> Iterator[Row]:
    """Yields the rows of a record of callcost's, compared with the yardstick of their group."""
    estimates = estimate_run(rebuild(path, document))
    compared = {name: _to_yardstick(estimate) for name, estimate in estimates.items()}
    section = document[SECTION]
    for row in document["benchmarks"]:
        facts = row["extra_info"][SECTION]
        group = facts["group"]
        place = section["groups"][group].get("interpreter", "")
        control, ratios = compared[group]
        known, low, high = facts["net_ns"]
        yield Row(
            **machine.identity(section["interpreters"][place] if place else None),
            **_names_and_stats(row),
            group=group,
            contender=facts["name"],
            cost_ns=known,
            cost_low_ns=low,
            cost_high_ns=high,
            control=control,
            ratio=ratios.get(facts["name"]),
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
    path: Path, document: dict[str, Any], machine: _Machine, control: str | None
) -> Iterator[Row]:
    """Yields the rows of any other pytest-benchmark file."""
    rows: list[dict[str, Any]] = document["benchmarks"]
    said, base_ns = _base(path, rows, control)
    for row in rows:
        median_ns = _positive(row["stats"]["median"]) * 1e9
        ratio = None if base_ns is None else median_ns / base_ns
        stem, _, parameters = str(row["fullname"]).partition("[")
        yield Row(
            **machine.identity(),
            **_names_and_stats(row),
            group=str(row.get("group") or stem),
            contender=str(row.get("param") or parameters.rstrip("]") or row["name"]),
            cost_ns=median_ns,
            cost_low_ns=None,
            cost_high_ns=None,
            control=said,
            ratio=ratio,
        )


def _base(path: Path, rows: list[dict[str, Any]], control: str | None) -> tuple[str, float | None]:
    """Says what the rows of a file are compared with, and returns what that takes in ns."""
    medians_ns = {row["fullname"]: _positive(row["stats"]["median"]) * 1e9 for row in rows}
    if control is not None:
        named = [row["fullname"] for row in rows if control in (row["fullname"], row["name"])]
        if len(named) != 1:
            raise RunFileError(
                f"{path} has {len(named) or 'no'} rows called {control}: --control takes the "
                "name or, where that is not enough, the fullname of one row"
            )
        return named[0], medians_ns[named[0]]
    if len(rows) < MIN_MEAN_ROWS:
        return "", None
    # The rows that make up the mean belong to its name: one more moves the ratios of all.
    members = hashlib.sha256("\n".join(sorted(medians_ns)).encode()).hexdigest()[:8]
    mean_ns = statistics.geometric_mean(medians_ns.values())
    return f"geometric mean of {len(rows)} rows ({members})", mean_ns


def _names_and_stats(row: dict[str, Any]) -> dict[str, Any]:
    """Returns what a row says in every file of pytest-benchmark, by the names of `Row`."""
    stats = row["stats"]
    return {
        "fullname": str(row["fullname"]),
        "parameters": str(row.get("param") or ""),
        "median_ns": _positive(stats["median"]) * 1e9,
        "mean_ns": _positive(stats["mean"]) * 1e9,
        "rounds": _count(stats["rounds"]),
    }


def _positive(seconds: Any) -> float:
    """Checks a time from a file; raises ValueError."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"{seconds!r} is not a time in seconds")
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"{seconds!r} is not a time in seconds that anything can take")
    return float(seconds)


def _count(number: Any) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ValueError(f"{number!r} is not a number of rounds")
    return number
