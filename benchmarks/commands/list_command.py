"""The command `callcost list`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.facts.marks import named
from callcost.bindings.registry import Build, Mechanism, left_out, mechanisms
from callcost.console.front import EXPLAIN, Front
from callcost.console.outputs import output_console
from callcost.errors import CallcostError
from callcost.model.patterns import matches, require_known, tools_of, with_tools

if TYPE_CHECKING:
    from callcost.console.tables import PlainTable


@click.command(
    "list",
    cls=Front,
    section=EXPLAIN,
    short_help="List mechanisms and workloads",
    examples=("callcost list", "callcost list nanobind", "callcost list --workloads"),
)
@click.argument("mechanism", required=False)
@click.option("--workloads", "of_workloads", is_flag=True, help="List the workloads instead.")
def list_all(mechanism: str | None, of_workloads: bool) -> None:
    """List the mechanisms, the built ones first, and what keeps the others from being built.

    With MECHANISM, a mechanism or a tool: what each call through it does, or why there is none.
    """
    console = output_console()
    for table in _of_workloads() if of_workloads else _of_mechanisms(mechanism):
        console.print(table)


def _of_workloads() -> Iterator[PlainTable]:
    table = _table("workload", "what it calls", "as Python code")
    for workload in WORKLOADS:
        table.add(workload.name, workload.label, workload.call)
    yield table


def _of_mechanisms(asked: str | None) -> Iterator[PlainTable]:
    found, damaged = mechanisms(), left_out(Build())
    if asked is None:
        yield from _overview(found, damaged)
        return
    if asked in damaged:
        raise CallcostError(f"{asked} is damaged: {damaged[asked]}")
    names = [mechanism.name for mechanism in found]
    patterns = with_tools([asked], names)
    require_known("mechanism", patterns, [*names, *tools_of(names)])
    for mechanism in found:
        if matches(mechanism.name, patterns):
            yield _of(mechanism)


def _table(*headings: str, title: str = "", spare: Sequence[int] = ()) -> PlainTable:
    # Imported late: it is slow to import, and the command's help does not need it.
    from callcost.console.tables import PlainTable

    return PlainTable(*headings, title=title, spare=spare)


def _overview(found: Sequence[Mechanism], damaged: dict[str, str]) -> Iterator[PlainTable]:
    built = Build()
    missing = {mechanism.name: built.missing(mechanism) for mechanism in found}
    table = _table("mechanism", "what it is", "you write", ">workloads", spare=(2,))
    for mechanism in found:
        if not missing[mechanism.name]:
            supported = sum(mechanism.offers(workload.function) for workload in WORKLOADS)
            you_write = mechanism.card.you_write
            count = f"{supported} of {len(WORKLOADS)}"
            table.add(mechanism.name, named(mechanism.name), you_write, count)
    yield table
    others = {name: reason for name, reason in missing.items() if reason}
    others |= {name: f"damaged: {reason}" for name, reason in damaged.items()}
    if others:
        table = _table("not built", "why")
        for name, reason in others.items():
            table.add(name, reason)
        yield table


def _of(mechanism: Mechanism) -> PlainTable:
    table = _table("workload", f"in {mechanism.name}", title=mechanism.summary)
    reason = Build().missing(mechanism)
    for workload in WORKLOADS:
        said = f"not built: {reason}" if reason else _cell(mechanism, workload.function)
        table.add(workload.name, said)
    return table


def _cell(mechanism: Mechanism, function: str) -> str:
    if not mechanism.offers(function):
        return f"unsupported: {mechanism.why_unsupported(function) or 'it does not say why'}"
    if function in mechanism.through_python:
        return f"yes, through Python: {mechanism.through_python[function]}"
    return "yes" if mechanism.same_c(function) else "yes, but not the same C"
