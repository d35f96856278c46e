"""What all studies share: their option, folder and record, and how they run commands."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from callcost.console.files import write_atomically
from callcost.errors import CallcostError
from callcost.run import machine

Record = dict[str, Any]

CALLCOST = Path(sys.executable).with_name("callcost")

json_option: Callable[[Callable[..., None]], Callable[..., None]] = click.option(
    "--json",
    "json_file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The record of the study.",
)


@contextmanager
def recording(json_file: Path) -> Iterator[tuple[Path, Record]]:
    """Gives a folder to work in and a record to fill, which is saved and printed at the end."""
    watch = machine.Watch(None)
    record: Record = {}
    with tempfile.TemporaryDirectory(prefix="callcost-") as name:
        yield Path(name), record
    record |= {"state": watch.state(), "machine": machine.identity()}
    save(json_file, record)
    click.echo(json.dumps(record, indent=1))


def save(json_file: Path, record: Record) -> None:
    """Writes the record of a study."""
    write_atomically(json_file, json.dumps(record, indent=1) + "\n")


def run(command: Sequence[str | Path], folder: Path | None = None) -> str:
    """Runs a command in a folder and returns its output; raises CallcostError if it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CallcostError(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def time_s(command: Sequence[str | Path]) -> float:
    """Runs a command and returns the seconds that it took; raises CallcostError if it fails."""
    start_s = time.monotonic()
    run(command)
    return time.monotonic() - start_s


def pyperf_timeit(python: str, setup: str, call: str, path: Path) -> Path:
    """Has pyperf time a call in an interpreter, and save it to a path, which is returned."""
    run([python, "-m", "pyperf", "timeit", "--fast", "--duplicate", "100", "--quiet",
         "-s", setup, call, "-o", path], path.parent)  # fmt: skip
    return path
