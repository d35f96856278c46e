"""The layout of each file that callcost reads, as msgspec structures.

Fields that are not listed here are not checked, so no reader may use them. A field with a
default is missing in older records.
"""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from msgspec import Meta, Struct, field

from callcost.model.interval import Interval
from callcost.model.plan import Plan, Settings
from callcost.model.run import Failure

MOST = 1e18
"""The largest number that a record may contain; in ns, it is 31 years."""
MOST_EPOCH_NS = 10**15
LONGEST_TICK_NS = 1000
Number = Annotated[float, Meta(ge=-MOST, le=MOST)]
NotNegative = Annotated[float, Meta(ge=0, le=MOST)]
Whole = Annotated[int, Meta(ge=0, le=10**18)]
Seconds = Annotated[float, Meta(ge=1e-15, le=1e9)]
Count = Annotated[int, Meta(ge=0, le=10**15)]
Rounds = Annotated[int, Meta(ge=1, le=2**31 - 1)]
# Text is anything that UTF-8 can encode; a name must also fit on one line.
Text = Annotated[str, Meta(pattern=r"\A[^\x00\ud800-\udfff]*\Z")]
_ONE_LINE = r"\A[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*\Z"
Name = Annotated[str, Meta(pattern=_ONE_LINE, max_length=10_000)]
Digits = Annotated[list[str], Meta(min_length=1, max_length=8)]
Estimate = tuple[Number | None, Number | None, Number | None]
"""What `Interval.as_list` returns: value, low and high; None if unknown."""


class PackedEpochs(Struct):
    """The epochs of a row as estimate/epochs.py packs them. The limits keep them below 2**63."""

    tick_ns: Annotated[float, Meta(ge=1, le=LONGEST_TICK_NS)]
    medians: Annotated[
        list[Annotated[int, Meta(ge=-MOST_EPOCH_NS, le=MOST_EPOCH_NS)]], Meta(min_length=1)
    ]
    distances: Digits
    others: Digits


Epochs = list[str] | PackedEpochs
"""The epochs of a row: packed, or a text of numbers for each process."""


class RawTimes(Struct):
    """A contender of a record: its name and its raw epochs."""

    name: Name
    setup: Text
    call: Name
    epoch_ns: Epochs
    empty_ns: Epochs | None = None


class RowTimes(RawTimes):
    """The contender of a benchmark."""

    group: Name = ""


class Extra(Struct):
    """What callcost adds to a benchmark."""

    callcost: RowTimes


class RecordRow(Struct):
    """A benchmark of a record."""

    extra_info: Extra


class GroupFacts(Struct):
    """A group of a record: the names of its rows, and its three controls."""

    plan: Plan
    contenders: Annotated[list[Name], Meta(min_length=1)]
    twin_of: Count
    controls: Annotated[list[RawTimes], Meta(min_length=3, max_length=3)]
    interpreter: Name = ""
    floors: list[Name] = []
    layouts: list[Count] = []
    rounds: list[Count] = []


class RawDelays(GroupFacts, kw_only=True):
    """The epochs of the injected delays: a group that contains its rows."""

    rows: list[RawTimes]
    timed_in_c_ns: Annotated[list[list[NotNegative]], Meta(min_length=1)]


class DelayPoint(Struct):
    """One injected delay."""

    injected_ns: Number
    measured_ns: Estimate
    fitted: bool


class DelaysFacts(Struct):
    """The injected delays of a record and their estimate."""

    slope: Estimate
    intercept_ns: Estimate
    points: list[DelayPoint]
    raw: RawDelays


class PlaceFacts(Struct):
    """What was built for an interpreter that a run names, and how; there may be more."""

    facts: dict[Name, dict[Name, Text | None]] = {}
    missing: dict[Name, Text] = {}
    depends: dict[Name, list[Name]] = {}
    tools: dict[Name, Name] = {}
    versions: dict[Name, Name] = {}
    compiler: Name = ""
    cxx_compiler: Name | None = None
    rust_compiler: Name | None = None
    compile_command: Name = ""
    flags: dict[Name, list[Name]] = {}
    last_flags: dict[Name, dict[Name, list[Name]]] = {}
    interpreter: dict[Name, bool | Name | None] = {}


class EnvironmentFacts(Struct):
    """Facts about the build and each mechanism; there may be more.

    A run in several interpreters has them under `interpreters`, in the order of its command line.
    `instructions` are those of a call by group and mechanism, or why they were not counted.
    """

    facts: dict[Name, dict[Name, Text | None]] = {}
    marks: dict[Name, dict[Name, Name]] = {}
    missing: dict[Name, Text] = {}
    depends: dict[Name, list[Name]] = {}
    tools: dict[Name, Name] = {}
    interpreters: dict[Name, PlaceFacts] = {}
    instructions: dict[Name, dict[Name, Number | Text]] = {}


class Elsewhere(Struct):
    """Another interpreter in which groups were measured."""

    implementation: Name
    cache_tag: Name
    python_version: Name


class State(TypedDict, total=False):
    """The machine's state during a run; None where it is unknown."""

    load_1min: NotNegative | None
    steal_percent: Number | None
    cpu_quota_cpus: NotNegative | None
    cpu_quota_unknown: Text | None
    throttled: Whole | None
    throttled_ms: NotNegative | None
    cpus_allowed: Count | None
    governor: Text | None
    aslr: Text | None
    ld_preload: bool


class Section(Struct):
    """What a record says about the whole run."""

    settings: Settings
    cpu: int | None
    seed: int
    hash_seeds: list[int]
    not_pinned: Text | None
    interrupted: bool
    wall_s: NotNegative
    state: State
    groups: dict[Name, dict[str, Any]]
    throttled_passes: Count = 0
    delays: DelaysFacts | None = None
    delays_missing: Text | None = None
    environment: EnvironmentFacts = field(default_factory=EnvironmentFacts)
    interpreters: dict[Name, dict[Name, Text]] = {}
    failures: list[Failure] = []


class Cpu(Struct):
    """The processor, as py-cpuinfo describes it."""

    brand_raw: Name | None = None
    count: Count | None = None


class OwnMachine(Struct):
    """What callcost adds to the description of a machine."""

    machine_digest: Name | None = None
    cpu_count: Count | None = None
    interpreter: dict[Name, Any] | None = None


class Machine(Struct):
    """The machine and the interpreter of a run of pytest-benchmark."""

    node: Name = ""
    machine: Name = "unknown CPU"
    system: Name | None = None
    release: Name | None = None
    python_version: Name = ""
    python_implementation: Name = ""
    python_compiler: Text | None = None
    cpu: Cpu = field(default_factory=Cpu)
    callcost: OwnMachine = field(default_factory=OwnMachine)


class RecordFile(Struct):
    """A record: a run of pytest-benchmark with everything that callcost measured."""

    benchmarks: list[RecordRow]
    callcost: Section
    machine_info: Machine = field(default_factory=Machine)


class Commit(Struct):
    """The commit that was measured."""

    id: Name
    branch: Name | None = None
    dirty: bool | None = None


class Dated(Struct):
    """The time, the machine and the commit of a run."""

    machine_info: Machine
    datetime: Name
    commit_info: Commit = field(default_factory=lambda: Commit(""))


class Stats(Struct):
    """The figures of a benchmark that are kept."""

    median: Seconds
    mean: Seconds
    rounds: Rounds


class Benchmark(Struct):
    """A row of any pytest-benchmark file."""

    name: Name
    fullname: Name
    stats: Stats
    group: Name | int | None = None
    param: Name | int | float | None = None


class PytestRun(Struct):
    """A run of pytest-benchmark, made by callcost or not."""

    machine_info: Machine
    commit_info: Commit
    datetime: Name
    benchmarks: Annotated[list[Benchmark], Meta(min_length=1)]
    version: Name | None = None


class CalibrationPoint(Struct):
    """One injected delay of a calibration."""

    injected_ns: Number
    measured: Interval
    fitted: bool


class CalibrationFile(Struct):
    """The fields of `callcost calibrate --json` that are read."""

    slope: Number
    slope_interval: tuple[Number, Number]
    intercept_ns: Number
    intercept_ns_interval: tuple[Number, Number]
    points: list[CalibrationPoint]


class ExplainedRow(Struct):
    """One call of an explanation; each text of `spent` has instructions, a part and frames."""

    name: Name
    instructions: Whole | NotNegative
    calls: Count
    spread: Whole | NotNegative
    time_ns: Estimate | None
    spent: list[str]


class ExplainedChapter(Struct):
    """The calls of a workload, and the reasons for those that were not counted."""

    name: Name
    call: Name
    inconclusive: bool
    uncounted: dict[Name, Text]
    rows: list[ExplainedRow]


class ExplanationFile(Struct):
    """What `callcost explain --output` writes."""

    facts: dict[Name, Any]
    notes: list[Text]
    counting_s: NotNegative
    wall_s: NotNegative
    chapters: list[ExplainedChapter]
    frames: list[tuple[Text, Text]]
