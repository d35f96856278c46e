"""callcost explain as users see it: output, files, and messages for bad input."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from checkout import ROOT
from command_line import callcost, words
from explanations import made
from needs import needs_callgrind, needs_cpython

from callcost.console.page import THEMES
from callcost.explain import chart, records, table
from callcost.explain.parts import PARTS
from callcost.instructions.callgrind import count
from callcost.model.contender import Contender
from callcost.model.instructions import Count
from callcost.revisions import interpreter
from callcost.revisions.errors import SpecError

QUICK = ("explain", "--no-time")
OTHER_VERSIONS = ("3.12", "3.13")
SETUP, CALL = "from math import floor; x = 2.5", "floor(x)"


def refused(*arguments: str, cwd: Path | None = None) -> str:
    """Returns the sentence that refuses the arguments."""
    done = callcost("explain", *arguments, cwd=cwd)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


@needs_callgrind
@needs_cpython
def test_the_parts_of_an_expression_are_exact(tmp_path: Path) -> None:
    # It has its own process, so the set-up may change process-wide state.
    setup = f"import os; os.environ['A'] = 'b'; {SETUP}"
    done = callcost(*QUICK, "--setup", setup, CALL, "--output", "made/here", cwd=tmp_path)
    said = words(done)
    assert "floor(x): instructions per call" in said
    found = records.read(tmp_path / "made" / "here" / "explain.json")
    (row,) = found.rows
    assert f"{row.sentence}." in said
    counted = count(sys.executable, {"call": Contender("floor", SETUP, CALL)})["call"]
    assert isinstance(counted, Count)
    assert row.instructions == counted.instructions
    names = {path.name for path in (tmp_path / "made" / "here").iterdir()}
    assert names == {"explain.json"} | {
        "explain.floor_x.svg", "explain.floor_x.png",
    }  # fmt: skip


@needs_callgrind
@needs_cpython
def test_a_workload_is_explained_and_timed_through_named_mechanisms(tmp_path: Path) -> None:
    chosen = ("--mechanism", "ctypes_*dll", "--mechanism", "python_reference")
    done = callcost("explain", "get_pi", *chosen, "--output", ".", cwd=tmp_path)
    said = words(done)
    found = records.read(tmp_path / "explain.json")
    assert {row.name for row in found.rows} == {"ctypes_cdll", "ctypes_pydll", "python_reference"}
    for row in found.rows:
        assert row.time_ns is not None and row.time_ns.value > 0
        assert row.sentence in said
    held, released = (
        next(row for row in found.rows if row.name == name)
        for name in ("ctypes_pydll", "ctypes_cdll")
    )
    assert "gil" not in held.parts and released.parts["gil"] > 100
    again = callcost(*QUICK, "get_pi", *chosen[:2], "--against", "explain.json", cwd=tmp_path)
    assert "2 of the 2 rows in both have exactly the same instructions." in words(again)


@needs_callgrind
@pytest.mark.parametrize("version", OTHER_VERSIONS)
def test_the_rules_also_fit_another_interpreter(version: str, tmp_path: Path) -> None:
    try:
        python = interpreter.find(version).executable
    except SpecError as missing:
        pytest.skip(str(missing))
    done = callcost(
        *QUICK, "--python", python, "-s", "from ctypes import CDLL, c_int",
        "-s", "f = CDLL(None).abs", "-s", "f.argtypes, f.restype = (c_int,), c_int",
        "-s", "n = -3", "f(n)",
        "--output", ".", cwd=tmp_path,
    )  # fmt: skip
    words(done)
    (row,) = records.read(tmp_path / "explain.json").rows
    assert row.instructions > 1000
    assert row.share("other") <= 0.05, row.others
    assert {"dispatch", "protocol", "arguments", "marshalling", "gil"} <= row.parts.keys()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("fibonaci",), "WORKLOAD fibonaci matches nothing here: did you mean fibonacci?"),
        (("fibonacci", "--mechanism", "ctipes*"), "--mechanism ctipes* matches nothing here"),
        (("struct", "--mechanism", "mypyc_native"), "matches nothing here"),
        (
            ("add_eight", "--mechanism", "mypyc_native"),
            "mypyc_native does not have add_eight: ",
        ),
        (("--setup", "n = 1"), "--setup needs an expression"),
        (("fibonacci", "--python", sys.executable), "--python needs an expression"),
        (("abs(-1)", "--mechanism", "ctypes_cdll"), "--mechanism needs a workload"),
        (("abs(", "-s", "n = 1"), "syntax error at line 1"),
        (("n = 2", "-s", "n = 1"), "is a statement ("),
        (("1 + 1",), "nothing is left to count"),
        (("abs(n)", "--python", "/no/such/python"), "Cannot find the interpreter /no/such/python"),
        (("abs(n)", "--output", "/dev/null/x"), "cannot be written"),
        (("abs(n)", "--against", "/no/such/file"), "cannot be read: it does not exist"),
    ],
)
def test_wrong_usage_gets_one_sentence(arguments: tuple[str, ...], said: str) -> None:
    assert said in refused(*arguments)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "is not an explanation; make one with"),
        ('{"callcost": {"kind": "explanation", "version": 99}}', "has version 99"),
        (
            '{"callcost": {"kind": "explanation", "version": 1}}',
            "is damaged: the whole: it lacks facts",
        ),
    ],
)
def test_other_files_are_refused_as_explanations(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "explain.json"
    path.write_text(text)
    assert said in refused("abs(n)", "--against", str(path))


@needs_callgrind
@needs_cpython
def test_a_call_that_fails_is_named(tmp_path: Path) -> None:
    done = callcost(*QUICK, "-s", "n = 0", "1 // n", cwd=tmp_path)
    assert done.returncode == 2
    said = " ".join(done.stdout.split())
    assert "was not counted: call failed: 1 // n raised ZeroDivisionError" in said


def test_a_missing_valgrind_gets_a_line_to_install_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "environ", {**os.environ, "PATH": str(tmp_path)})
    if sys.platform != "linux":
        assert f"this is {sys.platform}" in refused("abs(n)")
    else:
        assert "apt-get install valgrind" in refused("abs(n)")


def test_table_and_sentences_agree_with_the_numbers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table.show(made(names=("one", "two")))
    said = " ".join(capsys.readouterr().out.split())
    assert "one: 130 instructions (77% the GIL, 15% the C function itself, 8% other)." in said
    assert "one · · · · 100 · · 20 · · 10 130 12.5" in said
    assert said.endswith("A note.")
    for name in PARTS.values():
        assert name in said


def test_charts_show_every_part_and_sentence(tmp_path: Path) -> None:
    paths = chart.draw(made(names=("one", "two_$x")), tmp_path)
    assert [path.name for path in paths] == ["explain.work.png", "explain.work.svg"]
    texts = set(ElementTree.parse(paths[1]).getroot().itertext())
    assert {"one", "two_$x", "the GIL", "the C function itself", "other"} <= texts
    assert {"130", "100", "12.5 ns", "Where the instructions go: f(n)"} <= texts
    assert next(iter(made().rows)).shares in texts
    again = chart.draw(made(names=("one", "two_$x")), tmp_path)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in paths]


def test_each_page_has_a_distinct_colour_for_every_part() -> None:
    assert chart.COLOURS.keys() == PARTS.keys()
    for number in range(len(THEMES)):
        assert len({colours[number] for colours in chart.COLOURS.values()}) == len(PARTS)


def test_any_expression_makes_a_valid_file_name() -> None:
    assert chart.file_part("f(a, b)[0] / 2") == "f_a_b_0_2"
    assert chart.file_part("...") == "expression"


def test_json_is_complete_and_has_no_local_path() -> None:
    text = records.as_text(made())
    assert json.loads(text)["parts"] == dict(PARTS)
    assert str(ROOT) not in text and "/usr" not in text
