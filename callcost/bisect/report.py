"""Says what a bisection found: at a terminal, as JSON, and as a log that git can replay."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.markup import escape

from callcost.bisect.flow import Found, Result, Step
from callcost.bisect.search import FAST, SKIPPED, SLOW
from callcost.compare import table as compare_table
from callcost.compare.flow import Request
from callcost.compare.outcome import Counts, RowOutcome, number_or_none
from callcost.console.numbers import cost_text, count, percent, percent_interval
from callcost.console.outputs import output_console
from callcost.console.tables import PlainTable
from callcost.paired.verdict import SLOWER
from callcost.run import machine

VERSION = 1
WORDS = {FAST: "fast", SLOW: "slow", SKIPPED: "skipped"}
STYLES = {FAST: "", SLOW: "bold red", SKIPPED: "yellow"}
MARKED = re.compile(r"# (good|bad|skip): \[(\w+)\]")


def step_text(step: Step) -> str:
    """Writes one decision on one line."""
    return f"{WORDS[step.decision.word]}: {step.point.name}: {_evidence(step)}"


def _evidence(step: Step) -> str:
    decision = step.decision
    if decision.change is None:
        return decision.why_not
    doubt = "" if decision.certain else ", uncertain: the nearer end"
    change = percent(decision.change.value, signed=True)
    return f"{change} {percent_interval(decision.change)}{doubt}"


def show(result: Result) -> None:
    """Prints each decision, the point found, and the command that shows its step."""
    if result.row is None:
        compare_table.show(result.ends)
        print("No row is certainly slower in BAD: there is nothing to find.")
        return
    console = output_console()
    console.print(_table(result))
    for line in lines(result, result.row):
        console.print(escape(line), soft_wrap=True)
    style = "bold red" if result.exit_code == 1 else "bold"
    console.print(escape(headline(result)), style=style, soft_wrap=True)


def _table(result: Result) -> PlainTable:
    title = f"{result.ends.base.text} -> {result.ends.head.text}"
    table = PlainTable(result.word, "subject", "change from GOOD", "decision", title=title)
    for step in result.steps:
        word, point = step.decision.word, step.point
        # A sentence below says why a point was skipped.
        evidence = "" if word == SKIPPED else _evidence(step)
        table.add(point.short, point.subject, evidence, WORDS[word], style=STYLES[word])
    return table


def headline(result: Result) -> str:
    """The result in one sentence."""
    if result.found is None:
        total = count(len(result.possible), result.word)
        return f"Could not be decided between {total}: what lies between them was skipped."
    name = result.found.point.name
    if result.found.certain:
        return f"Slower from {name} on."
    return f"Could not be decided: the search ends at {name}, which alone is not certainly slower."


def lines(result: Result, row: RowOutcome) -> Iterator[str]:
    """Says in sentences what was followed and found."""
    change = row.verdict.change
    yield (
        f"{row.cell} is {percent(change.value)} slower in BAD {percent_interval(change)}. Half of "
        f"it decides: a {result.word} is slow if it is {percent(result.decided_at)} slower than "
        "GOOD."
    )
    others = [str(each.cell) for each in result.ends.of(SLOWER) if each.cell != row.cell]
    if others:
        yield f"Also slower in BAD, and not followed: {', '.join(others)}."
    skipped = [step for step in result.steps if step.decision.word == SKIPPED]
    yield from (f"Skipped: {step.spec}: {step.decision.why_not}" for step in skipped)
    for point in result.possible:
        yield f"Possible: {point.name}"
    if result.found is not None:
        yield from _found(result, result.found, row)
    yield from result.ends.notes
    steps = f"{len(result.steps)} in the search"
    yield f"{count(result.comparisons, 'comparison')}, {steps}."


def _found(result: Result, found: Found, row: RowOutcome) -> Iterator[str]:
    if result.word == "commit":
        yield f"commit {found.point.hash}"
        yield f"author {found.point.author}, {found.point.date}"
        yield f"subject {found.point.subject}"
    look = found.look
    if look.row is None:
        yield f"It could not be compared with the one before: {look.why_not}"
        return
    verdict = look.row.verdict
    yield (
        f"{row.cell}: {cost_text(verdict.base_ns)} to {cost_text(verdict.head_ns)} ns per call, "
        f"loop included: {percent(verdict.change.value, signed=True)} "
        f"{percent_interval(verdict.change)}."
    )
    if instructions := _instructions(look.row.counts):
        yield instructions
    if look.outcome is not None:
        yield from compare_table.layout_lines(look.outcome)
    if verdict.change.high < row.verdict.change.low:
        yield (
            "This is only a part of the whole: other steps made the row slower, too. Bisect again "
            "before and after it."
        )
    yield f"To see the step: callcost compare {shlex.join(_arguments(found.request))}"


def _arguments(request: Request) -> list[str]:
    """Writes the command line of a comparison of one row."""
    options = ["--workload", *request.workloads, "--mechanism", *request.mechanisms]
    if request.threshold is not None:
        options += ["--threshold", f"{100 * request.threshold:.3g}"]
    return [request.base, request.head, *options, *["--one-layout"] * request.one_layout]


def _instructions(counts: Counts | None) -> str:
    if counts is None:
        return ""
    if counts.base is None or counts.head is None:
        return f"Instructions were not counted: {counts.why_not}"
    return f"Instructions: {counts.base:,.0f} to {counts.head:,.0f} per call."


def log(result: Result) -> str:
    """Writes git's log of the search, which `git bisect replay` takes, with each measurement."""
    steps = {step.point.hash: step for step in result.steps}
    said = []
    for line in result.log.splitlines():
        said.append(line)
        match = MARKED.match(line)
        if match and (step := steps.get(match[2])):
            said.append(f"#   {_evidence(step)}")
    return "\n".join([*said, ""])


def as_json(result: Result) -> str:
    """Writes everything, but not the epochs."""
    row = result.row
    document = {
        "callcost_bisect": VERSION,
        "exit_code": result.exit_code,
        "good": asdict(result.ends.base),
        "bad": asdict(result.ends.head),
        "row": row and _row(row),
        "decided_at": number_or_none(result.decided_at),
        "headline": headline(result) if row else result.ends.headline,
        "steps": list(map(_step, result.steps)),
        "possible": list(map(asdict, result.possible)),
        "found": result.found and _found_json(result.found),
        "comparisons": result.comparisons,
        "log": log(result),
        "machine": machine.identity(),
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def _row(row: RowOutcome) -> dict[str, Any]:
    return {
        "workload": row.cell.workload,
        "mechanism": row.cell.mechanism,
        "verdict": row.verdict.word,
        "change": row.verdict.change.as_list(),
        "base_ns": number_or_none(row.verdict.base_ns),
        "head_ns": number_or_none(row.verdict.head_ns),
        "instructions": row.counts and asdict(row.counts),
    }


def _step(step: Step) -> dict[str, Any]:
    decision = step.decision
    return {
        "spec": step.spec,
        **asdict(step.point),
        "decision": WORDS[decision.word],
        "change": decision.change and decision.change.as_list(),
        "certain": decision.certain,
        "why_not": decision.why_not,
    }


def _found_json(found: Found) -> dict[str, Any]:
    row = found.look.row
    return {
        **asdict(found.point),
        "certain": found.certain,
        "compare": _arguments(found.request),
        "why_not": found.look.why_not,
        "row": row and _row(row),
    }
