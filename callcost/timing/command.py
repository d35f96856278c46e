"""The command `callcost time`: what one expression costs, and whether another costs less."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from callcost.console.front import MEASURE, Front
from callcost.console.options import PYTHON_HELP, FiniteRange, json_option
from callcost.console.outputs import output_console, refuse_unwritable, save_json
from callcost.errors import FAILED

INCONCLUSIVE = 3


@click.command(
    "time",
    cls=Front,
    section=MEASURE,
    short_help="Measure one expression, or compare two",
    examples=(
        'callcost time "abs(-1)"',
        'callcost time "sqrt(x)" --setup "from math import sqrt; x = 2.0" --vs "x ** 0.5"',
        'callcost time "sum(x)" -s "x = [1.0] * 100" --python 3.13 --vs "sum(x)" --vs-python 3.15',
    ),
)
@click.argument("expression")
@click.option(
    "--setup",
    "-s",
    "setup",
    multiple=True,
    metavar="LINE",
    help="A line to run first, once in each process. May be repeated.",
)
@click.option("--vs", metavar="EXPRESSION", help="Also measure this expression, and compare.")
@click.option(
    "--vs-setup",
    multiple=True,
    metavar="LINE",
    help="Set-up of --vs. May be repeated. Default: the set-up of the expression.",
)
@click.option(
    "--expect",
    metavar="EXPRESSION",
    help="The right value, type included. An expression with another value is not timed.",
)
@click.option("--python", metavar="PYTHON", help=f"Measure in another interpreter: {PYTHON_HELP}.")
@click.option(
    "--vs-python", metavar="PYTHON", help="Interpreter of --vs. Default: that of the expression."
)
@click.option(
    "--seconds",
    type=FiniteRange(min=0, min_open=True),
    help="About how long to measure. Default: 5, and up to a minute for long calls.",
)
@click.option(
    "--processes",
    type=click.IntRange(min=10),
    help="Worker processes. Default: 20, and 80 with --vs, in groups of four.",
)
@json_option("Also write the figures to this file.")
def time_expression(
    expression: str,
    setup: tuple[str, ...],
    vs: str | None,
    vs_setup: tuple[str, ...],
    expect: str | None,
    python: str | None,
    vs_python: str | None,
    seconds: float | None,
    processes: int | None,
    json_file: Path | None,
) -> None:
    """Measure what EXPRESSION costs: timeit, with a known error.

    Each side of a comparison has its own processes. Their values are compared first: if they
    differ, neither side wins.

    The exit code is 0, 2 for an expression that cannot be timed or has a wrong or different value,
    or 3 if the machine is too noisy to tell.
    """
    if vs is None and (vs_setup or vs_python):
        option = "--vs-setup" if vs_setup else "--vs-python"
        raise click.UsageError(f"{option} needs the expression of --vs")
    # Imported late: they are slow to import, and other commands do not need them.
    from callcost.console import progress
    from callcost.model.expression import Asked
    from callcost.revisions.python_option import interpreter_at
    from callcost.timing import words
    from callcost.timing.flow import time_expressions
    from callcost.timing.time_limit import TimeLimit

    refuse_unwritable(json_file, "--json")
    environment = interpreter_at(python)
    asked = [Asked(expression, "\n".join(setup), environment)]
    if vs is not None:
        other = environment if vs_python is None else interpreter_at(vs_python, "--vs-python")
        asked.append(Asked(vs, "\n".join(vs_setup or setup), other))
    with progress.shown(sys.stderr, "callcost time") as report:
        found = time_expressions(asked, report, expect=expect, limit=TimeLimit(seconds, processes))
    words.show(found, output_console())
    save_json(json_file, found.as_json())
    if found.verdict in ("wrong value", "different values"):
        raise click.exceptions.Exit(FAILED)
    if found.inconclusive:
        raise click.exceptions.Exit(INCONCLUSIVE)
