"""What several proofs share: small suites measured by the real plugin in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Pytest = Callable[..., subprocess.CompletedProcess[str]]

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
from callcost.job import Contender
from callcost.plugin import case

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
FAST = ("--callcost-processes=10", "--callcost-row-seconds=0.02")


@pytest.fixture(autouse=True)
def runs_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps what this pytest has in its environment from the runs that the tests start."""
    for name in [name for name in os.environ if name.startswith("PYTEST_")]:
        if name != "PYTEST_CURRENT_TEST":
            monkeypatch.delenv(name)


@pytest.fixture
def toy(tmp_path: Path) -> dict[str, dict[str, tuple[str, str, str]]]:
    """A copy of the toy catalogue, to be changed before the suite is written."""
    return json.loads(json.dumps(TOY))  # type: ignore[no-any-return]


@pytest.fixture
def program() -> Callable[..., tuple[str, str, str, list[str]]]:
    """Returns the function that makes a floor out of PROGRAM, some text of which is replaced."""

    def make(change: str = "", into: str = "") -> tuple[str, str, str, list[str]]:
        assert change in PROGRAM
        source = PROGRAM.replace(change, into, 1) if change else PROGRAM
        return "", "abs(n)", "3", [sys.executable, "-c", source]

    return make


@pytest.fixture
def write_suite(tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """Returns the function that writes a suite for a catalogue, and returns its folder."""

    def write(catalogue: dict[str, Any]) -> Path:
        (tmp_path / "toy.json").write_text(json.dumps(catalogue))
        (tmp_path / "test_toy.py").write_text(SUITE)
        (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
        return tmp_path

    return write


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., list[str]]:
    """Returns the function that makes the command line of a quick run of the suite."""

    def make(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "pytest", str(tmp_path), *FAST, *arguments]

    return make


@pytest.fixture
def run_pytest(tmp_path: Path, command: Callable[..., list[str]]) -> Pytest:
    """Returns the function that runs the suite with further arguments, and waits for it."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*arguments),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def records(tmp_path: Path) -> Callable[[], list[Path]]:
    """Returns the function that lists the records in the suite's results folder."""
    return lambda: sorted((tmp_path / "results").glob("*.json"))
