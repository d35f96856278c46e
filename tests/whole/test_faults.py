"""Whatever a machine refuses, each command ends with a sentence and an exit code that says so.

faults.py runs them all in forks of one process.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click
import psutil
import pytest
import sites
from checkout import RESULTS, SUPPORT
from click.testing import CliRunner

from callcost import native
from callcost.console import streams
from callcost.console.front import Front
from callcost.errors import CallcostError
from callcost.revisions import interpreter
from callcost.revisions.cache import TAG, TAG_TEXT

Outcome = dict[str, Any]
FINE, FAILED, INTERRUPTED, CLOSED = 0, 2, 130, 141
# Two records of one run: nothing can be said of their difference.
INCONCLUSIVE = 3
# Commands that reach their output soon. What they measure is known beforehand (faults.py).
COMMANDS = {
    "calibrate": ["calibrate"],
    "clean": ["clean", "--dry-run"],
    "compare": ["compare", "run.json", "run.json"],
    "explain": ["explain", "get_pi"],
    "history add": ["history", "add", "run.json", "--store", "new"],
    "history show": ["history", "show", "--store", "store"],
    "inspect": ["inspect", "core"],
    "list": ["list"],
    "publish": ["publish"],
    "report": ["report", "run.json", "--output", "site"],
    "time": ["time", "1 + 1"],
}
# A report takes seconds: it is not tested with what is the same for all commands.
LONG = {"report"}
EXPECTED = {
    "none": {FINE},
    "output closed": {FAILED},
    "output to /dev/full": {FAILED},
    "output to what is read only": {FAILED},
    "output read by nobody": {CLOSED},
    "output read for a byte": {FINE, CLOSED},
    "errors closed": {FINE},
    "errors to /dev/full": {FINE},
    "errors read by nobody": {FINE},
    "input closed": {FINE},
    "everything closed": {FAILED},
    "ASCII terminal": {FINE},
    "lost folder": {FAILED},
    "full disk": {FINE, FAILED},
    "lost temporary folder": {FINE, FAILED},
    "lost home": {FINE, FAILED},
    "interrupt": {INTERRUPTED},
}
# Where a command has to fail, because it needs what is refused.
NEEDS = {
    ("full disk", "history add"),
    ("full disk", "report"),
}
# Options that name a file or a folder to be written.
OUTPUTS = {
    "calibrate --json": [*COMMANDS["calibrate"], "--json"],
    "compare --json": [*COMMANDS["compare"], "--json"],
    "compare --markdown": ["compare", "main", ".", "--markdown"],
    "compare --junit": ["compare", "main", ".", "--junit"],
    "explain --output": [*COMMANDS["explain"], "--output"],
    "history add --store": ["history", "add", "run.json", "--store"],
    "history show --json": [*COMMANDS["history show"], "--json"],
    "report --output": ["report", "run.json", "--output"],
    "time --json": [*COMMANDS["time"], "--json"],
}
PLACES = {
    "no folder": "no/such/folder/out",
    "a file for a folder": "run.json/out",
    "a folder that takes no file": "/proc/out",
    "a name that is too long": "x" * 300,
    "a link that leads nowhere": "dangling",
}
FILES = [name for name in OUTPUTS if name.endswith(("json", "markdown", "junit"))]


Case = tuple[str, str]


def cases() -> dict[Case, tuple[list[str], str]]:
    """Lists what is run with which fault, by command or option."""
    found = {
        (command, fault): (arguments, fault)
        for command, arguments in COMMANDS.items()
        for fault in EXPECTED
        if command not in LONG or FINE not in EXPECTED[fault] or (fault, command) in NEEDS
    }
    for option, place in itertools.product(OUTPUTS, PLACES):
        # A folder is made, and those above it.
        if option in FILES or place != "no folder":
            found[option, place] = ([*OUTPUTS[option], PLACES[place]], "none")
    for option in FILES:
        found[option, "/dev/full"] = ([*OUTPUTS[option], "/dev/full"], "none")
        found[option, "a folder"] = ([*OUTPUTS[option], "."], "none")
    if importlib.util.find_spec("duckdb") is None:
        return {case: run for case, run in found.items() if "history" not in case[0]}
    return found


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[Case, Outcome]:
    """Runs all cases; returns the outcome of each."""
    inputs = tmp_path_factory.mktemp("inputs")
    small = sites.cut(sites.reference(), ["get_pi"], ["ctypes_cdll"], sweep=False)
    sites.write(inputs / "run.json", small)
    shutil.copy(RESULTS / "explain.json", inputs)
    shutil.copy(native.LIBRARY, inputs / "core")
    (inputs / "dangling").symlink_to("no/such/folder/out")
    if importlib.util.find_spec("duckdb") is not None:
        sites.history_with_a_change(inputs / "store", inputs / "run.json")
    cache = tmp_path_factory.mktemp("cache")
    (cache / TAG).write_text(TAG_TEXT)
    asked = cases()
    given = []
    for number, (arguments, fault) in enumerate(asked.values()):
        folder = tmp_path_factory.mktemp(f"case{number}")
        for path in inputs.iterdir():
            (folder / path.name).symlink_to(path)
        given.append({"arguments": arguments, "fault": fault, "folder": str(folder)})
    done = subprocess.run(
        [sys.executable, str(SUPPORT / "faults.py"), str(inputs)],
        input=json.dumps(given),
        env={**os.environ, "CALLCOST_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(asked, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize(("command", "fault"), cases())
def test_a_command_ends_with_a_sentence_and_its_code(
    command: str, fault: str, outcomes: dict[Case, Outcome]
) -> None:
    found = outcomes[command, fault]
    expected = {FAILED} if (fault, command) in NEEDS else EXPECTED.get(fault, {FAILED})
    if command == "compare" and FINE in expected:
        # A record and itself: what can be decided depends on its noise.
        expected = expected | {INCONCLUSIVE}
    assert found["code"] in expected, found["err"]
    assert "Traceback" not in found["err"]
    assert "Exception ignored" not in found["err"]
    if found["code"] in (FINE, INCONCLUSIVE, CLOSED):
        assert "Error" not in found["err"]
    elif "errors" not in fault and fault != "everything closed":
        last = found["err"].strip().splitlines()[-1]
        assert found["err"].count("Error: ") == 1, found["err"]
        assert last.startswith("Error: ") or "Usage: " in found["err"]
        assert "{" not in last and "Errno" not in last


@pytest.mark.parametrize(
    "command", [command for command, fault in cases() if fault == "ASCII terminal"]
)
def test_nothing_but_ascii_reaches_an_ascii_terminal(
    command: str, outcomes: dict[Case, Outcome]
) -> None:
    found = outcomes[command, "ASCII terminal"]
    assert (found["out"] + found["err"]).isascii()
    usual = outcomes[command, "none"]["out"]
    assert re.findall("[A-Za-z]{2,}", found["out"]) == re.findall("[A-Za-z]{2,}", usual)


def test_code_that_ends_the_process_does_not_choose_the_exit_code() -> None:
    for code in (0, 1, "text"):

        @click.command(cls=Front)
        def foreign(code: object = code) -> None:
            sys.exit(code)  # type: ignore[arg-type]

        done = CliRunner().invoke(foreign)
        assert done.exit_code == FAILED
        assert "some code called sys.exit" in done.output


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), EOFError(), ValueError("x")])
def test_a_bug_shows_its_traceback_and_is_not_slower(error: Exception) -> None:
    @click.command(cls=Front)
    def buggy() -> None:
        raise error

    done = CliRunner().invoke(buggy)
    assert done.exit_code == FAILED
    assert "Traceback" in done.output and "Please report it" in done.output


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("raise ImportError('broken')", FAILED),
        ("raise EOFError('marshal data too short')", FAILED),
        ("raise SystemExit(1)", FAILED),
        ("raise KeyboardInterrupt", INTERRUPTED),
    ],
)
def test_a_package_that_cannot_be_loaded_is_not_slower(
    tmp_path: Path, text: str, code: int
) -> None:
    (tmp_path / "rich.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "callcost", "list"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    (script,) = entry_points(group="console_scripts", name="callcost")
    assert script.value == "callcost.start:main"


@pytest.mark.parametrize(("asked", "code"), [("bash_source", FINE), ("nonsense", FAILED)])
def test_a_shell_is_told_how_to_complete(asked: str, code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from callcost.cli import main; main(prog_name='callcost')"],
        env={**os.environ, "_CALLCOST_COMPLETE": asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert ("_callcost_completion" in done.stdout) == (code == FINE)
    assert "Traceback" not in done.stderr


def test_text_is_written_in_what_the_encoding_knows() -> None:
    assert streams.plain("0.3 µs × 2 ± 1 … ─ † é \udc80 漢", "ascii") == (
        "0.3 us x 2 +- 1 ... - + e \\udc80 \\u6f22"
    )
    assert streams.plain("µ × ─", "latin-1") == "µ × -"
    assert streams.plain("µ × ─ \udc80", "utf-8") == "µ × ─ \\udc80"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_leaves_nothing_behind(tmp_path: Path, number: int) -> None:
    program = Path(sys.executable).with_name("callcost")
    with subprocess.Popen(
        [program, "time", "sum(range(30))", "--seconds", "100"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # It may arrive ignored, as SIGINT does in a shell's background.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    ) as running:
        assert running.stderr is not None
        # It says so once the first worker has measured.
        running.stderr.readline()
        workers = psutil.Process(running.pid).children(recursive=True)
        running.send_signal(number)
        out, err = running.communicate(timeout=60)
    assert running.returncode == INTERRUPTED
    assert out == ""
    assert err.splitlines()[-1] == "Error: Interrupted."
    assert "Traceback" not in err
    assert not psutil.wait_procs(workers, timeout=10)[1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_an_interpreter_that_speaks_no_utf8_is_named(tmp_path: Path, stream: str) -> None:
    program = tmp_path / "python"
    to = "" if stream == "stdout" else " >&2"
    program.write_text(f"#!/bin/sh\nprintf '\\377\\376 broken\\n'{to}\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(CallcostError, match=f"Cannot use {program}"):
        interpreter.ask(str(program))
