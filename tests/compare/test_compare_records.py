"""Two recorded runs side by side: unknown or wide intervals are never within the noise."""

from __future__ import annotations

import copy
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import made_records
import pytest
import sites
from click.testing import CliRunner, Result

from callcost.compare.command import compare
from callcost.compare.records import HIGHER, LOWER, NOT_HIGHER, WITHIN
from callcost.estimate.estimate import MIN_PROCESSES
from callcost.paired.verdict import UNDECIDED

MECHANISM = "cython_def"
# Far above the difference of two runs on one machine.
FAR = ("--threshold", "40")

Change = Callable[[list[list[int]]], list[list[int]]]


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    """One workload through three mechanisms."""
    wanted = (MECHANISM, "cpython_fastcall", "ctypes_cdll")
    made = sites.cut(sites.reference(), ["fibonacci"], wanted, sweep=False)
    section = made["callcost"]
    section["groups"] = {"fibonacci": section["groups"]["fibonacci"]}
    rows = [(row, row["extra_info"]["callcost"]) for row in made["benchmarks"]]
    made["benchmarks"] = [
        row for row, facts in rows if facts["group"] == "fibonacci" and not facts["floor"]
    ]
    return made


def run(*arguments: str) -> Result:
    return CliRunner().invoke(compare, list(arguments))


def changed(record: dict[str, Any], change: Change) -> dict[str, Any]:
    """Changes the epochs of one row: a list of passes for each process."""
    made = copy.deepcopy(record)
    for row in made["benchmarks"]:
        facts = row["extra_info"]["callcost"]
        if facts["name"] == MECHANISM:
            epochs = [list(map(int, text.split())) for text in facts["epoch_ns"]]
            facts["epoch_ns"] = [" ".join(map(str, passes)) for passes in change(epochs)]
    return made


def compared(folder: Path, base: Any, head: Any, *options: str) -> tuple[dict[str, Any], Result]:
    paths = [sites.write(folder / name, document) for name, document in
             (("a.json", base), ("b.json", head))]  # fmt: skip
    answer = folder / "c.json"
    done = run(*map(str, paths), *FAR, "--json", str(answer), *options)
    document = json.loads(answer.read_text(), parse_constant=pytest.fail)
    assert document["exit_code"] == done.exit_code
    return document, done


def word(document: dict[str, Any]) -> str:
    (row,) = (row for row in document["rows"] if row["contender"] == MECHANISM)
    return str(row["word"])


def scaled(factor: float) -> Change:
    return lambda epochs: [[round(ns * factor) for ns in passes] for passes in epochs]


def spread(epochs: list[list[int]]) -> list[list[int]]:
    """Makes processes differ by a factor of ten, without a change in the middle."""
    factors = (1, 10, 0.1)
    return [[round(ns * factors[n % 3]) for ns in passes] for n, passes in enumerate(epochs)]


def few(epochs: list[list[int]]) -> list[list[int]]:
    """Leaves fewer processes than an interval needs."""
    keep = MIN_PROCESSES - 1
    return [passes if n < keep else [0] * len(passes) for n, passes in enumerate(epochs)]


@pytest.mark.parametrize(
    ("change", "expected", "code"),
    [
        (scaled(1), WITHIN, 0),
        (scaled(3), HIGHER, 3),
        # It certainly became cheaper: nothing is slower.
        (scaled(0.3), LOWER, 0),
        (scaled(0), UNDECIDED, 3),
        (scaled(-1), UNDECIDED, 3),
        (few, UNDECIDED, 3),
        # An interval from far below to far above: it could cost more.
        (spread, UNDECIDED, 3),
    ],
    ids=["same", "higher", "lower", "zeros", "preempted", "few", "spread"],
)
def test_a_recorded_change_gets_the_right_word(
    record: dict[str, Any], tmp_path: Path, change: Change, expected: str, code: int
) -> None:
    document, done = compared(tmp_path, record, changed(record, change))
    assert word(document) == expected, done.output
    others = {row["word"] for row in document["rows"] if row["contender"] != MECHANISM}
    assert others == {WITHIN}
    assert done.exit_code == code
    assert expected in done.output
    assert "nan" not in done.output
    total = len(document["rows"])
    assert ("a reason to look" in done.output) == (expected in (HIGHER, LOWER))
    said = f"1 of {total} rows could not be decided" in " ".join(done.output.split())
    assert said == (expected == UNDECIDED)


def test_a_wide_interval_below_the_limit_rules_out_higher() -> None:
    from callcost.compare.records import _word
    from callcost.model.interval import Interval

    assert _word(Interval(-0.2, -0.5, 0.01), 0.0, 0.02) == NOT_HIGHER
    assert _word(Interval(0.2, -0.01, 0.5), 0.0, 0.02) == UNDECIDED
    assert _word(Interval(0.0, -0.01, 0.01), float("nan"), 0.02) == UNDECIDED
    assert _word(Interval(float("inf"), 0.0, float("inf")), 0.0, 0.02) == UNDECIDED


def test_rows_in_one_record_are_named_and_patterns_choose_rows(
    record: dict[str, Any], tmp_path: Path
) -> None:
    less = copy.deepcopy(record)
    less["benchmarks"] = [
        row for row in less["benchmarks"] if row["extra_info"]["callcost"]["name"] != MECHANISM
    ]
    document, _ = compared(tmp_path, less, record)
    assert document["added"] == [f"fibonacci: {MECHANISM}"]
    assert document["removed"] == []
    document, _ = compared(tmp_path, record, record, "--mechanism", "ctypes_*")
    assert [row["contender"] for row in document["rows"]] == ["ctypes_cdll"]
    paths = str(tmp_path / "a.json"), str(tmp_path / "b.json")
    done = run(*paths, "--mechanism", "ctypes_cdl")
    assert done.exit_code == 2
    assert "--mechanism ctypes_cdl matches nothing here: did you mean ctypes_cdll" in done.output


def test_records_of_two_machines_decide_nothing(record: dict[str, Any], tmp_path: Path) -> None:
    other = copy.deepcopy(record)
    other["machine_info"]["callcost"]["machine_digest"] = "another"
    document, done = compared(tmp_path, record, other)
    assert done.exit_code == 3
    assert "come from two machines" in done.output
    assert not document["same_machine"]


def test_a_row_with_another_call_or_set_up_is_not_compared(
    record: dict[str, Any], tmp_path: Path
) -> None:
    for name in ("call", "setup"):
        other = copy.deepcopy(record)
        row = next(
            r for r in other["benchmarks"] if r["extra_info"]["callcost"]["name"] == MECHANISM
        )
        row["extra_info"]["callcost"][name] += "  # another"
        document, done = compared(tmp_path, record, other)
        assert done.exit_code == 3
        assert document["other_calls"] == [f"fibonacci: {MECHANISM}"]
        assert MECHANISM not in [row["contender"] for row in document["rows"]]
        assert f"Another call or set-up, so not compared: fibonacci: {MECHANISM}" in done.output


def test_an_unknown_machine_or_interpreter_is_not_the_same(
    record: dict[str, Any], tmp_path: Path
) -> None:
    unknown = copy.deepcopy(record)
    del unknown["machine_info"]["callcost"]
    document, done = compared(tmp_path, unknown, unknown)
    assert done.exit_code == 3
    assert document["same_machine"] is None and document["same_interpreter"] is None
    assert "may come from two machines" in done.output
    assert "may come from two builds of Python" in done.output


def test_another_version_of_a_second_interpreter_is_another_build(tmp_path: Path) -> None:
    old, new = (made_records.record() for _ in range(2))
    for document, version in ((old, "3.9.16"), (new, "3.9.19")):
        section = document["callcost"]
        facts = {"implementation": "pypy", "cache_tag": "pypy39", "python_version": version}
        section["interpreters"] = {"pypy3.9": facts}
        section["groups"]["work"]["interpreter"] = "pypy3.9"
    _, same = compared(tmp_path, old, old)
    assert same.exit_code == 0
    document, done = compared(tmp_path, old, new)
    assert done.exit_code == 3 and document["same_interpreter"] is False
    assert "come from two builds of Python" in done.output


def test_compressed_records_are_compared(tmp_path: Path) -> None:
    plain = made_records.written(tmp_path / "a.json", made_records.record())
    data = plain.read_bytes()
    for name, packed in (("b.json.gz", gzip.compress(data)), ("b.json.xz", lzma.compress(data))):
        path = tmp_path / name
        path.write_bytes(packed)
        for sides in ((plain, path), (path, path)):
            done = run(*map(str, sides))
            assert done.exit_code == 0, done.output
            assert "0 of 5 rows differ" in done.output
        done = run(str(path), "main")
        assert done.exit_code == 2
        assert "is a record of a run and main is not" in " ".join(done.output.split())


def test_options_without_meaning_for_records_are_refused(
    record: dict[str, Any], tmp_path: Path
) -> None:
    path = str(sites.write(tmp_path / "a.json", record))
    for option in (["--markdown", "x.md"], ["--junit", "x.xml"], ["--budget", "5"]):
        done = run(path, path, *option)
        assert done.exit_code == 2
        assert f"{option[0]} needs two revisions" in " ".join(done.output.split())
