"""What several tests share: small suites measured by the real plugin in its own process."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Two groups; each contender is set-up, call and expected value. A floor is a program's command too.
TOY = {
    "absolute": {
        "builtin": ("n = -3", "abs(n)", "3"),
        "method": ("n = -3", "n.__abs__()", "3"),
        "python": ("n = -3\ndef absolute(n):\n    return n if n > 0 else -n", "absolute(n)", "3"),
    },
    "length": {
        "builtin": ("word = 'four'", "len(word)", "4"),
        "method": ("word = 'four'", "word.__len__()", "4"),
    },
}
SUITE = """
import json
from pathlib import Path
import pytest
from callcost.model.contender import Contender
from callcost.pytest_plugin.plugin import case

TOY = json.loads(Path(__file__).with_name("toy.json").read_text())

def cases():
    for group, members in TOY.items():
        for name, (setup, call, expect, *command) in members.items():
            program = tuple(word for words in command for word in words)
            yield case(group, Contender(name, setup, call, expect, program=program), group, name,
                       identity=f"{group}-{name}", floor=bool(program))

@pytest.mark.parametrize(("group", "tool"), list(cases()))
def test_toy(callcost, group, tool):
    callcost()
"""
# A program that a floor is measured with: it says what its call returned, then times its turns.
PROGRAM = """
import os, signal, sys, time

def now_ns():
    return time.perf_counter_ns()

def answer(turns):
    start_ns = now_ns()
    for _ in range(turns):
        abs(-3)
    return f"{now_ns() - start_ns} 1"

print(3, flush=True)
for asked, line in enumerate(sys.stdin):
    turns, warm_turns, stack_bytes = map(int, line.split())
    print(answer(turns), flush=True)
"""
# Few places on the stacks: making the default number takes as long as all epochs here.
FAST = ("--callcost-processes=10", "--callcost-row-seconds=0.02", "--callcost-stack-places=8")


def copy_of_toy() -> dict[str, Any]:
    """Returns a catalogue of its own, to be changed before the suite is written."""
    return json.loads(json.dumps(TOY))  # type: ignore[no-any-return]


def make_program(change: str = "", into: str = "") -> tuple[str, str, str, list[str]]:
    """Makes a floor from PROGRAM, with some of its text replaced."""
    assert change in PROGRAM
    source = PROGRAM.replace(change, into, 1) if change else PROGRAM
    return "", "abs(n)", "3", [sys.executable, "-c", source]


def write(folder: Path, catalogue: dict[str, Any]) -> None:
    """Writes the suite of a catalogue into a folder."""
    (folder / "toy.json").write_text(json.dumps(catalogue))
    (folder / "test_toy.py").write_text(SUITE)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")


def command(folder: Path, *arguments: str) -> list[str]:
    """Returns the command line of a quick run of the suite in a folder."""
    return [sys.executable, "-m", "pytest", str(folder), *FAST, *arguments]


def run(folder: Path, *arguments: str, timeout_s: float = 600) -> subprocess.CompletedProcess[str]:
    """Runs the suite in a folder with further arguments, and waits for it."""
    return subprocess.run(
        command(folder, *arguments),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def records(folder: Path) -> list[Path]:
    """Lists the records in the results folder of the suite in a folder."""
    return sorted((folder / "results").glob("*.json"))


@dataclass(frozen=True)
class Measured:
    """A small suite that was measured once: what it printed, and its record, not to be changed."""

    folder: Path
    done: subprocess.CompletedProcess[str]

    @property
    def record(self) -> Path:
        """The only record of the run."""
        (path,) = records(self.folder)
        return path

    @property
    def document(self) -> dict[str, Any]:
        """What is in the record."""
        return json.loads(self.record.read_text(encoding="utf-8"))  # type: ignore[no-any-return]

    def rows(self) -> list[str]:
        """Lists the names of the rows that the record has."""
        return sorted(row["name"] for row in self.document["benchmarks"])


def measured(folder: Path, catalogue: dict[str, Any], *arguments: str) -> Measured:
    """Measures a catalogue in a folder, with further arguments."""
    write(folder, catalogue)
    return Measured(folder, run(folder, "--benchmark-only", *arguments))
