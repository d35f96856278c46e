"""The command line: what it shows, and what it says to bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import callcost, words

from callcost.benchmarks.catalogue import WORKLOADS
from callcost.bindings.registry import Build, mechanisms

ROW_S = 0.1


def test_list_shows_every_mechanism() -> None:
    said = words(callcost("list"))
    for mechanism in mechanisms():
        reason = Build().missing(mechanism)
        count = sum(mechanism.offers(workload.function) for workload in WORKLOADS)
        cells = "not built" if reason else f"{count} of {len(WORKLOADS)}"
        assert f"{mechanism.name} {cells} {(reason or mechanism.summary)[:20]}" in said


def test_list_of_one_mechanism_says_why_not() -> None:
    said = words(callcost("list", "ctypes_untyped"))
    assert all(f" {workload.name} " in said for workload in WORKLOADS)
    assert " fibonacci yes " in said
    assert " get_pi unsupported: " in said
    assert " fibonacci yes, but not the same C " in words(callcost("list", "python_reference"))
    assert " split_digits yes, through Python: " in words(callcost("list", "cffi_api"))


def test_help_lists_the_instruments_and_the_suites_commands() -> None:
    done = callcost("--help")
    assert all(name in done.stdout for name in ("calibrate", "list", "publish"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such-command"], "No such command"),
        (["list", "no_such_tool"], "there is no mechanism no_such_tool"),
        (["calibrate", "--processes", "3"], "3 is not in the range"),
        (["calibrate", "--json", "no/such/folder/file.json"], "there is no folder no/such/folder"),
        (["publish", "none.json"], "'none.json' does not exist"),
        (["publish", "text.json"], "text.json is not JSON"),
    ],
)
def test_bad_input_gets_a_sentence_and_exit_code_2(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    (tmp_path / "text.json").write_text("no record")
    done = callcost(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_calibrate_writes_the_figures_it_prints(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    # The time spent on a row does not change what is printed.
    program = (
        "from callcost.commands import calibrate; from callcost import cli; "
        f"calibrate.ROW_S = {ROW_S}; cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "calibrate", "--processes", "10", "--json", str(path)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(path.read_text())
    said = " ".join(done.stdout.split())
    assert f"Slope: {found['slope']:.4f}" in said
    assert f"Intercept: {found['intercept_ns']:.2f} ns" in said
    assert f"{found['aa_p95']:.2%}" in said
    assert "can be trusted" in said
    assert [point["fitted"] for point in found["points"]].count(True) >= 8
    assert list(tmp_path.iterdir()) == [path]


def test_help_imports_nothing_slow() -> None:
    program = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules)); "
        "from callcost.cli import main; main(['--help'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    slow = {"duckdb", "lief", "matplotlib", "msgspec", "numpy", "psutil", "pytest", "rich", "uv"}
    assert not slow & set(done.stdout.split())
