"""The suite's commands: `callcost list` and `callcost publish`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from callcost.benchmarks.catalogue import WORKLOADS
from callcost.bindings.registry import Build, Mechanism, left_out, mechanisms
from callcost.console.front import Front
from callcost.console.outputs import console_at_least
from callcost.errors import CallcostError


@click.command("list", cls=Front)
@click.argument("mechanism", required=False)
def list_mechanisms(mechanism: str | None) -> None:
    """Show every mechanism, how much of the catalogue it supports, and what was not built and why.

    With MECHANISM: each workload of that one, and the reason for what it does not support.
    """
    chosen = {found.name: found for found in mechanisms()}
    if mechanism is not None and mechanism not in chosen:
        reason = left_out(Build()).get(mechanism)
        raise CallcostError(
            f"{mechanism} is damaged: {reason}"
            if reason
            else f"there is no mechanism {mechanism}: `callcost list` shows what there is"
        )
    # Imported late: it is slow to import, and the command's help does not need it.
    from callcost.console.tables import PlainTable

    if mechanism is None:
        table = PlainTable("mechanism", ">workloads", "what it is")
        rows = _overview(chosen.values())
    else:
        table = PlainTable("workload", f"in {mechanism}", title=chosen[mechanism].summary)
        rows = _of(chosen[mechanism])
    table.columns[-1].no_wrap = False
    for row in rows:
        table.add(*row)
    console_at_least(100).print(table)


def _overview(found: Iterable[Mechanism]) -> Iterator[tuple[str, ...]]:
    built = Build()
    for mechanism in found:
        reason = built.missing(mechanism)
        supported = sum(mechanism.offers(workload.function) for workload in WORKLOADS)
        count = "not built" if reason else f"{supported} of {len(WORKLOADS)}"
        yield mechanism.name, count, reason or mechanism.summary
    for name, damage in left_out(built).items():
        yield name, "damaged", damage


def _of(mechanism: Mechanism) -> Iterator[tuple[str, ...]]:
    reason = Build().missing(mechanism)
    for workload in WORKLOADS:
        said = f"not built: {reason}" if reason else _cell(mechanism, workload.function)
        yield workload.name, said


def _cell(mechanism: Mechanism, function: str) -> str:
    if not mechanism.offers(function):
        return f"unsupported: {mechanism.why_unsupported(function) or 'it does not say why'}"
    if function in mechanism.through_python:
        return f"yes, through Python: {mechanism.through_python[function]}"
    return "yes" if mechanism.same_c(function) else "yes, but not the same C"


@click.command(cls=Front)
@click.argument(
    "record", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
def publish(record: Path | None) -> None:
    """Redraw every chart and every figure of README and docs from the reference record.

    If RECORD is given, it first becomes the reference record, or that of docs/interpreters.md if
    it has several interpreters (callcost matrix).
    """
    from callcost.benchmarks.publish import publishing

    for name, damage in left_out(Build()).items():
        click.echo(f"{name} is left out: {damage}", err=True)
    for path in publishing.publish(record):
        click.echo(path)
