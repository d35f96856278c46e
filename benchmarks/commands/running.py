"""Has pytest measure in a process of its own, which an interrupt ends whole."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import click
import pytest

from callcost import benchmarks
from callcost.console.files import results_folder
from callcost.errors import FAILED, CallcostError
from callcost.estimate.record import Record


def measured(options: list[str], results: Path) -> Record:
    """Has pytest measure, whose progress appears as it does; returns the record.

    Raises CallcostError; the command ends at once if pytest has said what is wrong.
    """
    with results_folder(results, "--results"):
        return Record.load(_made(options, results))


def files_of(record: Record) -> Iterator[str]:
    """Yields where the record and its charts are."""
    path = record.path
    yield f"saved: {path}"
    for chart in sorted(path.parent.glob(f"{path.name.removesuffix('.json')}.*.*")):
        yield f"chart: {chart}"


def _made(options: list[str], results: Path) -> Path:
    known = set(results.glob("*.json"))
    command = [sys.executable, "-m", "pytest", str(Path(benchmarks.__path__[0]))]
    command += ["--benchmark-only", "--benchmark-quiet", "-q", f"--callcost-results={results}"]
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryDirectory() as unused:
        # Otherwise pytest-benchmark leaves an empty folder where the command is run.
        command.append(f"--benchmark-storage=file://{unused}")
        code = code_of([*command, *options], said)
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


def code_of(command: list[str], said: IO[str]) -> int:
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
