"""The command callcost which answers from a record, as the site does."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from made_records import matrix_record, written

from callcost.benchmarks.which import command
from callcost.benchmarks.which.command import which


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return written(tmp_path / "run.json", matrix_record())


def asked(record: Path, *arguments: str) -> Result:
    return CliRunner().invoke(which, ["--record", str(record), *arguments])


def test_it_answers_with_cards_and_where_they_were_measured(record: Path) -> None:
    done = asked(record, "--python", "3.14t")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("10,000 calls per second take at most")
    assert "cffi, API mode" in done.output and "pip install cffi" in done.output
    assert "Measured in CPython 3.14" in done.output


def test_an_answer_rules_tools_out_with_a_reason(record: Path) -> None:
    done = asked(record, "--have", "cpp", "--all")
    assert "Left out: ctypes.CDLL: does not bind C++ classes." in done.output
    assert "Left out: C API, METH_FASTCALL: does not bind C++ classes." in done.output
    done = asked(record, "--threads", "free")
    assert "CPython 3.13.1 has a GIL: choose a free-threaded Python." in done.output


def test_an_impossible_rate_is_called_so(record: Path) -> None:
    done = asked(record, "--calls", "1e9")
    assert "1,000,000,000 calls per second are impossible" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--python", "3.51"), "--python 3.51 matches nothing here: did you mean 3.15?"),
        (("--call", "fibonaci"), "--call fibonaci matches nothing here: did you mean fibonacci?"),
        (("--calls", "nan"), "nan is not a finite number"),
    ],
)
def test_bad_input_gets_a_sentence(record: Path, arguments: tuple[str, ...], said: str) -> None:
    done = asked(record, *arguments)
    assert (done.exit_code, said in done.output) == (2, True), done.output


def test_without_a_published_run_one_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    done = CliRunner().invoke(which, [])
    assert done.exit_code == 2
    assert "name it with --record" in done.output


def test_the_published_run_with_several_interpreters_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: Path
) -> None:
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    (tmp_path / "matrix.json.xz").write_bytes(lzma.compress(record.read_bytes()))
    assert CliRunner().invoke(which, []).output.rstrip().endswith("matrix.json.xz")
