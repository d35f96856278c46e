"""The generated parts of docs/stable-abi.md: what the stable ABI costs, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from callcost.benchmarks.stable_abi.chart import compared
from callcost.benchmarks.stable_abi.prices import SIGNATURES, Price
from callcost.console.markdown import markdown_table
from callcost.console.numbers import cost_text, listed, number, percent

# So many functions are named for each call.
NAMED = 4
# A function below this share of the difference is not worth a name.
LEAST_SHARE = 0.05


@dataclass(frozen=True)
class Published:
    """What others measured after a switch to the stable ABI: at least so many times the cost."""

    project: str
    tool: str
    times: float


PUBLISHED = (Published("fonttools", "cython", 1.27), Published("OpenMS", "nanobind", 2.0))


def cost_table(found: Sequence[Price]) -> str:
    """Lists each call: what it costs in the native form and through the stable ABI."""
    shown = [name for name in SIGNATURES if any(price.workload == name for price in found)]
    by_row: dict[tuple[str, str, str], dict[str, Price]] = {}
    for price in sorted(found, key=lambda price: (price.stable, price.abi)):
        by_row.setdefault((price.stable, price.abi, price.place), {})[price.workload] = price
    rows = [
        [f"`{stable}`", tag, place, *(_cost(cells.get(name)) for name in shown)]
        for (stable, tag, place), cells in by_row.items()
    ]
    headings = ["", "ABI", "CPython", *(f"`{name}`" for name in shown)]
    table = markdown_table(headings, rows)
    return (
        f"{table}\n\nNet ns per call: the form for one version of Python, then the stable ABI; "
        "`=`: no difference beyond the run's A/A error. One figure: there is no other form."
    )


def _cost(price: Price | None) -> str:
    if price is None:
        return ""
    own = cost_text(price.stable_ns.value)
    if price.native_ns is None or price.share is None:
        return own
    change = percent(price.share.value, signed=True) if price.is_clear else "="
    return f"{cost_text(price.native_ns.value)} → {own} ({change})"


def instruction_table(study: dict[str, Any]) -> str:
    """Lists the instructions of each call in both forms, and the functions that differ most."""
    rows = []
    for row in study["rows"]:
        native, stable = row["instructions"]
        rows.append([
            f"`{row['stable']}`",
            f"{row['abi']}, {row['place']}",
            f"`{row['workload']}`",
            f"{number(native, 0)} → {number(stable, 0)}",
            _functions(row["functions"], stable - native),
        ])  # fmt: skip
    headings = ["", "ABI, CPython", "call", "instructions", "more and fewer, by function"]
    return f"{markdown_table(headings, rows)}\n\n{_made(study)}"


def _functions(functions: Sequence[Sequence[Any]], difference: float) -> str:
    """Names the functions that differ most; the study has sorted them."""
    least = max(1.0, LEAST_SHARE * abs(difference))
    told = [(name, more) for name, more in functions if abs(more) >= least][:NAMED]
    return ", ".join(f"`{name}` {more:+,.0f}" for name, more in told)


def _made(study: dict[str, Any]) -> str:
    builds = "; ".join(f"{place}: {build}" for place, build in study["pythons"].items())
    return (
        "Made by `python -m callcost.benchmarks.validation.stable_abi "
        f"{' '.join(study['pythons'])} --json results/stable_abi.json` ({builds})."
    )


def explained(found: Sequence[Price], study: dict[str, Any]) -> str:
    """Says which calls cost as much more as others have published, by time or instructions."""
    lines = []
    for each in PUBLISHED:
        shown = compared([p for p in found if p.stable.startswith(f"{each.tool}_")])
        if shown:
            said = _by(shown, each, [(p, 1 + p.share.value) for p in shown if p.share is not None])
            lines.append(f"- **{each.project}**, in time: {said}")
        counted = [
            (row, row["instructions"][1] / row["instructions"][0])
            for row in study["rows"]
            if row["stable"].startswith(f"{each.tool}_")
        ]
        lines.append(f"- **{each.project}**, in instructions: {_by_rows(counted, each)}")
    return "\n".join(lines)


def _by(shown: Sequence[Price], each: Published, ratios: list[tuple[Price, float]]) -> str:
    rows = [({"stable": p.stable, "place": p.place, "workload": p.workload}, r) for p, r in ratios]
    return _by_rows(rows, each)


def _by_rows(rows: Sequence[tuple[dict[str, Any], float]], each: Published) -> str:
    """Groups rows by mechanism and place, and tells which reach the published factor."""
    groups: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for row, ratio in rows:
        groups.setdefault((row["stable"], row["place"]), []).append((row["workload"], ratio))
    told = []
    for (stable, place), calls in groups.items():
        reached = [f"`{name}` {ratio:.2f}" for name, ratio in calls if ratio >= each.times]
        what = f"{listed(reached)} times" if reached else "no call"
        told.append(f"through `{stable}` on {place}, {what} (of {len(calls)} calls)")
    return f"at least {each.times:g} times as much: {'; '.join(told)}." if told else "not counted."


def cython_error(study: dict[str, Any]) -> str:
    """Quotes the compiler's first error about one function of Cython, compiled for abi3t."""
    found = study["cython"]
    said = f"the compiler says: `{found['error']}`" if found["error"] else "it compiles"
    return f"Cython {found['version']}, one function with `-D{found['macro']}`: {said}."
