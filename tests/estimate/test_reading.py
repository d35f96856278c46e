"""A file that a command cannot read is refused in one sentence: file, field, what to do."""

from __future__ import annotations

import gzip
import json
import lzma
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import explanations
import made_records
import numpy as np
import pytest
from click.testing import CliRunner

from callcost.benchmarks.site import site
from callcost.cli import main
from callcost.console.files import MAX_BYTES
from callcost.estimate import reading
from callcost.estimate.epochs import pack
from callcost.estimate.reading import RecordError, read_json
from callcost.estimate.record import Record
from callcost.explain import flow, records
from callcost.history.runs import read

RECORD = made_records.record()
RUN = made_records.pytest_run(
    [made_records.benchmark(f"test_{name}", 1e-6) for name in ("one", "two", "three")]
)
EXPLANATION = json.loads(records.as_text(explanations.made()))
FACTS = "benchmarks[1].extra_info.callcost"
Change = Callable[[Any], None]


def said(*arguments: str | Path) -> str:
    """Runs a command on bad input in this process, and returns the error message."""
    with mock.patch.object(flow, "explain", lambda *_: explanations.made()):
        done = CliRunner().invoke(main, list(map(str, arguments)))
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.output and "report it" not in done.output
    # A mechanism that was left out of the build has its own line above.
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert done.stderr.endswith(f"{line}\n")
    return line


def asked(command: str, path: Path) -> tuple[str | Path, ...]:
    """Returns the command line that makes a command read a file."""
    folder = path.parent
    return {
        "compare": ("compare", path, path),
        "add": ("history", "add", path, "--store", folder / "history"),
        "report": ("report", path, "--output", folder / "site"),
        "publish": ("publish", path),
        "explain": ("explain", "1 + 1", "-s", "", "--against", path),
    }[command]


COMMANDS = ["compare", "add", "report", "publish", "explain"]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is not JSON: it is empty"),
        (b"{", "is not JSON"),
        (b"[1, 2, 3]", "is not"),
        (b'{"a": 1, "a": 2}', "has the key 'a' twice"),
        (b"[" * 200_000, "is nested too deeply"),
        (b"9" * 5000, "is not JSON"),
        (b'{"a": "\xff"}', "is not text in UTF-8 or UTF-16: byte 7"),
        (gzip.compress(b"{", mtime=0), "is not JSON"),
        (gzip.compress(b"{}", mtime=0)[:-3], "cannot be read: its gzip data end too early"),
        (lzma.compress(b"{}")[:-3], "cannot be read: its xz data end too early"),
        (gzip.compress(b"{}", mtime=0) + b"more", "its gzip data are followed by something else"),
        (b"\x1f\x8b" + bytes(100), "cannot be read: its gzip data are damaged"),
        (b"\xfd7zXZ" + bytes(100), "cannot be read: its xz data are damaged"),
        (b"BZh91AY&SY", "is compressed with bzip2; decompress it first"),
        (b"PAR1....PAR1", "is a Parquet file; a history is given as the folder"),
        (b"\x00" * 100, "is not"),
    ],
    ids=lambda value: value[:12].hex() if isinstance(value, bytes) else None,
)
def test_a_file_that_is_not_json_is_refused(
    tmp_path: Path, command: str, data: bytes, reason: str
) -> None:
    path = tmp_path / "odd.json"
    path.write_bytes(data)
    sentence = said(*asked(command, path))
    assert str(path) in sentence and reason in sentence


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("pipe", "it is a pipe"), ("zero", "it is a device"), ("huge", "more than 512 MiB"),
     ("dangling", "a link to nowhere, which"), ("loop", "symbolic links"),
     ("folder", "it is a folder")],
)  # fmt: skip
def test_anything_but_a_regular_file_is_refused_without_waiting(
    tmp_path: Path, kind: str, reason: str
) -> None:
    path = tmp_path / "odd.json"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "huge":
        with path.open("wb") as file:
            file.truncate(MAX_BYTES + 1)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to({"zero": "/dev/zero", "dangling": "nowhere", "loop": path.name}[kind])
    with pytest.raises(RecordError, match=rf"odd\.json cannot be read: .*{reason}"):
        read_json(path)
    if kind in ("pipe", "zero", "huge"):
        assert reason in said(*asked("compare", path))


def test_a_path_is_shown_on_one_line(tmp_path: Path) -> None:
    path = tmp_path / "two\nlines\udcff.json"
    assert r"two\nlines\udcff.json" in said(*asked("report", made_records.written(path, [])))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_files_with_a_byte_order_mark_or_wide_characters_are_read(
    tmp_path: Path, encoding: str
) -> None:
    plain = made_records.written(tmp_path / "plain.json", RUN)
    path = tmp_path / "wide.json"
    path.write_text(json.dumps(RUN), encoding=encoding)
    assert read(path) == read(plain)
    path.write_text(json.dumps(RECORD), encoding=encoding)
    assert set(Record.load(path).run.groups) == {"work", "other"}


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress])
def test_compressed_records_are_read_whatever_their_name(
    tmp_path: Path, compress: Callable[[bytes], bytes]
) -> None:
    plain = made_records.written(tmp_path / "plain.json", RUN)
    path = tmp_path / "compressed.json"
    path.write_bytes(compress(json.dumps(RUN).encode()))
    assert read(path) == read(plain)
    path.write_bytes(compress(json.dumps(RECORD).encode()))
    assert set(Record.load(path).run.groups) == {"work", "other"}


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress])
def test_a_small_file_that_decompresses_to_a_huge_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compress: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 2**20)
    path = tmp_path / "bomb.json"
    path.write_bytes(compress(bytes(2**20 + 1)))
    with pytest.raises(RecordError, match="it has more than 1 MiB when decompressed"):
        read_json(path)


def test_xz_data_that_need_much_memory_are_refused(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 2**28}]
    path = tmp_path / "greedy.json"
    path.write_bytes(lzma.compress(b"{}", filters=filters))
    with pytest.raises(RecordError, match="its xz data are damaged"):
        read_json(path)


OTHERS = {
    "pyperf": {"benchmarks": [{"runs": [{"values": [1e-6]}]}], "metadata": {}, "version": "1.0"},
    "Google Benchmark": {
        "context": {"date": "2026-11-01"},
        "benchmarks": [{"name": "BM_f", "real_time": 1.0, "cpu_time": 1.0, "time_unit": "ns"}],
    },
    "another tool": {"results": [{"command": "sleep 1", "mean": 1.0}]},
    "a calibration": made_records.calibration(),
    "an explanation": EXPLANATION,
}


@pytest.mark.parametrize("tool", list(OTHERS))
def test_files_of_other_tools_are_refused_with_advice(tmp_path: Path, tool: str) -> None:
    path = made_records.written(tmp_path / "other.json", OTHERS[tool])
    sentence = said(*asked("add", path))
    assert tool in sentence and "pytest --benchmark-only --benchmark-json=FILE" in sentence
    sentence = said(*asked("compare", path))
    assert tool in sentence and "pytest benchmarks --benchmark-only" in sentence
    if tool.startswith(("pyperf", "Google", "another")):
        assert tool in said(*asked("report", path))


def test_a_run_without_callcost_cannot_be_compared(tmp_path: Path) -> None:
    path = made_records.written(tmp_path / "run.json", RUN)
    assert "a run of pytest-benchmark without callcost's" in said(*asked("compare", path))


def test_a_record_is_not_an_explanation(tmp_path: Path) -> None:
    path = made_records.written(tmp_path / "run.json", made_records.record())
    assert "is a record of callcost, not an explanation" in said(*asked("explain", path))


def put(*steps: str | int, value: Any) -> Change:
    """Returns a function that sets a field of a document."""

    def change(document: Any) -> None:
        *above, last = steps
        for step in above:
            document = document[step]
        document[last] = value

    return change


def lose(*steps: str | int) -> Change:
    """Returns a function that removes a field of a document."""

    def change(document: Any) -> None:
        *above, last = steps
        for step in above:
            document = document[step]
        del document[last]

    return change


def packed(**fields: Any) -> dict[str, Any]:
    """Makes packed epochs, ten processes of twelve each, with some fields exchanged."""
    return {**pack([np.full(12, 80_000)] * 10, 10.0), **fields}


NAN, INF = float("nan"), float("inf")
DEEP: Any = []
for _ in range(50):
    DEEP = [DEEP]
ROW: tuple[str | int, ...] = ("benchmarks", 1, "extra_info", "callcost")
GROUP = ("callcost", "groups", "work")
RECORDS = [
    (lose("callcost", "settings"), "callcost: it lacks settings"),
    (put("callcost", "settings", "processes", value="30"), "settings.processes: expected int"),
    (put("callcost", "settings", "min_processes", value=0), "callcost.settings: min_processes"),
    (put("callcost", "wall_s", value=NAN), "callcost.wall_s: expected float"),
    (put("callcost", "wall_s", value=-1), "callcost.wall_s: expected float"),
    (put("callcost", "hash_seeds", value=[None]), "callcost.hash_seeds[0]: expected int, got null"),
    (put("callcost", "state", "load_1min", value=INF), "callcost.state.load_1min: expected float"),
    (put("callcost", "state", "cpu_quota_cpus", value="many"), "cpu_quota_cpus: expected float"),
    (put("callcost", "state", "throttled", value=[1]), "callcost.state.throttled: expected int"),
    (put("callcost", "environment", "tools", "cffi", value=3), "tools[...]: expected str"),
    (put("callcost", "environment", "compiler", value="\ud800"), "compiler: it has char"),
    (put("callcost", "environment", "flags", value=DEEP), "more than 20 levels deep"),
    (put("callcost", "environment", value=None), "callcost.environment: expected object, got null"),
    (put("callcost", "groups", value=[]), "callcost.groups: expected object, got array"),
    (put(*GROUP, value=None), "callcost.groups[...]: expected object, got null"),
    (lose(*GROUP, "plan", "loops"), "callcost.groups.work.plan: it lacks loops"),
    (put(*GROUP, "plan", "loops", value=0), "callcost.groups.work.plan: it has no calls"),
    (put(*GROUP, "twin_of", value=2), "callcost.groups.work.twin_of: there is no such contender"),
    (put(*GROUP, "twin_of", value=-1), "callcost.groups.work.twin_of: expected int"),
    (put(*GROUP, "contenders", value=["one", "one"]), "work.contenders: it has one twice"),
    (put(*GROUP, "contenders", value=[]), "work.contenders: expected array"),
    (put(*GROUP, "controls", value=[]), "work.controls: expected array"),
    (put(*GROUP, "interpreter", value="pypy"), "callcost.interpreters does not have pypy"),
    (put(*GROUP, "controls", 1, "epoch_ns", 3, value="1 2"), "controls[1].epoch_ns: it does"),
    (lose(*ROW), "benchmarks[1].extra_info: it lacks callcost"),
    (lose(*ROW, "epoch_ns"), f"{FACTS}: it lacks epoch_ns"),
    (put(*ROW, "epoch_ns", value=[]), f"{FACTS}.epoch_ns: it does not have as many"),
    (put(*ROW, "epoch_ns", 0, value=""), f"{FACTS}.epoch_ns[0]: it has no epochs"),
    (put(*ROW, "epoch_ns", 0, value="1 two"), f"{FACTS}.epoch_ns[0]: it is not a list of whole"),
    (put(*ROW, "epoch_ns", 0, value="nan " * 12), f"{FACTS}.epoch_ns[0]: it is not a list"),
    (put(*ROW, "epoch_ns", 0, value="9" * 30), f"{FACTS}.epoch_ns[0]: it is not a list of whole"),
    (put(*ROW, "epoch_ns", 0, value="9" * 18), f"{FACTS}.epoch_ns[0]: it has no epochs, or an"),
    (put(*ROW, "epoch_ns", value={}), f"{FACTS}.epoch_ns: it lacks tick_ns"),
    (put(*ROW, "epoch_ns", value=3), f"{FACTS}.epoch_ns: expected"),
    (put(*ROW, "epoch_ns", value=packed(tick_ns=0.5)), f"{FACTS}.epoch_ns.tick_ns: expected float"),
    (put(*ROW, "epoch_ns", value=packed(tick_ns=NAN)), f"{FACTS}.epoch_ns.tick_ns: expected float"),
    (put(*ROW, "epoch_ns", value=packed(medians=[])), f"{FACTS}.epoch_ns.medians: expected array"),
    (put(*ROW, "epoch_ns", value=packed(medians=[2**60])), ".epoch_ns.medians[0]: expected int"),
    (put(*ROW, "epoch_ns", value=packed(medians=[1])), f"{FACTS}.epoch_ns: it does not have as"),
    (put(*ROW, "epoch_ns", value=packed(medians=[1] * 7)), f"{FACTS}.epoch_ns: it does not have e"),
    (put(*ROW, "epoch_ns", value=packed(others=["!"])), f"{FACTS}.epoch_ns: it does not have equ"),
    (put(*ROW, "epoch_ns", value=packed(others=["!", "!!"])), ".epoch_ns: its texts differ in len"),
    (put(*ROW, "epoch_ns", value=packed(distances=["é" * 60])), ".epoch_ns: its texts differ in"),
    (put(*ROW, "epoch_ns", value=packed(distances=["~" * 120] * 8)), ".epoch_ns: it has no epochs"),
    (put(*ROW, "epoch_ns", value=packed(distances=["~" * 120] * 9)), "distances: expected array"),
    (put(*ROW, "epoch_ns", value=packed(distances=[""], others=[""])), ".epoch_ns: it has no epo"),
    (put(*ROW, "own_loops", value=0), f"{FACTS}.own_loops: it makes no calls"),
    (put(*ROW, "program", value=["sh"]), f"{FACTS}.empty_ns: a program has"),
    (put(*ROW, "binaries", value=[{}]), f"{FACTS}.binaries[0]: it lacks name"),
    (put(*ROW, "name", value="one"), f"{FACTS}: benchmarks[0].extra_info.callcost has the same"),
    (put(*ROW, "name", value="o\x1b[31mne"), f"{FACTS}.name: it has characters"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(RECORDS)))
def test_a_damaged_record_is_refused_with_the_field(tmp_path: Path, number: int) -> None:
    change, reason = RECORDS[number]
    document = made_records.copied(RECORD)
    change(document)
    path = made_records.written(tmp_path / "odd.json", document)
    command = ("compare", "report", "add", "publish")[number % 4]
    sentence = said(*asked(command, path))
    assert "odd.json is damaged: " in sentence and reason in sentence


STATS: tuple[str | int, ...] = ("benchmarks", 1, "stats")
RUNS = [
    *((put(*STATS, "median", value=value), "benchmarks[1].stats.median: expected float")
      for value in (0, -1.0, NAN, INF, None, "1", True, 1e300)),
    (put(*STATS, "mean", value=10**400), "benchmarks[1].stats.mean: number out of range"),
    (put(*STATS, "rounds", value=0), "benchmarks[1].stats.rounds: expected int"),
    (put(*STATS, "rounds", value=2**40), "benchmarks[1].stats.rounds: expected int"),
    (put("benchmarks", 1, "fullname", value="bench.py::test_one"), "benchmarks[1].fullname: b"),
    (put("benchmarks", 1, "name", value="x" * 20_000), "benchmarks[1].name: expected str of"),
    (put("benchmarks", 1, "group", value=["a"]), "benchmarks[1].group: expected"),
    (put("benchmarks", 1, value=None), "benchmarks[1]: expected object, got null"),
    (put("machine_info", value=[]), "machine_info: expected object, got array"),
    (put("machine_info", "cpu", "count", value=-4), "machine_info.cpu.count: expected int"),
    (lose("commit_info"), "the whole: it lacks commit_info"),
    (put("commit_info", "id", value=None), "commit_info.id: expected str, got null"),
    *((put("datetime", value=value), "datetime:")
      for value in ("", "yesterday", "0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00",
                    "1969-12-31T00:00:00", 5, None)),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(RUNS)))
def test_a_damaged_run_of_pytest_benchmark_is_refused_with_the_field(
    tmp_path: Path, number: int
) -> None:
    change, reason = RUNS[number]
    document = made_records.copied(RUN)
    change(document)
    path = made_records.written(tmp_path / "odd.json", document)
    assert f"odd.json is damaged: {reason}" in said(*asked("add", path))
    assert not (tmp_path / "history").exists()


def test_fields_of_a_run_that_are_not_kept_may_contain_anything(tmp_path: Path) -> None:
    document = made_records.copied(RUN)
    document["benchmarks"][0]["extra_info"] = {"nan": NAN, "deep": DEEP, "half": "\ud800"}
    path = made_records.written(tmp_path / "run.json", document)
    assert len(read(path).rows) == 3


EXPLANATIONS = [
    (lose("frames"), "the whole: it lacks frames"),
    (put("chapters", 0, "rows", 0, "instructions", value=NAN), "chapters[0].rows[0].instructions"),
    (put("chapters", 0, "rows", 0, "spent", 0, value="1 gil 99"), "rows[0].spent[0]: there are no"),
    (put("chapters", 0, "rows", 0, "spent", 0, value="1 gil -1"), "rows[0].spent[0]: it does not"),
    (put("chapters", 0, "rows", 0, "spent", 0, value="1e999 gil 0"), "rows[0].spent[0]: there are"),
    (put("chapters", 0, "rows", 0, "spent", 0, value="1 magic 0"), "rows[0].spent[0]: it does not"),
    (put("chapters", 0, "rows", 0, "time_ns", value=[1]), "rows[0].time_ns: expected"),
    (put("frames", 0, value=["one"]), "frames[0]: expected"),
    (put("facts", "python", value=DEEP), "more than 20 levels deep"),
    (put("notes", value="text"), "notes: expected array"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(EXPLANATIONS)))
def test_a_damaged_explanation_is_refused_with_the_field(tmp_path: Path, number: int) -> None:
    change, reason = EXPLANATIONS[number]
    document = made_records.copied(EXPLANATION)
    change(document)
    path = made_records.written(tmp_path / "odd.json", document)
    for command in ("explain", "report"):
        assert reason in said(*asked(command, path))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (put("slope", value=None), "slope: expected float, got null"),
        (put("slope_interval", value=[1.0]), "slope_interval: expected array of length 2"),
        (put("points", 0, "measured", "low", value=NAN), "points[0].measured.low: nan is not"),
        (lose("points", 0, "fitted"), "points[0]: it lacks fitted"),
    ],
)
def test_a_damaged_calibration_is_refused_with_the_field(
    tmp_path: Path, change: Change, reason: str
) -> None:
    document = made_records.calibration()
    change(document)
    path = made_records.written(tmp_path / "odd.json", document)
    assert f"odd.json is damaged: {reason}" in said(*asked("report", path))


def test_undamaged_files_are_read_by_every_command(tmp_path: Path) -> None:
    base = made_records.written(tmp_path / "base.json", RECORD)
    head = made_records.written(tmp_path / "head.json", made_records.record(2, 1.3))
    done = CliRunner().invoke(main, ["compare", str(base), str(head)])
    assert done.exit_code == 3 and "higher" in done.output
    with mock.patch.object(site, "write") as write:
        done = CliRunner().invoke(main, ["report", str(base), "--output", str(tmp_path / "site")])
    assert done.exit_code == 0, done.output
    assert [run.path for run in write.call_args.args[0].runs] == [base]
    assert len(read(base).rows) == 5
