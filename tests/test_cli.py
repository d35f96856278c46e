"""The command line: what it shows, and what it says to bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from callcost.benchmarks.catalogue import WORKLOADS
from callcost.bindings.registry import mechanisms


def callcost(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("callcost")), *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=120,
        check=False,
    )


def test_list_shows_every_mechanism_and_workload() -> None:
    done = callcost("list")
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line.split()}
    assert {mechanism.name for mechanism in mechanisms()} <= set(rows)
    assert all(workload.name in rows["mechanism"] for workload in WORKLOADS)
    assert rows["ctypes_untyped"].split() == ["ctypes_untyped", "unsupported", "yes", "unsupported"]


def test_help_names_the_commands_of_the_instrument_and_of_the_suite() -> None:
    done = callcost("--help")
    assert all(name in done.stdout for name in ("calibrate", "list", "publish"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such-command"], "No such command"),
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
    done = callcost("calibrate", "--processes", "10", "--json", str(path))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(path.read_text())
    said = " ".join(done.stdout.split())
    assert f"Slope: {found['slope']:.4f}" in said
    assert f"Intercept: {found['intercept_ns']:.2f} ns" in said
    assert f"{found['aa_p95']:.2%}" in said
    assert "can be trusted" in said
    assert [point["fitted"] for point in found["points"]].count(True) >= 8
    assert list(tmp_path.iterdir()) == [path]
