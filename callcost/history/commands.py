"""The commands `callcost history add` and `callcost history show`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from callcost.console.extras import require
from callcost.console.files import shown
from callcost.console.front import EXPLAIN, FrontGroup
from callcost.console.numbers import count
from callcost.console.options import Existing, mechanism_option, workload_option
from callcost.console.outputs import output_console, refuse_unwritable, save

if TYPE_CHECKING:
    from callcost.history.points import Change
    from callcost.history.store import Series, Store

DEFAULT_STORE = ".callcost-history"
store_option = click.option(
    "--store",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_STORE,
    show_default=True,
    help="The folder that holds the history.",
)


@click.group(
    cls=FrontGroup,
    section=EXPLAIN,
    short_help="Keep runs and find when a cost changed",
    examples=(
        "callcost history add results/*Z_*.json",
        "callcost history show",
        "callcost history show --json points.json",
    ),
)
def history() -> None:
    """Keep the rows of every run and show where a cost has changed."""


@history.command()
@click.argument(
    "runs",
    metavar="RUN.json...",
    nargs=-1,
    required=True,
    type=Existing(dir_okay=False),
)
@store_option
@click.option(
    "--control",
    metavar="NAME",
    help="The row to compare the others with, in a file that callcost did not write. "
    "Default: a typical row, the median of the changes of all rows.",
)
@click.option(
    "--machine",
    metavar="NAME",
    help="Name of the machine, for hosted runners: each of them is a new machine. "
    "Runs on different kinds of CPU stay separate.",
)
def add(runs: tuple[Path, ...], folder: Path, control: str | None, machine: str | None) -> None:
    """Add every row of a run: a record of callcost, or any JSON file of pytest-benchmark.

    A run that is in the history already is left alone. If one file cannot be read, none is added.
    """
    require("callcost history", "history")
    # Imported late: they are slow to import, and other commands do not need them.
    from callcost.history.runs import read, without_ratio
    from callcost.history.store import Store

    read_runs = [(path, read(path, control, machine)) for path in runs]
    for path, run in read_runs:
        if Store(folder).add(run):
            click.echo(f"added: {shown(path)}: {len(run.rows):,} rows of commit {run.commit[:9]}")
        else:
            click.echo(f"already in the history: {shown(path)}")
        if reason := without_ratio(run):
            click.echo(f"{shown(path)}: {reason}")
    if sealed := Store(folder).seal():
        click.echo(
            f"updated a store of an older version: {count(sealed, 'file')} renamed, with a digest "
            "that detects later damage"
        )


@history.command()
@store_option
@workload_option
@mechanism_option
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Write every point to this file instead. - is standard output.",
)
def show(
    folder: Path, workloads: tuple[str, ...], mechanisms: tuple[str, ...], json_file: Path | None
) -> None:
    """Show what calls cost from run to run, and when a cost changed.

    Changes are found in the ratio to a control, for each machine and interpreter separately. They
    are advice: the exit code does not depend on them.
    """
    require("callcost history", "history")
    from callcost.history import points
    from callcost.history.show import as_json
    from callcost.history.store import Store

    if json_file != Path("-"):
        refuse_unwritable(json_file, "--json")
    store = Store(folder)
    found = [(series, points.find(series)) for series in store.series(workloads, mechanisms)]
    if json_file is None:
        _print(store, found)
        if unsealed := store.unsealed():
            click.echo(
                f"the store is of an older version: damage to {count(unsealed, 'file')} without a "
                "digest in the name cannot be detected. The next `callcost history add` adds it",
                err=True,
            )
    else:
        text = json.dumps(as_json(found), indent=1) + "\n"
        if json_file == Path("-"):
            click.echo(text, nl=False)
        else:
            save(json_file, text)


def _print(store: Store, found: list[tuple[Series, list[Change]]]) -> None:
    from callcost.history.show import render

    ends = {
        point.run for _, its in found for change in its for point in (change.before, change.point)
    }
    render(found, store.environments(ends), output_console(highlight=True))
