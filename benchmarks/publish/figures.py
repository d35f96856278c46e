"""Reads the files in results/ that are not runs, for the documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from callcost.compare.outcome import Counts
from callcost.estimate.delays import estimate_delays
from callcost.estimate.layouts import (
    CalibrationFile,
    Count,
    Cpu,
    Dated,
    Machine,
    Name,
    NotNegative,
    Number,
    OwnMachine,
)
from callcost.estimate.reading import checked, read_json, refuse_odd
from callcost.model.run import Run

Share = Number


class WholeCalibration(CalibrationFile):
    """calibration.json."""

    empty_call_ns: Number
    aa_p95: Share
    aa_max: Share
    wall_s: Number


class Agreement(Struct):
    """How far two runs of one harness agreed."""

    compared: Count
    within_limit: Share
    median: Share
    p95: Share
    worst: Share
    swapped_pairs: Count


class Order(Struct):
    """How many pairs of rows changed their order."""

    pairs_told_apart: Count
    turned_round: Count


class Repeatability(Struct):
    """repeatability.json."""

    limit: Share
    harnesses: dict[Name, Agreement]
    order: Order


class Load(Struct):
    """The load of the machine."""

    load_1min: Number


class Cpus(Struct):
    """How large the machine is."""

    cpu_count: Count


class Best(Struct):
    """The seconds of a command."""

    best: Number
    median: Number


class History(Struct):
    """history.json."""

    rows: Count
    runs: Count
    bytes: Count
    run_rows: Count
    shown_points: Count
    add_s: Best
    show_s: Best
    duckdb: Name
    state: Load
    machine: Cpus


class Written(Struct):
    """What it took to write a site."""

    rows: Count
    wall_s: Number
    peak_mib: Number
    bytes: Count


class Opened(Written):
    """What it took to write a site and to open it."""

    painted_ms: Number
    live_ms: Number


class Report(Struct):
    """report.json."""

    whole: Opened
    few: Written
    history: Written
    state: Load
    machine: Cpus


class Plant(Struct):
    """A slowdown that was planted."""

    steps: Count
    share_timed_in_c: Share
    instructions: tuple[Number, Number]


class GateRun(Struct):
    """The result of one comparison."""

    exit_code: int
    slower: list[Name]
    changes: dict[Name, tuple[Number, Number, Number]]
    measuring_s: Number
    wall_s: Number


class PeerRun(Struct):
    """The verdict of another tool."""

    failed: bool
    slower: list[Name]


class Cold(Struct):
    """What a comparison took from an empty cache."""

    wall_s: Number


class Gate(Struct):
    """gate.json."""

    threshold_percent: Number
    mechanisms: list[Name]
    workloads: list[Name]
    planted_row: Name
    planted: dict[Name, Plant]
    runs: dict[Name, Annotated[list[GateRun], Meta(min_length=1)]]
    peers: dict[Name, list[PeerRun]]
    cold: Cold


class NoopRun(Struct):
    """The result of comparing a commit that changes no call."""

    slower: list[Name]
    faster: list[Name]
    changes: dict[Name, tuple[Number, Number, Number]]
    load_1min: Number


class NoopKinds(Struct):
    """A commit, compared in many layouts and as built."""

    layouts: Annotated[list[NoopRun], Meta(min_length=1)]
    one_layout: Annotated[list[NoopRun], Meta(min_length=1)]


class Noops(Struct):
    """noops.json."""

    threshold_percent: Number
    mechanisms: list[Name]
    machine: Cpus
    commits: Annotated[dict[Name, NoopKinds], Meta(min_length=1)]


class CaseRow(Struct):
    """A call of two releases of a package."""

    workload: Name
    verdict: Name
    change: tuple[Number | None, Number | None, Number | None]
    spread: Number | None
    base_ns: Number | None
    head_ns: Number | None
    instructions: Counts | None


class CaseRun(Struct):
    """The comparison of two releases of a package."""

    date: Name
    python: Name
    moved: list[Name]
    layouts: Count
    rows: Annotated[list[CaseRow], Meta(min_length=1)]
    load_1min: Number
    measuring_s: Number


class Cases(Struct):
    """cases.json."""

    cases: Annotated[dict[Name, CaseRun], Meta(min_length=1)]


class BisectTrial(Struct):
    """The result of one search; numbers are those of commits."""

    planted: Count
    found: Count | None
    comparisons: Count
    change: tuple[Number, Number, Number] | None
    wall_s: Number
    load_1min: Number


class Bisect(Struct):
    """bisect.json."""

    commits: Count
    noops: Count
    share_timed_in_c: Number
    threshold_percent: Number
    machine: Cpus
    trials: Annotated[list[BisectTrial], Meta(min_length=1)]


class Settled(Struct):
    """How many quartets rows with a change needed until they were settled."""

    threshold: Number
    change: Number
    share: Number
    median: Number | None
    p95: Number | None


class PeekingCase(Struct):
    """Simulated comparisons with one kind of noise, and how many were wrong."""

    noise: Name
    layouts: Count
    luck_sd: Number
    missed: NotNegative
    ordinary_missed: NotNegative
    alarms: NotNegative
    settled: Annotated[list[Settled], Meta(min_length=1)]


class Peeking(Struct):
    """peeking.json."""

    comparisons: Count
    rows: Count
    quartets: Count
    pair_sd: Number
    slow_share: Number
    slow: Number
    cases: Annotated[list[PeekingCase], Meta(min_length=1)]


class RowLuck(Struct):
    """The standard deviations of a row."""

    layout: Number | None
    process: Number | None
    within: Number | None


class Layouts(Struct):
    """layouts.json."""

    date: Name
    made_with: Name
    call: Name
    moved: Annotated[dict[Name, list[Number]], Meta(min_length=1)]
    luck: Annotated[dict[Name, dict[Name, RowLuck]], Meta(min_length=1)]


class LinksAgreement(Struct):
    """How far runs agree whose libraries were linked anew."""

    rows: Count
    rows_within_1_percent: Share
    pair_difference_median: Number
    pair_difference_p95: Number
    largest_difference: Number
    half_width_median: Number
    covered: Share


class Relinks(Struct):
    """relinks.json."""

    links: Count
    mechanisms: list[Name]
    workloads: list[Name]
    one_layout: LinksAgreement
    layouts: LinksAgreement
    state: Load
    machine: Cpus


class ReferenceBuild(Struct):
    """The build of the reference run."""

    compiler: Name
    tools: dict[Name, Name]


class ReferenceSection(Struct):
    """What the documents say of the reference run."""

    environment: ReferenceBuild


class NamedCpu(Cpu, kw_only=True):
    """A processor with a name."""

    brand_raw: Name


class CountedMachine(OwnMachine, kw_only=True):
    """A machine with a known number of CPUs."""

    cpu_count: Count


class ReferenceMachine(Machine, kw_only=True):
    """The machine of the reference run."""

    system: Name
    cpu: NamedCpu
    callcost: CountedMachine


class DescribedRun(Dated, kw_only=True):
    """A run whose documents name its machine."""

    machine_info: ReferenceMachine


class Reference(DescribedRun, kw_only=True):
    """A run that may be the reference."""

    callcost: ReferenceSection


class CountedCall(Struct):
    """The instructions of a call in its native form and through the stable ABI."""

    place: Name
    abi: Name
    stable: Name
    native: Name
    workload: Name
    instructions: tuple[Number, Number]
    functions: list[tuple[Name, Number]]


class StableAbi(Struct):
    """stable_abi.json."""

    pythons: dict[Name, Name]
    cython: dict[Name, str]
    rows: Annotated[list[CountedCall], Meta(min_length=1)]


LAYOUTS: dict[str, Any] = {
    "stable_abi.json": StableAbi,
    "calibration.json": WholeCalibration,
    "repeatability.json": Repeatability,
    "history.json": History,
    "report.json": Report,
    "gate.json": Gate,
    "noops.json": Noops,
    "cases.json": Cases,
    "bisect.json": Bisect,
    "peeking.json": Peeking,
    "layouts.json": Layouts,
    "relinks.json": Relinks,
}


def flaws(run: Run) -> list[str]:
    """Says why a run cannot be published, whatever it measured; empty if it can."""
    delays = estimate_delays(run)
    told = {
        "it was interrupted": run.interrupted,
        "its injected delays were not measured at their size": delays is not None and delays.failed,
    }
    return [reason for reason, holds in told.items() if holds]


def read(path: Path) -> dict[str, Any]:
    """Reads one of the files above; raises RecordError, naming the field that is wrong."""
    document = read_json(path)
    checked(path, document, LAYOUTS[path.name])
    refuse_odd(path, document, "")
    found: dict[str, Any] = document
    return found
