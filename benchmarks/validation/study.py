"""What all studies share: their option, folder and record, and how they run commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from callcost.bindings._build.places import ROOT
from callcost.console.files import write_atomically
from callcost.errors import CallcostError
from callcost.paired.verdict import FASTER, NOT_SLOWER, SLOWER, UNDECIDED
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


class Clone:
    """A clone of this checkout, in which a study makes the revisions that it compares."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "clone"
        run(["git", "clone", "--quiet", str(ROOT), str(self.folder)], ROOT)

    def commit(self, branch: str, change: Callable[[], object], start: str = "HEAD") -> None:
        """Makes a branch with one more commit; the author is nobody's own."""
        self._git("checkout", "--quiet", "-b", branch, start)
        change()
        self._git("add", "--all")
        author = ("-c", "user.name=study", "-c", "user.email=study@localhost")
        self._git(*author, "commit", "--quiet", "-m", branch)

    def _git(self, *arguments: str) -> None:
        run(["git", *arguments], self.folder)

    def compare(
        self, base: str, head: str, *options: str, variables: Mapping[str, str] | None = None
    ) -> tuple[Record, float]:
        """Runs the command as a user would; returns its JSON and the seconds that it took."""
        return compare(self.folder, base, head, *options, variables=variables)


def compare(
    folder: Path, base: str, head: str, *options: str, variables: Mapping[str, str] | None = None
) -> tuple[Record, float]:
    """Compares two sides in a folder as a user would; returns the JSON and the seconds it took."""
    report = folder.with_suffix(".json")
    report.unlink(missing_ok=True)
    start_s = time.monotonic()
    done = subprocess.run(
        [CALLCOST, "compare", base, head, *options, f"--json={report}"],
        cwd=folder, env={**os.environ, **(variables or {})},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    wall_s = time.monotonic() - start_s
    if not report.exists():
        raise CallcostError(f"callcost compare failed:\n{done.stdout}{done.stderr}")
    return json.loads(report.read_text()), wall_s


def chosen(mechanisms: Iterable[str], workloads: Iterable[str]) -> list[str]:
    """Returns the options that choose rows."""
    options = {"mechanism": mechanisms, "workload": workloads}
    return [f"--{kind}={name}" for kind, names in options.items() for name in names]


def summary(document: Record, wall_s: float) -> Record:
    """Keeps what the figures of the documents need from a comparison's JSON."""
    rows = {f"{row['workload']}-{row['mechanism']}": row for row in document["rows"]}
    return {
        "exit_code": document["exit_code"],
        **{
            word: sorted(name for name, row in rows.items() if row["verdict"] == word)
            for word in (SLOWER, FASTER, NOT_SLOWER, UNDECIDED)
        },
        "moved": document["moved"],
        "changes": {name: row["change"] for name, row in rows.items()},
        "measuring_s": document["measuring_s"],
        "wall_s": wall_s,
        "load_1min": document["state"]["load_1min"],
    }
