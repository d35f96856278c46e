"""A store's path is literal; damaged and foreign files in it are named, never shown."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from callcost.cli import main
from callcost.history import files
from callcost.history.files import HistoryError, digest_of
from callcost.history.rows import RunFile, StoredRow
from callcost.history.store import MARKER, Store

MOMENT = datetime(2026, 11, 1)
ROW = StoredRow(
    "m1", "machine: CPU, 4 CPUs, CPython 3.12", "{}", "group", "contender", "bench.py::test[one]",
    "one", 110.0, 111.0, 100.0, 99.0, 101.0, "yardstick (y = abs: y(-1))", 5.0, 30,
)  # fmt: skip
COSTS_NS = [100.0, 101.0, 102.0]
# Each means something to a library: a pattern, a column, a home folder, an address, an escape.
PLACES = [
    "cost_ns=3",
    "machine=m2/interpreter=x",
    "time=2001-01-01",
    "[ab]",
    "[!a]*?",
    "a*",
    "**",
    "{a,b}",
    "~",
    "~root",
    "with space",
    "quo'te",
    'quo"te',
    "back\\slash",
    "new\nline",
    "s3:",
    "x.parquet",
    "-",
    "%41",
    "ünï",
    os.fsdecode(b"not-utf8-\xff"),
]


def run_of(number: int, **changes: Any) -> RunFile:
    row = replace(ROW, cost_ns=COSTS_NS[number % 3], **changes)
    return RunFile(
        f"{number:020x}", MOMENT + timedelta(days=number), f"{number:040x}", "main", False,
        json.dumps({"python": "3.12.1", "tools": {}}), (row,),
    )  # fmt: skip


def filled(folder: Path, count: int = 3) -> Store:
    store = Store(folder)
    for number in range(count):
        assert store.add(run_of(number))
    return store


def history(*arguments: str | Path) -> Result:
    """Runs the command in this process; unexpected exceptions come out."""
    done = CliRunner().invoke(main, ["history", *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def refused(folder: Path, *named: str) -> None:
    """Checks that the history is not shown, and the message."""
    done = history("show", "--store", folder)
    said = " ".join(done.stderr.split())
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    assert all(name in said for name in named), said


def costs(folder: Path) -> list[float | None]:
    (series,) = Store(folder).series()
    return [point.cost_ns for point in series.points]


@pytest.mark.parametrize("place", PLACES)
def test_the_path_of_a_store_is_taken_literally(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    # Folders that a pattern would match, or that `~` would mean.
    filled(tmp_path / "a", 1)
    monkeypatch.setenv("HOME", str(tmp_path / "a"))
    monkeypatch.chdir(tmp_path)
    filled(Path(place))
    assert costs(Path(place)) == costs(tmp_path / place) == COSTS_NS
    done = history("show", "--store", place, "--json", "-")
    (series,) = json.loads(done.stdout)
    assert [point["cost_ns"] for point in series["points"]] == COSTS_NS
    assert series["machine"] == "m1"
    assert sum(1 for _ in Store(Path(place)).each_series()) == 1
    assert costs(tmp_path / "a") == COSTS_NS[:1]


def test_stores_with_names_that_match_as_patterns_stay_apart(tmp_path: Path) -> None:
    filled(tmp_path / "[x]", 1)
    filled(tmp_path / "x", 2)
    assert (costs(tmp_path / "[x]"), costs(tmp_path / "x")) == (COSTS_NS[:1], COSTS_NS[:2])


def test_a_path_is_taken_literally_without_proc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "DESCRIPTORS", tmp_path / "none")
    filled(tmp_path / "cost_ns=3[x]")
    assert costs(tmp_path / "cost_ns=3[x]") == COSTS_NS


@pytest.mark.parametrize("place", [0, 100, -9])
@pytest.mark.parametrize("bit", [0, 7])
def test_show_add_and_report_detect_a_flipped_bit(tmp_path: Path, place: int, bit: int) -> None:
    store = filled(tmp_path / "history")
    victim = store.files()[1].path
    data = bytearray(victim.read_bytes())
    data[place] ^= 1 << bit
    victim.write_bytes(data)
    refused(store.folder, victim.name, "does not match the digest in its name")
    with pytest.raises(HistoryError, match=victim.name):
        list(store.each_series())
    with pytest.raises(HistoryError, match=victim.name):
        store.add(run_of(1))
    assert store.add(run_of(3))
    victim.unlink()
    assert store.add(run_of(1))
    assert len(costs(store.folder)) == 4


def rewritten(store: Store, sql: str, sealed: bool = True) -> str:
    """Replaces the last file of a store with a DuckDB query of it, under a matching name."""
    victim = store.files()[-1]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE run AS SELECT * FROM read_parquet(?)", [str(victim.path)])
        connection.sql(sql).write_parquet(str(store.folder / "new"))
    data = (store.folder / "new").read_bytes()
    victim.path.unlink()
    digest = f"-{digest_of(data)}" if sealed else ""
    name = f"{victim.moment}-{victim.run}{digest}.parquet"
    (store.folder / "new").rename(store.folder / name)
    return name


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("cost_ns", "'nan'::DOUBLE", "nan as its cost_ns"),
        ("cost_ns", "'inf'::DOUBLE", "inf as its cost_ns"),
        ("cost_ns", "-1::DOUBLE", "-1.0 as its cost_ns"),
        ("cost_ns", "0::DOUBLE", "0.0 as its cost_ns"),
        ("cost_low_ns", "'-inf'::DOUBLE", "-inf as its cost_low_ns"),
        ("cost_high_ns", "'nan'::DOUBLE", "nan as its cost_high_ns"),
        ("ratio", "-1::DOUBLE", "-1.0 as its ratio"),
        ("ratio", "'nan'::DOUBLE", "nan as its ratio"),
        ("time", "NULL::TIMESTAMP", "NULL as its time"),
        ("time", "'infinity'::TIMESTAMP", "as its time"),
        ("time", "TIMESTAMP '0001-01-01'", "as its time"),
        ("commit", "NULL::VARCHAR", "NULL as its commit"),
        ("dirty", "NULL::BOOLEAN", "NULL as its dirty"),
        ("group", "NULL::VARCHAR", "NULL as its group"),
        ("fullname", "NULL::VARCHAR", "NULL as its fullname"),
        ("control", "NULL::VARCHAR", "NULL as its control"),
        ("machine", "NULL::VARCHAR", "NULL as its machine"),
        ("run", "NULL::VARCHAR", "NULL as its run"),
    ],
)
def test_an_impossible_value_is_named_with_its_file(
    tmp_path: Path, column: str, value: str, said: str
) -> None:
    store = filled(tmp_path / "history")
    name = rewritten(store, f'SELECT * REPLACE ({value} AS "{column}") FROM run')
    refused(store.folder, name, said)
    with pytest.raises(HistoryError, match=said):
        list(store.each_series())


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ('SELECT * EXCLUDE ("ratio") FROM run', "ratio"),
        ("SELECT 1 AS one", "damaged, or not a run of a history"),
        ("SELECT * REPLACE ('cheap' AS cost_ns) FROM run", "cost_ns is VARCHAR, not DOUBLE"),
        ("SELECT * REPLACE ([1.5] AS cost_ns) FROM run", "cost_ns is"),
        ("SELECT * REPLACE ('soon' AS time) FROM run", "time is VARCHAR, not TIMESTAMP"),
    ],
)
@pytest.mark.parametrize("count", [1, 3])
def test_a_file_with_other_columns_is_named_at_any_position(
    tmp_path: Path, sql: str, said: str, count: int
) -> None:
    store = filled(tmp_path / "history", count)
    name = rewritten(store, sql)
    refused(store.folder, name, said)


def test_a_narrower_number_type_is_refused(
    tmp_path: Path,
) -> None:
    store = filled(tmp_path / "history", 1)
    name = rewritten(store, "SELECT * REPLACE (3::INTEGER AS cost_ns) FROM run")
    store.add(run_of(1, cost_low_ns=1.5))
    refused(store.folder, name, "cost_ns is INTEGER, not DOUBLE")


def test_control_characters_are_shown_as_text(tmp_path: Path) -> None:
    store = filled(tmp_path / "history", 1)
    odd = "'a' || chr(27) || '[2J' || chr(10) || 'b'"
    rewritten(store, f'SELECT * REPLACE ({odd} AS "group") FROM run')
    done = history("show", "--store", store.folder)
    assert "\x1b" not in done.output and r"'a\x1b[2J\nb'" in done.output


@pytest.mark.parametrize(
    "text", ["NULL::VARCHAR", "'['", "'[]'", "'{\"tools\": 3}'", "repeat('[', 100000)"]
)
def test_a_damaged_environment_is_named(tmp_path: Path, text: str) -> None:
    store = filled(tmp_path / "history", 1)
    rewritten(store, f"SELECT * REPLACE ({text} AS environment) FROM run")
    with pytest.raises(HistoryError, match="its versions of tools are not a JSON object"):
        store.environments([f"{0:020x}"])


def unsealed(store: Store) -> None:
    """Turn a store into one of an older version."""
    for file in store.files():
        file.path.rename(store.folder / f"{file.moment}-{file.run}.parquet")
    (store.folder / MARKER).write_text('{"version": 1}')


def test_the_next_add_gives_an_older_store_its_digests(tmp_path: Path, foreign_run: Path) -> None:
    store = filled(tmp_path / "history")
    names = [file.path.name for file in store.files()]
    unsealed(store)
    done = history("show", "--store", store.folder)
    assert done.exit_code == 0
    assert "damage to 3 files without a digest in the name cannot be detected" in " ".join(
        done.stderr.split()
    )
    assert costs(store.folder) == COSTS_NS
    done = history("add", foreign_run, "--store", store.folder)
    assert "3 files renamed, with a digest" in " ".join(done.stdout.split())
    assert [file.path.name for file in store.files()][:3] == names
    assert "digest" not in history("show", "--store", store.folder).output
    # An older callcost does not recognise the runs that it already has.
    assert json.loads((store.folder / MARKER).read_text()) == {"version": 2}


def test_an_older_file_that_is_damaged_gets_no_digest(tmp_path: Path, foreign_run: Path) -> None:
    store = filled(tmp_path / "history")
    unsealed(store)
    name = rewritten(store, "SELECT * REPLACE ('nan'::DOUBLE AS cost_ns) FROM run", sealed=False)
    done = history("add", foreign_run, "--store", store.folder)
    assert done.exit_code == 2
    assert f"{name} is damaged: no run has nan as its cost_ns" in " ".join(done.stderr.split())
    assert (store.folder / name).exists()


def test_a_run_merged_twice_counts_once(tmp_path: Path) -> None:
    store, other = filled(tmp_path / "history"), filled(tmp_path / "other")
    unsealed(other)
    for file in other.files():
        file.path.rename(store.folder / file.path.name)
    assert costs(store.folder) == COSTS_NS
    assert not store.add(run_of(1))


@pytest.mark.parametrize(
    "name",
    ["x.parquet", "20261101T000000Z-short.parquet", f"20261101T000000Z-{1:020x}-{1:031x}.parquet"],
)
def test_a_file_with_another_name_is_refused(tmp_path: Path, name: str) -> None:
    store = filled(tmp_path / "history")
    (store.folder / name).write_bytes(store.files()[0].path.read_bytes())
    refused(store.folder, name, "does not have the name of a run's file")


@pytest.mark.parametrize("kind", ["folder", "pipe", "dangling", "device"])
def test_pipes_and_folders_in_a_store_are_refused_without_waiting(
    tmp_path: Path, kind: str
) -> None:
    store = filled(tmp_path / "history")
    victim = store.files()[1].path
    victim.unlink()
    if kind == "folder":
        victim.mkdir()
    elif kind == "pipe":
        os.mkfifo(victim)
    else:
        victim.symlink_to("/dev/zero" if kind == "device" else "nowhere")
    refused(store.folder, victim.name, "cannot be read")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version": 0}', '{"version": 3}', '{"version": true}', "[" * 100_000]
)
def test_a_damaged_marker_is_refused(tmp_path: Path, text: str) -> None:
    store = filled(tmp_path / "history", 1)
    (store.folder / MARKER).write_text(text)
    refused(store.folder, "history")


@pytest.fixture
def foreign_run(tmp_path: Path) -> Path:
    """A run like those of pytest-benchmark's own loop."""
    rows = [
        {"group": None, "name": name, "fullname": f"bench.py::{name}", "param": None,
         "stats": {"median": 1e-6, "mean": 1e-6, "rounds": 5}}
        for name in ("test_a", "test_b", "test_c")
    ]  # fmt: skip
    machine = {
        "node": "here", "machine": "x86_64", "system": "Linux", "release": "6",
        "python_implementation": "CPython", "python_version": "3.12.1", "python_compiler": "GCC",
        "cpu": {"brand_raw": "A CPU", "count": 4},
    }  # fmt: skip
    path = tmp_path / "foreign.json"
    path.write_text(
        json.dumps(
            {"machine_info": machine, "commit_info": {"id": "c" * 40, "dirty": False},
             "benchmarks": rows, "datetime": "2026-11-20T00:00:00", "version": "5.1.0"}
        )
    )  # fmt: skip
    return path
