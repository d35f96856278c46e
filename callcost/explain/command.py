"""The command `callcost explain`."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from callcost.console.extras import require
from callcost.console.files import shown
from callcost.console.front import EXPLAIN, Front
from callcost.console.options import PYTHON_HELP, mechanism_option
from callcost.console.outputs import make_writable, save
from callcost.errors import FAILED

if TYPE_CHECKING:
    from callcost.explain.explanation import Explanation
    from callcost.explain.flow import Request

# A name or a pattern of names; anything else is an expression.
NAME = re.compile(r"[\w*?\[\]!-]+")


@click.command(
    cls=Front,
    section=EXPLAIN,
    short_help="Show where a call's instructions go",
    examples=(
        "callcost explain",
        'callcost explain --setup "from math import sqrt" "sqrt(2.0)"',
        "callcost explain --output explained",
    ),
)
@click.argument("what", metavar="[WORKLOAD | EXPRESSION]", required=False)
@mechanism_option
@click.option(
    "--setup", "-s", "setup", multiple=True, metavar="LINE",
    help="A line to run before EXPRESSION. May be repeated.",
)  # fmt: skip
@click.option(
    "--python", metavar="PYTHON",
    help=f"Explain EXPRESSION in another interpreter: {PYTHON_HELP}.",
)  # fmt: skip
@click.option(
    "--time/--no-time", "timed", default=True, help="Also measure the time of each call.  "
    "[default: time]",
)  # fmt: skip
@click.option(
    "--output", "folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path),
    help="Write JSON and charts to this folder, which is created if needed.",
)  # fmt: skip
@click.option(
    "--against", "record", metavar="FILE", type=click.Path(path_type=Path),
    help="Compare with the explain.json of another machine, row by row.",
)  # fmt: skip
def explain(
    what: str | None,
    mechanisms: tuple[str, ...],
    setup: tuple[str, ...],
    python: str | None,
    timed: bool,
    folder: Path | None,
    record: Path | None,
) -> None:
    """Show where the instructions of a call go, from the interpreter's loop to C and back.

    WORKLOAD is a workload of the suite, or a pattern; the default is a few typical ones. Or give
    an EXPRESSION of your own: callcost explain --setup "from math import sqrt" "sqrt(2.0)"

    valgrind's callgrind counts the instructions instead of estimating them: two runs give the same
    numbers.
    """
    # Imported late: they are slow to import, and other commands do not need them.
    from callcost.console import progress
    from callcost.explain import flow, records, table

    require("callcost explain", "inspect")
    if folder is not None:
        require("callcost explain --output", "plot")
    before = None if record is None else records.read(record)
    make_writable(folder, "--output")
    request = _request(what, mechanisms, "\n".join(setup), python)
    with progress.shown(sys.stderr, "callcost explain") as report:
        found = flow.explain(replace(request, timed=timed), report)
    table.show(found)
    if folder is not None:
        _write(found, folder)
    if before is not None and record is not None:
        records.show(records.differences(before, found), shown(record))
    if not any(True for _ in found.rows):
        raise click.exceptions.Exit(FAILED)


def _request(
    what: str | None, mechanisms: tuple[str, ...], setup: str, python: str | None
) -> Request:
    from callcost.explain import flow
    from callcost.revisions.python_option import interpreter_at

    is_expression = what is not None and (bool(setup) or not NAME.fullmatch(what))
    if not is_expression:
        if setup:
            raise click.UsageError("--setup needs an expression")
        if python is not None:
            raise click.UsageError(
                "--python needs an expression; for a workload, install callcost in that Python and "
                "run it there"
            )
        return flow.of_workloads(what, mechanisms, Path.cwd())
    if mechanisms:
        raise click.UsageError("--mechanism needs a workload, not an expression")
    assert what is not None
    return flow.of_expression(what, setup, interpreter_at(python), Path.cwd())


def _write(found: Explanation, folder: Path) -> None:
    """Write the record and the charts of an explanation."""
    from callcost.explain import chart, records

    save(folder / "explain.json", records.as_text(found))
    for path in chart.draw(found, folder):
        click.echo(f"saved: {path}")
