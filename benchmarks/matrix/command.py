"""The command `callcost matrix`."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import click

from callcost.console.files import probe_writable
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
    with _writable(results):
        path = _measured([*options, *(["--quick"] if quick else [])], results)
    record = Record.load(path)
    found = Matrix(record.estimates, list(record.environment["interpreters"]))
    console = console_at_least(100)
    if len(found.places) > 1:
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
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryDirectory() as unused:
        # Otherwise pytest-benchmark leaves an empty folder where the command is run.
        command.append(f"--benchmark-storage=file://{unused}")
        code = _code_of([*command, *options], said)
        made = set(results.glob("*.json")) - known
        if len(made) == 1 and code in (0, 1):
            return made.pop()
        said.seek(0)
        lines = [line for line in said.read().splitlines() if line.strip()]
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if code == pytest.ExitCode.USAGE_ERROR:
        # It has said what is wrong.
        raise click.exceptions.Exit(FAILED)
    last = lines[-1] if lines else f"exit code {code}"
    raise CallcostError(f"nothing was measured: {last}")


def _code_of(command: list[str], said: IO[str]) -> int:
    """Runs a command to its end, also after an interrupt, as it has to clean up."""
    # What is started in the background ignores SIGINT.
    is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    interrupted = False
    # In its own group, a terminal's interrupt reaches it once: from here.
    with subprocess.Popen(command, stdout=said, process_group=0) as process:
        while True:
            try:
                code = process.wait()
                break
            except KeyboardInterrupt:
                interrupted = True
                process.send_signal(signal.SIGTERM if is_ignored else signal.SIGINT)
    if interrupted:
        raise KeyboardInterrupt
    return code


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
