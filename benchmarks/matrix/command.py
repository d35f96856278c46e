"""The command `callcost matrix`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import click

from callcost.console.front import Front
from callcost.console.options import mechanism_option, workload_option
from callcost.errors import FAILED, CallcostError

# One call of each kind: what an upgrade changes shows without the whole catalogue.
DEFAULT_WORKLOADS = (
    "get_pi", "fibonacci", "fibonacci_keyword", "add_eight", "text_ascii_16", "bytes_16",
    "buffer_1024", "list_100", "mirror", "new_tally", "tally_increment", "callback_1",
    "fibonacci_refused",
)  # fmt: skip


@click.command(cls=Front)
@click.argument("pythons", metavar="PYTHON...", nargs=-1, required=True)
@workload_option
@mechanism_option
@click.option("--quick", is_flag=True, help="A first look: fewer and shorter processes.")
@click.option(
    "--results",
    default="results",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the record and the charts of the run.",
)
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
    one call of each kind is measured; --workload '*' measures all. The same run, with a table for
    each workload: pytest benchmarks --benchmark-only --python PYTHON...
    """
    # Imported late: they are slow to import, and the command's help does not need them.
    from callcost.benchmarks.matrix.figures import Matrix
    from callcost.benchmarks.matrix.table import overview, summary
    from callcost.console.outputs import console_at_least
    from callcost.estimate.record import Record

    options = [f"--python={name}" for name in pythons]
    options += [f"--workload={name}" for name in workloads or DEFAULT_WORKLOADS]
    options += [f"--mechanism={name}" for name in mechanisms]
    path = _measured([*options, *(["--quick"] if quick else [])], results)
    record = Record.load(path)
    found = Matrix(record.estimates, list(record.environment["interpreters"]))
    console = console_at_least(100)
    console.print(overview(found))
    for line in summary(found, record.environment.get("instructions", {})):
        console.print(line)
    click.echo(f"saved: {path}")
    for chart in sorted(path.parent.glob(f"{path.name.removesuffix('.json')}.*.*")):
        click.echo(f"chart: {chart}")


def _measured(options: list[str], results: Path) -> Path:
    """Has pytest measure, whose progress appears as it does; returns the record."""
    import pytest

    from callcost import benchmarks

    known = set(results.glob("*.json"))
    command = [sys.executable, "-m", "pytest", str(Path(benchmarks.__path__[0]))]
    command += ["--benchmark-only", "--benchmark-quiet", "-q", f"--callcost-results={results}"]
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run([*command, *options], stdout=said, check=False)
        made = set(results.glob("*.json")) - known
        if len(made) == 1 and done.returncode in (0, 1):
            return made.pop()
        said.seek(0)
        lines = [line for line in said.read().splitlines() if line.strip()]
    if done.returncode == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if done.returncode == pytest.ExitCode.USAGE_ERROR:
        # It has said what is wrong.
        raise click.exceptions.Exit(FAILED)
    last = lines[-1] if lines else f"exit code {done.returncode}"
    raise CallcostError(f"nothing was measured: {last}")
