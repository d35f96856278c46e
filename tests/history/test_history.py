"""The history keeps whole runs, names what it refuses, and finds changes but not noise."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import callcost, words
from small_suites import Measured

from callcost.estimate.estimate import GroupEstimate
from callcost.estimate.reading import RecordError
from callcost.estimate.record import Record
from callcost.history import points, store
from callcost.history.files import HistoryError
from callcost.history.rows import ROW_COLUMNS, StoredRow
from callcost.history.runs import read
from callcost.history.show import bars
from callcost.history.store import Point, Series, Store

MOMENT = datetime(2026, 11, 1)
finds_changes = pytest.mark.skipif(bool(points.missing()), reason=points.missing())
Change = Callable[..., Path]


def history(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return callcost("history", *arguments, cwd=cwd)


@pytest.fixture(scope="module")
def record(measured: Measured) -> Path:
    """A record of callcost with two small groups."""
    return measured.record


@pytest.fixture
def foreign(tmp_path: Path) -> Change:
    """Returns the function that writes JSON like pytest-benchmark's own loop."""

    def write(number: int = 0, control_s: float = 1e-6, **medians_s: float) -> Path:
        rows = {"test_control": control_s, "test_other": control_s * 2, **medians_s}
        document = {
            "machine_info": {
                "node": "elsewhere", "machine": "x86_64", "system": "Linux", "release": "6",
                "python_implementation": "CPython", "python_version": "3.12.1",
                "python_compiler": "GCC", "cpu": {"brand_raw": "A CPU", "count": 4},
            },
            "commit_info": {"id": f"{number:040x}", "dirty": False, "branch": "main"},
            "benchmarks": [
                {
                    "group": None, "name": name, "fullname": f"bench.py::{name}", "param": None,
                    "stats": {"median": median_s, "mean": median_s, "rounds": 5},
                }
                for name, median_s in rows.items()
            ],
            "datetime": (MOMENT + timedelta(days=number)).isoformat(),
            "version": "5.1.0",
        }  # fmt: skip
        path = tmp_path / f"foreign{number}.json"
        path.write_text(json.dumps(document))
        return path

    return write


def series_of(ratios: list[float]) -> Series:
    made = tuple(
        Point(f"{n}", MOMENT + timedelta(days=n), f"{n:040x}", False, r * 10, None, None, r)
        for n, r in enumerate(ratios)
    )
    return Series("m", "machine", "group", "contender", "full", "control", made)


def test_the_columns_match_the_fields_of_a_row() -> None:
    assert [field.name for field in fields(StoredRow)] == list(ROW_COLUMNS)


def test_a_record_keeps_every_row_with_its_ratio_to_the_yardstick(
    record: Path, tmp_path: Path
) -> None:
    kept = Store(tmp_path / "history")
    run = read(record)
    assert kept.add(run)
    document, estimates = json.loads(record.read_text()), Record.load(record).estimates
    found = {(one.group, one.contender): one for one in kept.series()}
    assert len(found) == len(document["benchmarks"]) == 5
    for row in document["benchmarks"]:
        facts = row["extra_info"]["callcost"]
        (point,) = found[facts["group"], facts["name"]].points
        assert [point.cost_ns, point.cost_low_ns, point.cost_high_ns] == facts["net_ns"]
        assert point.commit == document["commit_info"]["id"]
        estimate: GroupEstimate = estimates[facts["group"]]
        if not estimate.inconclusive:
            ratios = dict(zip(estimate.names, estimate.ratios_to_yardstick(), strict=True))
            assert point.ratio == pytest.approx(ratios[facts["name"]])
    (environment,) = kept.environments([run.digest]).values()
    assert environment["python"] == document["machine_info"]["python_version"]


def test_add_and_show_work_together(record: Path, tmp_path: Path) -> None:
    assert "5 rows of commit" in words(history("add", str(record), cwd=tmp_path))
    assert (tmp_path / ".callcost-history").is_dir()
    assert "already in the history" in words(history("add", str(record), cwd=tmp_path))
    assert len(list((tmp_path / ".callcost-history").glob("*.parquet"))) == 1
    said = words(history("show", "--workload", "abs*", "--mechanism", "builtin", cwd=tmp_path))
    assert " absolute builtin 1 " in said and "length" not in said
    listed = json.loads(history("show", "--json", "-", cwd=tmp_path).stdout)
    assert {(one["workload"], one["mechanism"]) for one in listed} == {
        ("absolute", "builtin"), ("absolute", "method"), ("absolute", "python"),
        ("length", "builtin"), ("length", "method"),
    }  # fmt: skip


def test_a_copy_in_another_layout_is_recognised(record: Path, tmp_path: Path) -> None:
    kept = Store(tmp_path / "history")
    assert kept.add(read(record))
    copy = tmp_path / "copy.json"
    copy.write_text(json.dumps(json.loads(record.read_text()), indent=3, sort_keys=True))
    assert not kept.add(read(copy))


def test_foreign_files_use_a_named_control_or_the_typical_row(foreign: Change) -> None:
    path = foreign(test_mine=4e-6)
    rows = {row.fullname: row for row in read(path, control="test_control").rows}
    assert rows["bench.py::test_mine"].ratio == pytest.approx(4)
    rows = {row.fullname: row for row in read(path).rows}
    assert rows["bench.py::test_mine"].ratio is None, "it is known beside other runs only"
    assert rows["bench.py::test_mine"].control == "typical row"
    assert rows["bench.py::test_mine"].cost_ns == pytest.approx(4000)
    with pytest.raises(RecordError, match="no rows called nothing"):
        read(path, control="nothing")


def test_too_few_rows_have_no_ratio(foreign: Change, tmp_path: Path) -> None:
    done = history("add", str(foreign()), "--store", str(tmp_path / "history"))
    assert "name a row with --control" in words(done)


@finds_changes
def test_a_change_of_a_row_is_told_from_one_of_the_machine(foreign: Change, tmp_path: Path) -> None:
    noise = np.random.default_rng(3).normal(1, 0.002, 24)
    paths = []
    for number, wobble in enumerate(noise):
        slow_machine = 1.5 if number >= 6 else 1.0
        slow_call = 1.04 if number >= 16 else 1.0
        paths.append(foreign(number, control_s=1e-6 * slow_machine,
                             test_mine=4e-6 * slow_machine * slow_call * wobble))  # fmt: skip
    folder = str(tmp_path / "history")
    words(
        history("add", *map(str, reversed(paths)), "--store", folder, "--control", "test_control")
    )
    said = words(history("show", "--store", folder))
    since = f"{MOMENT + timedelta(days=16):%Y-%m-%d}"
    assert f"bench.py::test_mine, test_mine: since {since}, commit 000000000 (before" in said
    assert said.count("since 20") == 1
    (listed,) = json.loads(
        history("show", "--store", folder, "--mechanism", "test_mine", "--json", "-").stdout
    )
    (change,) = listed["changes"]
    assert change["since"]["commit"] == f"{16:040x}"
    assert change["share"] == pytest.approx(0.04, abs=0.005)
    assert [point["time"] for point in listed["points"]] == sorted(
        point["time"] for point in listed["points"]
    )


def test_machines_stay_separate_unless_they_share_a_given_name(foreign: Change) -> None:
    one, other = foreign(0), foreign(1)
    document = json.loads(other.read_text())
    document["machine_info"]["node"] = "another"
    other.write_text(json.dumps(document))
    assert read(one).rows[0].machine != read(other).rows[0].machine
    assert (
        read(one, machine="hosted").rows[0].machine == read(other, machine="hosted").rows[0].machine
    )
    document["machine_info"]["cpu"]["brand_raw"] = "Another CPU"
    other.write_text(json.dumps(document))
    assert (
        read(one, machine="hosted").rows[0].machine != read(other, machine="hosted").rows[0].machine
    )


@finds_changes
def test_noise_is_not_a_change() -> None:
    shuffled = np.random.default_rng(7)
    alarms = sum(
        bool(points.find(series_of(shuffled.lognormal(1, 0.01, size).tolist())))
        for size in (6, 12, 30, 100)
        for _ in range(100)
    )
    assert alarms <= 20


@finds_changes
@pytest.mark.parametrize(
    ("levels", "found"),
    [
        ([1.0] * 10, []),
        ([1.0] * 10 + [1.1] * 10, [10]),
        ([1.0] * 10 + [1.1] * 10 + [1.0] * 10, [10, 20]),
        ([1.0] * 10 + [1.5] + [1.0] * 10, []),
        ([1.0] * 10 + [1.5, 1.5] + [1.0] * 10, []),
        ([1.0] * 10 + [1.003] * 10, []),
        ([1.0] * 4 + [1.1], []),
        ([], []),
    ],
)
def test_only_lasting_changes_are_found(levels: list[float], found: list[int]) -> None:
    noise = np.random.default_rng(5).normal(1, 0.001, len(levels))
    series = series_of((np.array(levels) * noise).tolist())
    assert [series.points.index(change.point) for change in points.find(series)] == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not JSON"),
        ("[]", "is not a run of pytest-benchmark"),
        ('{"benchmarks": []}', "has no rows"),
        ('{"benchmarks": [{}]}', "is damaged: benchmarks[0]: it lacks name"),
        (
            '{"benchmarks": [1], "machine_info": {}, "commit_info": {"id": ""}, "datetime": ""}',
            "is damaged: benchmarks[0]: expected object, got int",
        ),
    ],
)
def test_other_files_are_refused_and_nothing_is_added(
    foreign: Change, tmp_path: Path, text: str, said: str
) -> None:
    bad, good, folder = tmp_path / "bad.json", foreign(), tmp_path / "history"
    bad.write_text(text)
    done = history("add", str(good), str(bad), "--store", str(folder))
    assert done.returncode == 2
    assert f"bad.json {said}" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not folder.exists()


@pytest.mark.parametrize("median", [0, -1.0, None, "1", float("nan"), True])
def test_an_invalid_time_is_refused(foreign: Change, median: Any) -> None:
    path = foreign()
    document = json.loads(path.read_text())
    document["benchmarks"][1]["stats"]["median"] = median
    path.write_text(json.dumps(document))
    with pytest.raises(RecordError, match=r"benchmarks\[1\].stats.median: expected float"):
        read(path)


@pytest.mark.parametrize("damage", ["cut", "foreign", "empty"])
def test_a_damaged_stored_file_is_named_and_the_others_are_kept(
    foreign: Change, tmp_path: Path, damage: str
) -> None:
    kept = Store(tmp_path / "history")
    for number in range(3):
        kept.add(read(foreign(number)))
    victim = kept.files()[1].path
    whole = victim.read_bytes()
    if damage == "foreign":
        import duckdb

        duckdb.execute(f"COPY (SELECT 1 AS one) TO '{victim}' (FORMAT parquet)")
    else:
        victim.write_bytes(whole[: len(whole) // 2] if damage == "cut" else b"")
    with pytest.raises(HistoryError, match=rf"{victim.name} is damaged: its content"):
        kept.series()
    done = history("show", "--store", str(kept.folder))
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert kept.add(read(foreign(3)))
    victim.rename(tmp_path / "away")
    assert kept.add(read(foreign(1)))
    assert [len(one.points) for one in kept.series()] == [4, 4]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "--store", "nowhere"], "there is no history at nowhere"),
        (["show", "--store", "."], "is not a history of callcost"),
        (["add", "none.json"], "none.json does not exist"),
        (["add", "foreign0.json", "--store", "foreign0.json"], "is a file"),
        (["add", "foreign0.json", "--store", "."], "is not a history of callcost"),
        (["add", "foreign0.json", "--control", "x"], "no rows called x"),
        (["show", "--workload", "bench.py::test_othr"], "did you mean bench.py::test_other?"),
        (["show", "--mechanism", "nothing*"], "--mechanism nothing* matches nothing here"),
        (
            ["show", "--workload", "*control", "--mechanism", "*other"],
            "the history has no row with this workload",
        ),
    ],
)
def test_bad_input_gets_a_sentence_and_exit_code_2(
    foreign: Change, tmp_path: Path, arguments: list[str], said: str
) -> None:
    Store(tmp_path / ".callcost-history").add(read(foreign()))
    done = history(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_an_interrupted_add_leaves_the_store_as_it_was(
    foreign: Change, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Store(tmp_path / "history")
    kept.add(read(foreign(0)))
    before = sorted(kept.folder.iterdir())

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        kept.add(read(foreign(1)))
    assert sorted(kept.folder.iterdir()) == before


def test_a_killed_add_leaves_no_readable_file(foreign: Change, tmp_path: Path) -> None:
    kept = Store(tmp_path / "history")
    kept.add(read(foreign(0)))
    program = (
        "import os, sys, time; from pathlib import Path\n"
        "from callcost.history.runs import read; from callcost.history.store import Store\n"
        "os.fsync = lambda fd: (print('written', flush=True), time.sleep(60))\n"
        "Store(Path(sys.argv[1])).add(read(Path(sys.argv[2])))\n"
    )
    command = [sys.executable, "-c", program, str(kept.folder), str(foreign(1))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as adding:
        assert adding.stdout is not None and adding.stdout.readline() == "written\n"
        adding.send_signal(signal.SIGKILL)
    (left,) = kept.folder.glob(".adding-*")
    assert [len(one.points) for one in kept.series()] == [1, 1]
    assert kept.add(read(foreign(1)))
    assert left.exists()
    long_ago = time.time() - 2 * store.ABANDONED_S
    os.utime(left, (long_ago, long_ago))
    assert kept.add(read(foreign(2)))
    assert not left.exists()
    assert [len(one.points) for one in kept.series()] == [3, 3]


def test_concurrent_adds_are_all_kept(foreign: Change, tmp_path: Path) -> None:
    folder = tmp_path / "history"
    callcost = str(Path(sys.executable).with_name("callcost"))
    adding = [
        subprocess.Popen([callcost, "history", "add", str(foreign(number)), "--store", str(folder)])
        for number in range(4)
    ]
    assert [one.wait(timeout=600) for one in adding] == [0] * 4
    assert [len(one.points) for one in Store(folder).series()] == [4, 4]


def test_a_file_that_another_add_replaces_meanwhile_is_ignored(
    foreign: Change, tmp_path: Path
) -> None:
    kept = Store(tmp_path / "history")
    kept.add(read(foreign(0)))
    # It is listed, but gone when it is opened.
    (kept.folder / ".adding-gone").symlink_to("nowhere")
    assert kept.add(read(foreign(1)))


def test_missing_libraries_get_a_line_to_install_them(foreign: Change, tmp_path: Path) -> None:
    program = "import sys; sys.modules['duckdb'] = None; from callcost.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "history", "add", str(foreign())],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "needs DuckDB. Install it: pip install 'callcost[history]'" in done.stderr
    assert not (tmp_path / ".callcost-history").exists()


def test_without_fastcpd_no_change_is_found_and_show_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(points, "find_spec", lambda name: None)
    assert points.find(series_of([1.0] * 10 + [2.0] * 10)) == []
    assert "fastcpd is not installed" in points.missing()


def test_bars_show_a_step_and_keep_noise_flat() -> None:
    assert bars([1.0, 1.0, 2.0, 2.0]) == "▁▁██"
    assert set(bars([1.0, 1.001, 0.999])) <= set("▄▅")
    assert bars([]) == ""


# Other tools that read run files.


def test_pytest_benchmark_compares_run_files(record: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.json"
    copy.write_bytes(record.read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "pytest_benchmark", "compare", str(record), str(copy)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("test_toy[absolute-builtin]") == 2


def test_other_tools_find_the_fields_that_they_read(record: Path) -> None:
    document = json.loads(record.read_text())
    # Bencher's adapter python_pytest needs these two to be objects.
    assert isinstance(document["machine_info"], dict) and isinstance(document["commit_info"], dict)
    for row in document["benchmarks"]:
        stats = row["stats"]
        assert isinstance(row["fullname"], str) and row["fullname"]
        # github-action-benchmark (tool: pytest) reads ops, stddev, mean, rounds; Bencher the rest.
        for name in ("ops", "stddev", "mean", "median", "iqr"):
            assert isinstance(stats[name], float) and np.isfinite(stats[name]), name
        assert isinstance(stats["rounds"], int) and stats["rounds"] >= 1
        assert stats["ops"] == pytest.approx(1 / stats["mean"])
    names = [row["fullname"] for row in document["benchmarks"]]
    assert len(set(names)) == len(names)
