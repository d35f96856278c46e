"""The options of pytest and pytest-benchmark do what their users expect."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_suites
from small_suites import Measured

from callcost.estimate.trimmed import trim_mean

Suite = Callable[[dict[str, Any]], Path]
SLOWED = "sum(range(5_000)) and word.__len__()"


@pytest.fixture(autouse=True)
def suite(write_suite: Suite, toy: dict[str, Any]) -> Path:
    return write_suite(toy)


def names(path: Path) -> list[str]:
    return sorted(row["name"] for row in json.loads(path.read_text())["benchmarks"])


# One run for all tests that only read its results.


def test_a_run_prints_its_tables_and_saves_a_record(measured: Measured) -> None:
    said = measured.done.stdout
    assert measured.done.returncode == 0, said + measured.done.stderr
    assert said.index("absolute: ns per call") < said.index("length: ns per call")
    assert f"saved: results/{measured.record.name}" in said
    assert len(measured.rows()) == 5
    assert measured.document["callcost"]["failures"] == []


def test_times_in_the_json_are_seconds_per_call(measured: Measured) -> None:
    for row in measured.document["benchmarks"]:
        gross_ns = row["extra_info"]["callcost"]["gross_ns"][0]
        # One round is one process; the estimate uses exactly these.
        assert trim_mean(np.array(row["stats"]["data"])) == pytest.approx(gross_ns * 1e-9)
        assert row["stats"]["iterations"] == 1
        assert 1e-9 < row["stats"]["median"] < 1e-3
        assert row["stats"]["rounds"] >= 6


def test_progress_is_plain_lines_without_a_terminal(measured: Measured) -> None:
    assert "callcost: checking every call" in measured.done.stderr
    assert "\x1b" not in measured.done.stderr and "\r" not in measured.done.stderr


# One run with every option that saves something, and two compared with it.


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """A run saved, written and drawn with every option."""
    return small_suites.measured(
        tmp_path_factory.mktemp("saved"),
        small_suites.TOY,
        "--benchmark-save=first",
        "--benchmark-json=out.json",
        "--callcost-results=else where",
        *(["--benchmark-histogram=drawn"] if find_spec("pygal") else []),
    )


@pytest.fixture(scope="module")
def compared(
    saved: Measured, tmp_path_factory: pytest.TempPathFactory
) -> subprocess.CompletedProcess[str]:
    """The output of a run with one slower row, compared with the saved run."""
    folder = tmp_path_factory.mktemp("compared")
    shutil.copytree(saved.folder / ".benchmarks", folder / ".benchmarks")
    slower = small_suites.copy_of_toy()
    slower["length"]["method"][1] = SLOWED
    small_suites.write(folder, slower)
    # Much slower than any row can seem on a busy machine.
    return small_suites.run(
        folder,
        "--benchmark-compare=0001",
        "--benchmark-compare-fail=median:10000%",
        "--benchmark-group-by=param:tool",
    )


def test_the_record_has_every_row(saved: Measured) -> None:
    assert saved.done.returncode == 0, saved.done.stdout + saved.done.stderr
    (path,) = saved.folder.glob(".benchmarks/*/0001_first.json")
    assert len(names(path)) == 5


def test_benchmark_compare_shows_both_runs(compared: subprocess.CompletedProcess[str]) -> None:
    assert "(NOW)" in compared.stdout and "(0001_first)" in compared.stdout
    assert "machine_info is different" not in compared.stdout + compared.stderr


def test_compare_fail_fails_on_a_planted_slowdown(
    compared: subprocess.CompletedProcess[str],
) -> None:
    said = compared.stdout + compared.stderr
    assert compared.returncode == 1
    regressed = said.partition("Performance has regressed")[2]
    assert "length-method" in regressed and "length-builtin" not in regressed


def test_group_by_parameter(compared: subprocess.CompletedProcess[str]) -> None:
    # Two rows of this run, and two of the previous one.
    assert "benchmark 'tool=builtin': 4 tests" in compared.stdout


def test_the_other_table_appears_only_when_asked_for(
    measured: Measured, compared: subprocess.CompletedProcess[str]
) -> None:
    assert "tests ---" not in measured.done.stdout and "absolute: ns per call" in (
        measured.done.stdout
    )
    assert "tests ---" in compared.stdout


def test_json_holds_the_run(saved: Measured) -> None:
    document = json.loads((saved.folder / "out.json").read_text())
    assert document["callcost"]["groups"]["absolute"]["contenders"] == [
        "builtin",
        "method",
        "python",
    ]


def test_histogram_is_drawn(saved: Measured) -> None:
    pytest.importorskip("pygal", reason="pytest-benchmark[histogram] is not installed")
    assert {path.name for path in saved.folder.glob("*.svg")} == {
        "drawn-absolute.svg",
        "drawn-length.svg",
    }


def test_results_go_to_the_chosen_folder(saved: Measured) -> None:
    assert len(list((saved.folder / "else where").glob("*.json"))) == 1
    assert not (saved.folder / "results").exists()


# Selections, and refused options.


def test_k_measures_a_slice(run_pytest: Any, records: Any) -> None:
    done = run_pytest("--benchmark-only", "-k", "absolute and not python")
    assert done.returncode == 0
    assert names(records()[0]) == ["test_toy[absolute-builtin]", "test_toy[absolute-method]"]
    assert "length" not in done.stdout.replace("length-", "")


def test_m_selects_by_mark_and_collect_only_measures_nothing(run_pytest: Any, records: Any) -> None:
    assert "5 tests collected" in run_pytest("--collect-only", "-m", "callcost").stdout
    assert run_pytest("--collect-only", "-m", "not callcost").returncode == 5
    assert records() == []


def test_disable_only_checks_every_call(
    run_pytest: Any, records: Any, write_suite: Suite, toy: dict[str, Any]
) -> None:
    done = run_pytest("--benchmark-disable")
    assert done.returncode == 0
    assert "5 passed" in done.stdout
    toy["length"]["method"][2] = "5"
    write_suite(toy)
    done = run_pytest("--benchmark-disable")
    assert done.returncode == 1
    assert "method: wrong answer: word.__len__() returned 4 (int), expected 5 (int)" in done.stdout
    assert records() == []


def test_a_missing_pytest_benchmark_gets_one_sentence(run_pytest: Any, records: Any) -> None:
    for extra in ((), ("--benchmark-only",)):
        done = run_pytest("-p", "no:benchmark", *extra)
        assert done.returncode == 4
        assert "-p no:benchmark turns off: leave that out" in done.stderr
    assert records() == []


def test_xdist_only_checks_calls(run_pytest: Any, records: Any) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    done = run_pytest("-n", "2")
    assert done.returncode == 0
    assert "automatically disabled because xdist plugin is active" in done.stdout + done.stderr
    done = run_pytest("-n", "2", "--benchmark-only")
    assert done.returncode == 4
    assert "Can't have both --benchmark-only and --benchmark-disable" in done.stderr
    assert records() == []


@pytest.mark.parametrize(
    "option",
    ["--benchmark-min-rounds=9", "--benchmark-cprofile=tottime", "--benchmark-max-time=3"],
)
def test_options_of_pytest_benchmarks_own_loop_are_refused(run_pytest: Any, option: str) -> None:
    done = run_pytest(option)
    assert done.returncode == 4
    assert option.partition("=")[0] in done.stderr and "leave it out" in done.stderr


@pytest.mark.parametrize(
    "option",
    ["--callcost-processes=3", "--callcost-row-seconds=0", "--callcost-timeout=never"],
)
def test_bad_values_are_refused(run_pytest: Any, option: str) -> None:
    done = run_pytest(option)
    assert done.returncode == 4
    assert f"argument {option.partition('=')[0]}" in done.stderr


def test_results_that_cannot_be_written_are_refused_before_measuring(
    run_pytest: Any, tmp_path: Path
) -> None:
    (tmp_path / "results").write_text("a file where the folder should be")
    done = run_pytest("--benchmark-only")
    assert done.returncode == 4
    assert "results cannot be written" in done.stderr and "--callcost-results" in done.stderr
    assert "checking every call" not in done.stderr


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot pin")
def test_one_cpu_is_enough(command: Any, tmp_path: Path, records: Any) -> None:
    cpu = min(os.sched_getaffinity(0))
    done = subprocess.run(
        command("--benchmark-only", "-k", "length"),
        cwd=tmp_path,
        preexec_fn=lambda: os.sched_setaffinity(0, {cpu}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    section = json.loads(records()[0].read_text())["callcost"]
    assert (section["cpu"], section["not_pinned"]) == (cpu, None)


def test_an_unavailable_cpu_is_reported_and_survived(run_pytest: Any, records: Any) -> None:
    done = run_pytest("--benchmark-only", "-k", "length", "--callcost-cpu=4000")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The workers were not pinned to a CPU (" in done.stdout


def test_failing_charts_lose_neither_tables_nor_record(
    run_pytest: Any, records: Any, tmp_path: Path
) -> None:
    (tmp_path / "conftest.py").write_text(
        "def pytest_callcost_saved(config, path):\n    raise OSError('no space left')\n"
    )
    done = run_pytest("--benchmark-only", "-k", "length")
    assert done.returncode == 1
    assert "length: ns per call" in done.stdout
    assert "No charts were drawn: OSError: no space left" in done.stdout
    assert len(records()) == 1


def test_contenders_with_the_same_name_are_refused(run_pytest: Any, tmp_path: Path) -> None:
    twice = (tmp_path / "test_toy.py").read_text()
    (tmp_path / "test_other.py").write_text(
        twice.replace("name, setup, call", 'name, setup + " ", call')
    )
    done = run_pytest()
    assert done.returncode == 4
    assert "two different contenders" in done.stderr


@pytest.fixture(scope="module")
def with_floors(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """A run with a floor in one group, and only floors in another."""
    toy = small_suites.copy_of_toy()
    toy["length"]["floor"] = small_suites.make_program()
    toy["deep"] = {
        **toy["absolute"],
        "floor": small_suites.make_program(),
        "deeper": small_suites.make_program(),
    }
    folder = tmp_path_factory.mktemp("floors")
    return small_suites.measured(folder, toy, "-k", "length or deeper or deep-floor")


def test_a_floor_is_below_the_ranked_rows_without_a_rank(with_floors: Measured) -> None:
    said = with_floors.done.stdout
    assert with_floors.done.returncode == 0, said + with_floors.done.stderr
    shown = said.partition("length: ns per call")[2].partition("(empty loop)")[0]
    *ranked, floor = [
        line.split() for line in shown.splitlines() if " .. " in line or "fast" in line
    ]
    assert [row[0].rstrip("=") in ("1", "2") for row in ranked] == [True, True]
    assert floor[0] == "floor"
    group = with_floors.document["callcost"]["groups"]["length"]
    assert (group["contenders"], group["floors"]) == (["builtin", "method"], ["floor"])
    assert group["controls"][1]["name"] in ("twin of builtin", "twin of method")


def test_floors_alone_are_compared_with_each_other(with_floors: Measured) -> None:
    group = with_floors.document["callcost"]["groups"]["deep"]
    assert (sorted(group["contenders"]), group["floors"]) == (["deeper", "floor"], [])


def test_disable_checks_floors_too(
    run_pytest: Any, write_suite: Suite, toy: dict[str, Any], program: Any
) -> None:
    toy["length"] = {"floor": program(), "wrong": program("print(3", "print(4")}
    write_suite(toy)
    done = run_pytest("--benchmark-disable")
    assert "1 failed, 4 passed" in done.stdout
    assert "wrong: wrong answer: abs(n) returned 4 in its program, expected 3" in done.stdout
