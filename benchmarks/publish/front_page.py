"""The generated parts of the README: which tool to take, what each costs, why to believe it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from callcost.benchmarks.break_even import NEAR_FASTEST, Curve
from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.charts.draw import machine
from callcost.benchmarks.facts.facts import Facts
from callcost.benchmarks.matrix.interpreters import interpreters, leading_groups
from callcost.benchmarks.summary import answers, summary_of
from callcost.benchmarks.tools import CHOICES, ToolCost, cards, tools_of
from callcost.console.markdown import markdown_table
from callcost.console.numbers import cost_text, count, format_ns, listed, number
from callcost.estimate.estimate import MIN_EFFECT, GroupEstimate
from callcost.estimate.record import Record
from callcost.pytest_plugin.summary import Summary, render

# The kinds of calls in the table of tools, and the two that the choice names.
CALLS = ("fibonacci", "text_ascii_16", "tally_increment", "callback_1")
SHORT = {"fibonacci": "int", "text_ascii_16": "str"}
YES, NO = "✓", "–"
# A narrow terminal: no letter codes.
OUTPUT_WIDTH, OUTPUT_LINES = 64, 14


def which(record: Record) -> str:
    """Lists what to take for what one has, what a call then costs, and the catch."""
    estimates, _ = leading_groups(record)
    rows = [
        [
            choice.you_have,
            f"**{cards()[choice.mechanism].label}**",
            ", ".join(
                f"{cost_text(cost_ns)} ns ({word})"
                for workload, word in SHORT.items()
                if (cost_ns := _cost_of(estimates, workload, choice.mechanism)) is not None
            ),
            choice.catch,
        ]
        for choice in CHOICES
    ]
    return markdown_table(["you have", "take", "a call costs", "the catch"], rows, numbers=False)


def output(record: Record) -> str:
    """Returns the first lines that `callcost run --workload fibonacci` prints of a record."""
    whole = summary_of(record)
    sheets = [sheet for sheet in whole.sheets if sheet.name == CALLS[0]]
    shown = Summary(list(answers(sheets, record.aa_error)), sheets, "", [], [])
    lines = [line.rstrip() for line in render(shown, width=OUTPUT_WIDTH, colour=False).splitlines()]
    return "\n".join(["```text", *lines[:OUTPUT_LINES], "```"])


def environment(record: Record) -> str:
    """Says what a run was measured on."""
    _, python = leading_groups(record)
    assert python is not None
    document, section = record.document, record.section
    rows, cpus = len(document["benchmarks"]), document["machine_info"]["callcost"]["cpu_count"]
    each = " in each interpreter" if interpreters(record) else ""
    return (
        f"Run of {document['datetime'][:10]}: {python.title} · {machine(document)}, {cpus} CPUs. "
        f"{python.made_with}. {count(rows, 'row')} in {section['wall_s']:.0f} s "
        f"({section['wall_s'] / rows:.2f} s a row), {section['settings']['processes']} "
        f"processes{each}; contenders of the same code differed by less than "
        f"{max(record.aa_error, MIN_EFFECT):.1%}."
    )


def _cost_of(estimates: Mapping[str, GroupEstimate], workload: str, mechanism: str) -> float | None:
    estimate = estimates[workload]
    names = estimate.names[: estimate.size]
    return estimate.net_ns(names.index(mechanism)).value if mechanism in names else None


def tools_table(record: Record) -> str:
    """Lists what four calls cost through each tool's leanest mechanism, and what that checks."""
    estimates, python = leading_groups(record)
    facts = python.mechanism_facts if python else {}
    by_workload = {name: _by_tool(estimates[name]) for name in CALLS}
    labels = {workload.name: workload.label for workload in WORKLOADS}
    first = by_workload[CALLS[0]]
    headings = ["ns per call", "you write", *(labels[name] for name in CALLS)]
    rows = [
        [
            cost.label,
            cost.you_write,
            *(
                cost_text(found.net_ns.value) if (found := by_workload[name].get(tool)) else NO
                for name in CALLS
            ),
            _tick(facts, cost, "checks_type"),
            _tick(facts, cost, "checks_range"),
            _tick(facts, cost, "releases_gil"),
        ]
        for tool, cost in first.items()
    ]
    headings += ["refuses wrong types", "refuses too large ints", "releases the GIL"]
    return markdown_table(headings, rows)


def _by_tool(estimate: GroupEstimate) -> dict[str, ToolCost]:
    return {cost.tool: cost for cost in tools_of(estimate).costs}


def _tick(facts: Mapping[str, Facts], cost: ToolCost, fact: str) -> str:
    answer = facts.get(cost.leanest, {}).get(fact, "")
    return {"yes": YES, "no": NO, "not seen": NO}.get(answer, "unknown")


def stops_mattering(curves: Mapping[str, Curve]) -> str:
    """Says how long a call must take before the choice hardly matters."""
    takes = {
        cards()[name].label: format_ns(cost_ns)
        for name in ("nanobind_module", "pybind11_module", "ctypes_cdll")
        if name in curves and (cost_ns := curves[name].near_fastest_ns) is not None
    }
    said = listed(f"{time} ({label})" for label, time in takes.items())
    return (
        "The more a call does in C, the less its tool matters: the fastest tool saves less than "
        f"{NEAR_FASTEST - 1:.0%} of a call that takes {said}."
    )


def trust(aa_error: float, calibration: Mapping[str, Any], repeated: Mapping[str, Any]) -> str:
    """Lists why to believe the figures, each reason with its own figure."""
    low, high = calibration["slope_interval"]
    whole = repeated["harnesses"]["callcost, whole suite"]
    return "\n".join(
        [
            "- **A run shows its own error.** In the run above, contenders of the same code "
            f"differed by less than {max(aa_error, MIN_EFFECT):.1%}.",
            "- **It measures what is known.** Delays of known length, timed inside C, come out at "
            f"{number(calibration['slope'], 4)} times their length ({low:.4f} to {high:.4f}).",
            f"- **It repeats.** The ratios of two complete runs differ by {whole['median']:.2%} in "
            f"the median, and 95% of them by less than {whole['p95']:.1%}.",
            "- **All call the same C.** Every mechanism calls one library, which is proved by "
            "symbols and hashes, and every call is checked before and after it is timed.",
        ]
    )
