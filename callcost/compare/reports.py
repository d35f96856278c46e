"""Writes reports: Markdown for a pull request, JSON for programs, JUnit for CI."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import msgspec
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from callcost.compare.comment import comment
from callcost.compare.document import VERSION, Document
from callcost.compare.outcome import Outcome, RowOutcome, changed_versions, number_or_none
from callcost.compare.table import lines
from callcost.console.numbers import listed, percent, percent_interval
from callcost.paired.rows import CONTROL
from callcost.paired.verdict import SLOWER, UNDECIDED, Verdict, quartet_logs, twin_logs
from callcost.run import machine


def markdown(outcome: Outcome) -> str:
    """Writes the comment for a pull request."""
    return comment(msgspec.convert(json.loads(as_json(outcome)), Document))


def as_json(outcome: Outcome) -> str:
    """Writes everything, including each pair's ratio."""
    comparison = outcome.comparison
    document = {
        "callcost_compare": VERSION,
        "exit_code": outcome.exit_code,
        "headline": outcome.headline,
        "moved": outcome.moved,
        "threshold": outcome.rules.threshold,
        "thresholds": dict(outcome.rules.patterns),
        "confidence_of_a_row": outcome.rules.confidence,
        "base": asdict(outcome.base),
        "head": asdict(outcome.head),
        "changed_versions": changed_versions(outcome),
        "rows": [_row(outcome, row) for row in outcome.rows],
        "control": outcome.control and _measured(outcome, CONTROL, outcome.control),
        "added": {str(cell): why for cell, why in outcome.added.items()},
        "removed": {str(cell): why for cell, why in outcome.removed.items()},
        "requirements": {
            "differ": list(outcome.reach.requirements),
            "do_not_reach": [str(cell) for cell in outcome.reach.same],
            "unknown": {str(cell): why for cell, why in outcome.reach.unknown.items()},
        },
        "on_neither_side": {str(cell): why for cell, why in outcome.nowhere.items()},
        "failures": [
            {**asdict(failure), "cell": str(failure.cell)} for failure in comparison.failures
        ],
        "notes": list(outcome.notes),
        "options": list(outcome.options),
        "remarks": lines(outcome),
        "layouts": comparison.layouts,
        "unmoved": dict(outcome.unmoved),
        "cpu": comparison.cpu,
        "seed": comparison.seed,
        "measuring_s": comparison.wall_s,
        "wall_s": outcome.wall_s,
        "machine": machine.identity(),
        "state": comparison.state,
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def _row(outcome: Outcome, row: RowOutcome) -> dict[str, Any]:
    return {
        "workload": row.cell.workload,
        "mechanism": row.cell.mechanism,
        **_measured(outcome, row.cell, row.verdict),
        "instructions": row.counts and asdict(row.counts),
    }


def _measured(outcome: Outcome, cell: Any, verdict: Verdict) -> dict[str, Any]:
    times = outcome.comparison.rows[cell]
    base_twin, head_twin = twin_logs(times)
    return {
        "verdict": verdict.word,
        "threshold": outcome.rules.of(cell).threshold,
        "change": verdict.change.as_list(),
        "floor": number_or_none(verdict.floor),
        "base_ns": number_or_none(verdict.base_ns),
        "head_ns": number_or_none(verdict.head_ns),
        "as_built": verdict.as_built.as_list(),
        "spread": number_or_none(verdict.spread),
        "calls_per_epoch": times.calls,
        "passes": [int(epochs.shape[1]) for epochs in times.quartets],
        "layouts": times.layouts,
        "log_ratio_of_quartets": _known(quartet_logs(times)),
        "log_ratio_of_twins": {"base": _known(base_twin), "head": _known(head_twin)},
    }


def _known(values: Any) -> list[float | None]:
    return [number_or_none(round(value, 7)) for value in values.tolist()]


def junit(outcome: Outcome) -> bytes:
    """Writes a test case per row: slower is a failure, undecided is skipped."""
    suite = TestSuite("callcost compare")
    for row in outcome.rows:
        case = TestCase(row.cell.mechanism, classname=row.cell.workload)
        verdict = row.verdict
        text = f"{percent(verdict.change.value, signed=True)} {percent_interval(verdict.change)}"
        if verdict.word == SLOWER:
            case.result = [Failure(f"slower: {text}", SLOWER)]
        elif verdict.word == UNDECIDED:
            case.result = [Skipped(f"{UNDECIDED}: {text}")]
        case.system_out = f"{verdict.word}: {text}"
        suite.add_testcase(case)
    for cell in outcome.reach.same:
        case = TestCase(cell.mechanism, classname=cell.workload)
        names = listed(outcome.reach.requirements)
        case.result = [Skipped(f"same code on both sides: {names} not reached")]
        suite.add_testcase(case)
    for failure in outcome.comparison.failures:
        case = TestCase(failure.cell.mechanism, classname=failure.cell.workload)
        case.result = [Error(str(failure), failure.kind)]
        suite.add_testcase(case)
    document = JUnitXml()
    document.add_testsuite(suite)
    xml: bytes = document.tostring()  # type: ignore[no-untyped-call]
    return xml
