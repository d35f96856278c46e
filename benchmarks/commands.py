"""The suite's commands: `callcost list` and `callcost publish`."""

from __future__ import annotations

from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.rows import build
from callcost.bindings.registry import Mechanism, StaleBuildError, mechanisms


@click.command("list")
def list_mechanisms() -> None:
    """Show which mechanism can do which workload, and what was not built, with the reason."""
    table = Table(box=box.SIMPLE)
    table.add_column("mechanism", no_wrap=True)
    for workload in WORKLOADS:
        table.add_column(workload.name)
    try:
        for mechanism in mechanisms():
            table.add_row(mechanism.name, *_cells(mechanism))
    except StaleBuildError as error:
        raise click.UsageError(str(error)) from error
    # A pipe has no width of its own; a table that is cut there would lose what was asked for.
    console = Console()
    Console(width=max(console.width, 100) if not console.is_terminal else None).print(table)


def _cells(mechanism: Mechanism) -> list[str]:
    reason = build().missing(mechanism)
    if reason is not None:
        return [f"not built: {reason}"] * len(WORKLOADS)
    return [
        "yes" if workload.function in mechanism.functions else "unsupported"
        for workload in WORKLOADS
    ]


@click.command()
@click.argument(
    "record", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
def publish(record: Path | None) -> None:
    """Redraw every chart and every figure of README and docs from the reference record.

    RECORD becomes the new reference run first, where one is given.
    """
    from callcost.benchmarks import publishing
    from callcost.record import RecordError

    try:
        changed = publishing.publish(record)
    except (RecordError, publishing.NotACheckoutError) as error:
        raise click.UsageError(str(error)) from error
    for path in changed:
        click.echo(path)
