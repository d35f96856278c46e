"""The tables of README and docs/costs.md: every cost of a record, mechanism by mechanism."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from callcost.benchmarks.break_even import NEAR_FASTEST, Curve
from callcost.benchmarks.catalogue import TOPICS, Workload
from callcost.benchmarks.charts.bars import Bar, Panel, columns_of
from callcost.benchmarks.facts import facts
from callcost.benchmarks.facts.marks import LEGACY, LEGACY_SAID, is_legacy, named
from callcost.bindings.registry import Mechanism, mechanisms
from callcost.console.markdown import markdown_table, merged
from callcost.console.numbers import number
from callcost.model.group import ELSEWHERE

HEADLINE = (
    "get_pi",
    "fibonacci",
    "add_eight",
    "text_ascii_16",
    "buffer_1024",
    "tally_increment",
    "callback_1",
)
"""The workloads of the README's table: one for each kind of value that crosses the border."""

NONE = "–"


@dataclass(frozen=True)
class CostTables:
    """The source of the tables: panels, break-even curves and environment of one record."""

    panels: Sequence[Panel]
    swept: Sequence[Curve]
    environment: dict[str, Any]

    def panel(self, workload: str) -> dict[str, Bar]:
        """Return the bars of a workload by name."""
        found = [panel for panel in self.panels if panel.name == workload]
        return {bar.name: bar for panel in found for bar in panel.bars}

    def names(self, workloads: Iterable[str]) -> list[str]:
        """List the contenders in any of these workloads, family by family."""
        wanted = set(workloads)
        there = {bar.name for panel in self.panels if panel.name in wanted for bar in panel.bars}
        return [name for name in columns_of(self.panels) if name in there]


def headline_table(costs: CostTables) -> str:
    """List what a few kinds of call cost, what that buys, and when it stops mattering."""
    curves = {curve.name: curve for curve in costs.swept}
    rows = [
        [
            f"`{name}`{_legacy(name)}",
            *(cost(costs.panel(workload).get(name)) or NONE for workload in HEADLINE),
            _letters(costs.environment.get("facts", {}).get(name, {})),
            *_break_even(curves.get(name)),
        ]
        for name in costs.names(HEADLINE)
    ]
    headings = [
        "ns per call",
        *(f"`{name}`" for name in HEADLINE),
        "does",
        "beats Python from n",
        f"within {NEAR_FASTEST - 1:.0%} of the fastest from n",
    ]
    old = any(map(is_legacy, costs.names(HEADLINE)))
    legend = facts.legend() + f" {LEGACY.capitalize()}: {LEGACY_SAID}." * old
    return "\n\n".join([markdown_table(headings, rows), legend, *left_out(costs)])


def _legacy(name: str) -> str:
    """Say behind a name if it is legacy."""
    return f" ({LEGACY})" if is_legacy(name) else ""


def left_out(costs: CostTables) -> list[str]:
    """Say which mechanisms are not in the record, and why."""
    missing: dict[str, str] = costs.environment.get("missing", {})
    reasons = {m.name: missing[m.module] for m in mechanisms() if m.module in missing}
    text = "; ".join(f"`{name}` ({reason})" for name, reason in reasons.items())
    return [f"Not measured: {text}."] if text else []


def _letters(found: facts.Facts) -> str:
    return f"`{known}`" if (known := facts.letters(found)) else ""


def _break_even(curve: Curve | None) -> list[str]:
    """Say from which n a mechanism beats Python, and from which the choice stops mattering."""
    if curve is None:
        return ["", ""]
    python, fastest = curve.beats_python_from, curve.near_fastest_from
    return [
        _from(python) if curve.compared_with_python else "",
        _from(fastest) if curve.compared_with_fastest else "",
    ]


def _from(n: int | None) -> str:
    return "never" if n is None else str(n)


def cost(bar: Bar | None) -> str:
    """Write a cost with the marks of its cell, without decimals from a thousand ns on."""
    return f"{number(bar.net_ns.value)}{bar.label.removeprefix(named(bar.name))}" if bar else ""


def topic_table(costs: CostTables, topic: str) -> str:
    """List what every workload of a topic costs through every mechanism."""
    workloads = TOPICS[topic]
    names = [workload.name for workload in workloads]
    headings = ["ns per call", *(f"`{name}`" for name in names)]
    if has_slope := {"add_two", "add_eight"} <= set(names):
        headings.append("each further int")
    rows = [
        [
            f"`{name.replace(ELSEWHERE, '@')}`{_legacy(name)}",
            *(cost(costs.panel(workload).get(name)) for workload in names),
            *([per_argument(costs, name)] * has_slope),
        ]
        for name in costs.names(names)
    ]
    return "\n".join([*_described(workloads), "", markdown_table(headings, merged(rows))])


def _described(workloads: Iterable[Workload]) -> Iterator[str]:
    """Say for each call which workloads make it and what each isolates."""
    for called, group in groupby(workloads, _called):
        yield f"- {called}: {', '.join(f'`{w.name}` ({w.isolates})' for w in group)}"


def _called(workload: Workload) -> str:
    """Write the C function, and the call unless it passes just the parameters."""
    plain = f"{workload.c_name}({', '.join(facts.parameters(workload.prototype))})"
    call = "" if workload.call == plain else f"`{workload.call}` of "
    return f"{call}`{workload.prototype}`"


def per_argument(costs: CostTables, name: str) -> str:
    """Say what one more int argument costs: the slope from two arguments to eight."""
    two, eight = (costs.panel(workload).get(name) for workload in ("add_two", "add_eight"))
    return f"{(eight.net_ns.value - two.net_ns.value) / 6:.1f}" if two and eight else ""


def unsupported_list() -> str:
    """List why cells are empty, in the words of each mechanism's own folder."""
    lines = merged([f"`{m.name}`", *_reasons(m)] for m in mechanisms() if m.unsupported)
    return "\n".join("\n  - ".join([f"- {names}", *reasons]) for names, *reasons in lines)


def _reasons(mechanism: Mechanism) -> list[str]:
    """List the reasons of a mechanism, each with the functions that it lacks."""
    lacking: dict[str, list[str]] = {}
    for function, why in mechanism.unsupported.items():
        lacking.setdefault(why, []).append(f"`{function}`" if " " not in function else function)
    return [f"{', '.join(functions)}: {why}" for why, functions in lacking.items()]
