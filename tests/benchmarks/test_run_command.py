"""The command callcost run measures through pytest, and shows the record."""

from __future__ import annotations

import json
from pathlib import Path

from command_line import callcost, words


def test_a_run_begins_with_the_answer_and_ends_with_its_files(tmp_path: Path) -> None:
    results = tmp_path / "new" / "results"
    rows = ("--workload", "get_pi", "--mechanism", "ctypes_cdll", "--mechanism", "ctypes_pydll")
    done = callcost("run", "--quick", *rows, "--results", str(results))
    said = words(done)
    assert said.startswith("nothing -> float ")
    assert " per call through ctypes." in said.partition("(trust differences above")[0]
    assert "nothing -> float (get_pi): ns per call" in said
    (record,) = results.glob("*.json")
    assert f"saved: {record}" in said and f"chart: {record.with_suffix('')}.per_call.png" in said
    assert json.loads(record.read_text())["callcost"]["groups"].keys() == {"get_pi"}


def test_nothing_is_left_of_a_run_that_cannot_begin(tmp_path: Path) -> None:
    results = tmp_path / "results"
    done = callcost("run", "--workload", "no_such", "--results", str(results))
    assert (done.returncode, results.exists()) == (2, False)
    assert "--workload no_such matches nothing here" in done.stderr
