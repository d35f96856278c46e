"""The command `callcost matrix`."""

from __future__ import annotations

from pathlib import Path

import click

from callcost.console.front import MEASURE, Front
from callcost.console.options import mechanism_option, quick_option, results_option, workload_option

# One call of each kind: what an upgrade changes shows without the whole catalogue.
DEFAULT_WORKLOADS = (
    "get_pi", "fibonacci", "fibonacci_keyword", "add_eight", "text_ascii_16", "bytes_16",
    "buffer_1024", "list_100", "mirror", "new_tally", "tally_increment", "callback_1",
    "fibonacci_refused",
)  # fmt: skip


@click.command(
    cls=Front,
    section=MEASURE,
    short_help="Compare interpreters: what an upgrade costs",
    examples=(
        "callcost matrix 3.13 3.15",
        "callcost matrix 3.14 3.14t --workload fibonacci --mechanism nanobind",
        "callcost matrix 3.13 3.14 3.15 3.15t pypy3 --workload '*'",
    ),
)
@click.argument("pythons", metavar="PYTHON...", nargs=-1, required=True)
@workload_option
@mechanism_option
@quick_option
@results_option
def matrix(
    pythons: tuple[str, ...],
    workloads: tuple[str, ...],
    mechanisms: tuple[str, ...],
    quick: bool,
    results: Path,
) -> None:
    """Measure the same calls in several interpreters, and say what an upgrade changes.

    PYTHON is a version (3.15, 3.15t), a name (pypy3) or a path. Each interpreter gets an
    environment with every mechanism that its tools allow, which later runs use again. By default,
    one call of each kind is measured; --workload '*' measures all. An interpreter is compared with
    the CPython before it; a free-threaded build with the normal build of its own version, if that
    is measured too. The same run, with a table for
    each workload: pytest benchmarks --benchmark-only --python PYTHON...
    """
    # Imported late: they are slow to import, and the command's help does not need them.
    from callcost.benchmarks.commands.running import files_of, measured
    from callcost.benchmarks.matrix.figures import Matrix
    from callcost.benchmarks.matrix.table import overview, summary
    from callcost.console.outputs import output_console

    options = [f"--python={name}" for name in pythons]
    options += [f"--workload={name}" for name in workloads or DEFAULT_WORKLOADS]
    options += [f"--mechanism={name}" for name in mechanisms]
    record = measured([*options, *(["--quick"] if quick else [])], results)
    found = Matrix.of(record)
    console = output_console(highlight=True)
    if len(found.places) > 1:
        console.print(overview(found))
    for sentence in summary(found, record.environment.get("instructions", {})):
        console.print(sentence)
    for file in files_of(record):
        click.echo(file)
