"""The command `callcost matrix`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from callcost.console.files import probe_writable
from callcost.console.front import Front
from callcost.console.options import mechanism_option, workload_option
from callcost.errors import CallcostError

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
    from callcost.benchmarks.matrix.running import measured
    from callcost.benchmarks.matrix.table import overview, summary
    from callcost.console.outputs import console_at_least
    from callcost.estimate.record import Record

    options = [f"--python={name}" for name in pythons]
    options += [f"--workload={name}" for name in workloads or DEFAULT_WORKLOADS]
    options += [f"--mechanism={name}" for name in mechanisms]
    with _writable(results):
        path = measured([*options, *(["--quick"] if quick else [])], results)
    record = Record.load(path)
    found = Matrix.of(record)
    console = console_at_least(100)
    if len(found.places) > 1:
        console.print(overview(found))
    for line in summary(found, record.environment.get("instructions", {})):
        console.print(line)
    click.echo(f"saved: {path}")
    for chart in sorted(path.parent.glob(f"{path.name.removesuffix('.json')}.*.*")):
        click.echo(f"chart: {chart}")


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    """Makes a folder, and removes it again if it stays empty; raises CallcostError."""
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe_writable(folder)
    except OSError as error:
        raise CallcostError(
            f"the run could not be saved: {folder} cannot be written ({error.strerror}). Name "
            "another folder with --results DIR."
        ) from error
    try:
        yield
    finally:
        if is_new:
            # It is not empty if anything was saved.
            with suppress(OSError):
                folder.rmdir()
