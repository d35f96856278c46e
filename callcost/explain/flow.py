"""Makes an explanation: chooses calls, counts them, divides the counts into parts, and times."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources.abc import Traversable
from pathlib import Path

from callcost.console.advice import advice
from callcost.errors import CallcostError
from callcost.estimate.estimate import GroupEstimate, estimate_run
from callcost.explain.explanation import Chapter, Explained, Explanation
from callcost.explain.parts import OTHER, Attribution, read_rules
from callcost.instructions import callgrind
from callcost.model import abi
from callcost.model.contender import Contender
from callcost.model.expression import Asked, ExpressionError, read
from callcost.model.group import Environment, Group
from callcost.model.instructions import Count, Uncounted
from callcost.model.patterns import matches
from callcost.model.plan import Settings
from callcost.model.run import Progress
from callcost.paired.rows import Cell
from callcost.paired.suite import SuiteError, matching, suite_here
from callcost.run import interpreter_build
from callcost.run.coordinator import measure
from callcost.worker.worker import interpreter_facts

EXPRESSION = "expression"
# The share of counting in the progress; the rest is timing.
COUNTED = 0.7
STEPS = 1000
# A note names a file if at least this share of a call's instructions has no symbols in it. Only
# these files: any other, such as libffi, is one part as a whole, so names would not help.
NAMELESS = 0.05
CALLS_WITH_NAMES = ("python", "*.cpython-*", "*.abi3*.so")

Report = Callable[[Progress], None]


class ExplainError(CallcostError):
    """Nothing can be explained; the text says why, and what to do."""


@dataclass(frozen=True)
class Topic:
    """Calls to explain, by name, all in the same interpreter."""

    name: str
    call: str
    contenders: Mapping[str, Contender]


@dataclass(frozen=True)
class Request:
    """What to explain, and how; `environment` is None for the running interpreter."""

    topics: tuple[Topic, ...]
    rules: Sequence[Traversable] = ()
    environment: Environment | None = None
    timed: bool = True
    missing: tuple[str, ...] = ()


def of_workloads(workload: str | None, patterns: Sequence[str], folder: Path) -> Request:
    """Request workloads of the suite in a folder; raise CallcostError if there are none."""
    suite = suite_here(folder)
    offered = suite.here()
    known = {*offered.contenders, *offered.missing}
    asked = () if workload is None else (workload,)
    wanted = matching(known, patterns, asked, suite.DEFAULT_WORKLOADS, "WORKLOAD")
    topics = _topics({cell: made for cell, made in offered.contenders.items() if cell in wanted})
    missing = {cell: why for cell, why in offered.missing.items() if cell in wanted}
    if not topics:
        cell, why = next(iter(missing.items()))
        raise ExplainError(f"{cell.mechanism} does not have {cell.workload}: {why}")
    return Request(topics, suite.rules(), missing=_absent(missing, topics))


def _topics(contenders: Mapping[Cell, Contender]) -> tuple[Topic, ...]:
    by_workload: dict[str, dict[str, Contender]] = {}
    for cell, made in contenders.items():
        named = replace(made, name=cell.mechanism)
        by_workload.setdefault(cell.workload, {})[cell.mechanism] = named
    return tuple(
        Topic(name, next(iter(members.values())).call, members)
        for name, members in by_workload.items()
    )


def _absent(missing: Mapping[Cell, str], topics: Iterable[Topic]) -> tuple[str, ...]:
    """List the requested mechanisms without any of the workloads, each with a reason."""
    there = {name for topic in topics for name in topic.contenders}
    absent = {cell.mechanism: why for cell, why in missing.items() if cell.mechanism not in there}
    return tuple(f"{name}: {why}" for name, why in absent.items())


def of_expression(call: str, setup: str, environment: Environment | None, folder: Path) -> Request:
    """Request one expression; raise ExpressionError if it is malformed."""
    reading = read(Asked(call, setup), EXPRESSION)
    if reading.folded:
        raise ExpressionError(
            f"{call}: nothing is left to count: the compiler evaluates it and drops its value. "
            "Use a name that --setup defines"
        )
    try:
        rules = suite_here(folder).rules()
    except SuiteError:
        # An expression needs no suite; its rules only help to tell libraries apart.
        rules = ()
    topic = Topic(call, call, {EXPRESSION: reading.contender})
    return Request((topic,), rules, environment)


def explain(request: Request, report: Report) -> Explanation:
    """Count, divide and time; raise ExplainError if this machine cannot count."""
    reason = callgrind.why_not()
    if reason is not None:
        raise ExplainError(reason)
    start_s = time.monotonic()
    rules = read_rules(request.rules)
    counts = _count(request, report)
    counting_s = time.monotonic() - start_s
    estimates = _time(request, counts, report) if request.timed else {}
    attribution = Attribution(rules)
    chapters = tuple(
        _chapter(topic, counts, estimates.get(topic.name), attribution) for topic in request.topics
    )
    explanation = Explanation(
        chapters,
        _facts(request),
        counting_s=counting_s,
        wall_s=time.monotonic() - start_s,
    )
    return replace(explanation, notes=tuple(_notes(explanation, request)))


Counts = Mapping[tuple[str, str], Count | Uncounted]


def _count(request: Request, report: Report) -> Counts:
    cells = {
        (topic.name, name): contender
        for topic in request.topics
        for name, contender in topic.contenders.items()
    }
    done: list[tuple[str, str]] = []

    def tell(cell: tuple[str, str], _: Count | Uncounted) -> None:
        done.append(cell)
        share = COUNTED * len(done) / len(cells)
        what = f"{len(done)} of {len(cells)} calls counted"
        report(Progress(round(STEPS * share), STEPS, what))

    report(Progress(0, STEPS, f"counting the instructions of {len(cells)} calls"))
    environment = request.environment
    return callgrind.count(
        sys.executable if environment is None else environment.python,
        cells,
        report=tell,
        jobs=len(os.sched_getaffinity(0)),
        profiles=True,
        apart=lambda cell: cell[1],
    )


def _time(request: Request, counts: Counts, report: Report) -> dict[str, GroupEstimate]:
    """Time all counted calls together, after the counting, which would disturb the times."""
    groups = []
    for topic in request.topics:
        counted = [
            contender
            for name, contender in topic.contenders.items()
            if isinstance(counts[topic.name, name], Count)
        ]
        if counted:
            groups.append(Group(topic.name, tuple(counted), environment=request.environment))
    if not groups:
        return {}

    def tell(state: Progress) -> None:
        share = COUNTED + (1 - COUNTED) * state.done / max(1, state.total)
        report(Progress(round(STEPS * share), STEPS, f"timing: {state.what}"))

    run = measure(groups, Settings().quick(), tell)
    if run.interrupted:
        raise KeyboardInterrupt
    return estimate_run(run)


def _chapter(
    topic: Topic, counts: Counts, estimate: GroupEstimate | None, attribution: Attribution
) -> Chapter:
    rows, uncounted = [], {}
    for name in topic.contenders:
        found = counts[topic.name, name]
        if isinstance(found, Uncounted):
            # Only the author of an expression may need advice.
            hint = advice(found.kind, found.message) if name == EXPRESSION else ""
            uncounted[name] = f"{found}{hint}"
        else:
            rows.append(_row(name, found, estimate, attribution))
    rows.sort(key=lambda row: (row.instructions, row.name))
    inconclusive = estimate is not None and estimate.inconclusive
    return Chapter(topic.name, topic.call, tuple(rows), uncounted, inconclusive)


def _row(
    name: str, found: Count, estimate: GroupEstimate | None, attribution: Attribution
) -> Explained:
    time_ns = None
    if estimate is not None and name in estimate.names:
        time_ns = estimate.net_ns(estimate.names.index(name))
    placed = tuple(attribution.place(found.spent))
    return Explained(name, found.instructions, found.calls, found.spread, placed, time_ns)


def _facts(request: Request) -> dict[str, object]:
    environment = request.environment
    facts = interpreter_facts() if environment is None else environment.facts
    build = interpreter_build.describe() if environment is None else dict(facts)
    return {
        "python": abi.version(facts),
        "interpreter": build,
        "machine": platform.machine(),
        "libc": " ".join(platform.libc_ver()),
        "valgrind": _valgrind_version(),
    }


def _valgrind_version() -> str:
    command = ["valgrind", "--version"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        return "unknown"
    return done.stdout.strip()


def _nameless(explanation: Explanation) -> set[str]:
    """Name the object files without symbols for a notable share of a call."""
    return {
        name
        for row in explanation.rows
        for name, share in row.nameless.items()
        if share >= NAMELESS and matches(name, CALLS_WITH_NAMES)
    }


def _notes(explanation: Explanation, request: Request) -> Iterable[str]:
    yield from (f"Missing: {reason}" for reason in request.missing)
    for chapter in explanation.chapters:
        for name, why in chapter.uncounted.items():
            yield f"{chapter.name}, {name} was not counted: {why}"
        if chapter.inconclusive:
            yield f"{chapter.name}: the times are inconclusive: two copies of one call differed."
    if nameless := _nameless(explanation):
        yield (
            f"Stripped, without symbols: {', '.join(sorted(nameless))}. Functions without a name "
            "count as their caller, or by their file; a build that is not stripped shows more."
        )
    if any(row.spread for row in explanation.rows):
        varying = [row.name for row in explanation.rows if row.spread]
        yield (
            f"The counts of {', '.join(dict.fromkeys(varying))} vary from call to call; the lowest "
            "is shown."
        )
    if (caveat := callgrind.caveat()) is not None:
        yield caveat
    for chapter in explanation.chapters:
        for row in chapter.rows:
            if row.parts.get(OTHER):
                listed = ", ".join(f"{took:,.4g} {name}" for name, took in row.others)
                yield f"Other, in {chapter.name} by {row.name}: {listed}."
