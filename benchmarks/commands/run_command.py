"""The command `callcost run`."""

from __future__ import annotations

from pathlib import Path

import click

from callcost.console.front import MEASURE, Front
from callcost.console.options import mechanism_option, quick_option, results_option, workload_option
from callcost.errors import FAILED


@click.command(
    cls=Front,
    section=MEASURE,
    short_help="Measure what calls cost on this machine",
    examples=(
        "callcost run --quick --workload fibonacci",
        "callcost run --mechanism nanobind --mechanism pybind11",
        "callcost run --workload 'text_*' --results /tmp/texts",
    ),
)
@quick_option
@workload_option
@mechanism_option
@results_option
def run(
    quick: bool, workloads: tuple[str, ...], mechanisms: tuple[str, ...], results: Path
) -> None:
    """Measure what one call of C costs through each mechanism that is built here.

    `callcost list` shows the names of workloads and mechanisms. Everything takes about ten
    minutes; the record and its charts are saved. The same run:
    pytest benchmarks --benchmark-only, with the same options.

    Exit code: 0, or 2 if a call failed or nothing could be measured.
    """
    # Imported late: they are slow to import, and the command's help does not need them.
    from callcost.benchmarks.commands.running import files_of, measured
    from callcost.benchmarks.summary import summary_of
    from callcost.console.outputs import output_console
    from callcost.model.run import NO_COST
    from callcost.pytest_plugin.summary import show

    options = [f"--workload={name}" for name in workloads]
    options += [f"--mechanism={name}" for name in mechanisms]
    record = measured([*options, *(["--quick"] if quick else [])], results)
    show(summary_of(record), output_console())
    for line in files_of(record):
        click.echo(line)
    if any(failure.kind != NO_COST for failure in record.run.failures.values()):
        raise click.exceptions.Exit(FAILED)
