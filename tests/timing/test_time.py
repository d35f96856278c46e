"""`callcost time`: right figures, and one sentence for each outcome and for bad input."""

from __future__ import annotations

import inspect
import io
import json
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from command_line import callcost
from rich.console import Console
from timings import NOBODY, SAME_VALUE, SHORT, made_up, said_of

from callcost.model.expression import OWN_NAMES, Asked, ExpressionError, read
from callcost.model.plan import Settings
from callcost.timing.flow import Timed, time_expressions
from callcost.timing.labels import labels
from callcost.timing.look import Look
from callcost.timing.time_limit import TimeLimit
from callcost.timing.words import show
from callcost.worker import worker


def time_command(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return callcost("time", *arguments, cwd=cwd)


@pytest.mark.parametrize(
    ("outcome", "verdict", "said"),
    [
        (made_up(50, 40), "slower", "f(n) is slower than g(n): it takes 1.25 times as long"),
        (made_up(40, 50), "faster", "f(n) is faster than g(n), which takes 1.25 times as long"),
        (made_up(50, 50), "same", "No measurable difference between f(n) and g(n)"),
        (made_up(50.1, 50), "same", "No measurable difference"),
        (made_up(50, 48, noise=0.1), "same", "No measurable difference"),
        (made_up(50, 40, twin_ns=53), "inconclusive", "INCONCLUSIVE: two copies of the same"),
    ],
)
def test_each_outcome_has_its_sentence(outcome: Timed, verdict: str, said: str) -> None:
    assert outcome.verdict == verdict
    assert outcome.inconclusive == (verdict == "inconclusive")
    assert said in said_of(outcome)


def test_differences_below_the_twins_decide_nothing() -> None:
    moved = made_up(50, 50 * 1.01, twin_ns=50 * 1.015)
    assert moved.measured is not None
    assert moved.measured.trusted_share == pytest.approx(0.015, abs=1e-3)
    assert moved.verdict == "same"
    assert made_up(50, 50 * 1.01).verdict == "faster"


def test_an_expression_without_cost_is_reported() -> None:
    outcome = made_up(0, 40, twin_ns=0)
    assert outcome.nothing_left(0) and not outcome.nothing_left(1)
    assert (outcome.ratio, outcome.inconclusive) == (None, False)
    assert "f(n): its cost is too small to tell" in said_of(outcome)


def test_costs_are_net_of_the_loop_in_each_process() -> None:
    outcome = made_up(50, 25)
    assert outcome.measured is not None and outcome.ratio is not None
    first, second = outcome.measured.costs
    assert first.net_ns.value == pytest.approx(50) and second.gross_ns.value == pytest.approx(25.2)
    assert outcome.ratio.value == pytest.approx(2)
    assert len(first.processes_ns) == 24


def test_a_cost_with_every_epoch_preempted_is_unknown() -> None:
    outcome = made_up(50, 25, preempted=True)
    assert (outcome.verdict, outcome.ratio) == ("inconclusive", None)
    assert "INCONCLUSIVE: nearly every epoch was preempted" in said_of(outcome)
    assert "too small to tell" not in said_of(outcome) and "nan" not in said_of(outcome)
    console = Console(file=io.StringIO(), width=150)
    show(outcome, console)
    assert "unknown" in console.file.getvalue()  # type: ignore[attr-defined]
    assert "NaN" not in json.dumps(outcome.as_json())


def test_a_moved_control_is_reported() -> None:
    assert "A builtin function that neither calls takes 1.50 times" in said_of(
        made_up(50, 40, control=1.5)
    )
    assert "A builtin function" not in said_of(made_up(50, 40))


def test_an_expression_costs_something_and_twice_costs_more() -> None:
    once, often = Asked("f(n)", "n = 9\ndef f(n): return n"), Asked("sum(range(3000))")
    found = time_expressions([often, once], NOBODY, expect="4498500", limit=SHORT)
    assert (found.verdict, found.is_wrong(0), found.is_wrong(1)) == ("wrong value", False, True)
    assert [found.cost(number) is None for number in (0, 1)] == [False, True]
    once = Asked("f(n)", "n = 4498500\ndef f(n): return n")
    found = time_expressions([often, once], NOBODY, limit=SHORT)
    # A factor of hundreds: far above any noise.
    assert found.verdict in ("slower", "inconclusive")
    assert found.measured is not None and found.measured.ratio is not None
    assert found.measured.ratio.value > 20
    assert found.measured.costs[1].net_ns.value > 0


def test_json_has_the_figures(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    done = time_command("abs(n)", "-s", "n = -3", "--vs", "n.__abs__()", "--processes", "10",
                        "--seconds", "2", "--json", str(path))  # fmt: skip
    found: dict[str, Any] = json.loads(path.read_text())
    assert done.returncode == (3 if found["verdict"] == "inconclusive" else 0), done.stderr
    first, second = found["expressions"]
    assert (first["call"], second["setup"]) == ("abs(n)", "n = -3")
    assert first["cost_ns"][0] > 0 and len(first["processes_ns"]) >= 6
    assert found["processes"] == 12 and found["values"] == "same"
    assert first["value"] == {"text": "3", "type": "int"}
    said = " ".join(done.stdout.split())
    assert "epochs dropped as preempted" in said
    assert f"{first['cost_ns'][0]:.3f}" in said
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("call", ["1+1", "'text'", "(1, 2)", "2 ** 10", "2 * 3"])
def test_a_folded_expression_is_reported(call: str) -> None:
    done = time_command(call)
    assert done.returncode == 0
    assert f"{call}: nothing is left to time" in " ".join(done.stdout.split())
    assert "0.0" not in done.stdout


def test_a_module_of_the_current_folder_can_be_imported(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def f(n):\n    return n\n")
    done = time_command("f(\n  7  # seven\n)", "-s", "from mine import f",
                        # It has its own processes, so it may change process-wide state.
                        "-s", "import gc, os; os.environ['A'] = 'b'; gc.freeze(); os.chdir('/')",
                        "--processes", "10", "--seconds", "1", cwd=tmp_path)  # fmt: skip
    assert done.returncode in (0, 3), done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["f("], "the expression has a syntax error at line 1, column 2"),
        (["a b"], "the expression has a syntax error at line 1, column"),
        ([""], "the expression is empty"),
        (["x = 1"], "is a statement (assign), not an expression"),
        (["import os"], "is a statement (import), not an expression"),
        (["abs(1); abs(2)"], "is a statement ("),
        (["(x := 1)"], "assigns with :="),
        (["(yield)"], "awaits or yields"),
        (["callcost_turn", "-s", "callcost_turn = 1"], "uses callcost_turn, a name of the loop"),
        (["abs(1)", "-s", "a = 1", "-s", "if:"], "has a syntax error at line 2"),
        (["abs(n)"], "call failed: abs(n) raised NameError: name 'n' is not defined"),
        (["abs(n)", "-s", "n = 1 / 0"], "setup failed: its set-up raised ZeroDivisionError"),
        (["abs(-1)", "--vs", "f("], "the expression of --vs has a syntax error"),
        (["abs(-1)", "--vs", "len(3)"], "of --vs: call failed: len(3) raised TypeError"),
        (["print('x')"], "wrote to standard output"),
        (["os.abort()", "-s", "import os"], "crash: its worker died of SIGABRT"),
        (["abs(-1)", "--vs-setup", "n = 1"], "--vs-setup needs the expression of --vs"),
        (["abs(-1)", "--python", "/bin/echo"], "/bin/echo is not an interpreter"),
        (["abs(-1)", "--vs-python", "3.11"], "--vs-python needs the expression of --vs"),
        (["abs(-1)", "--processes", "3"], "is not in the range"),
        (["abs(-1)", "--seconds", "0"], "is not in the range"),
        (["abs(-1)", "--json", "no/such/folder/x.json"], "there is no folder no/such/folder"),
        (["abs(-1)", "--json", ""], "--json: . cannot be written (it is a folder)"),
    ],
)  # fmt: skip
def test_bad_input_gets_a_sentence_and_exit_code_2(arguments: list[str], said: str) -> None:
    done = time_command(*arguments)
    assert done.returncode == 2, done.stdout
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_call_that_does_not_return_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "silence_s", 1.0)
    with pytest.raises(ExpressionError, match="hang: it did not return within 1 s"):
        time_expressions([Asked("sleep(30)", "from time import sleep")], NOBODY)


@pytest.mark.parametrize("at_once", [1, 4])
def test_a_long_call_gets_the_limit_it_needs(at_once: int) -> None:
    def processes(limit: TimeLimit, passes_s: float, start_s: float = 0.1) -> int:
        return limit.processes_for(
            passes_s=passes_s, start_s=start_s, once_s=0, usual=20, passes=15, at_once=at_once,
            looks=[Look(SAME_VALUE, 1e9, start_s)],
        )  # fmt: skip

    with pytest.raises(
        ExpressionError, match=rf"takes 1 s, so that {10 * at_once} .* about 310 s: .*--seconds 310"
    ):
        processes(TimeLimit(), 30.9)
    with pytest.raises(ExpressionError, match=r"a set-up takes 9 s, .* about 100 s"):
        processes(TimeLimit(), 1.0, 9.0)
    assert processes(TimeLimit(310.0), 30.9) == 10
    # In between: longer than the default, but within a user's patience.
    assert processes(TimeLimit(), 0.6) == 10
    assert processes(TimeLimit(), 0.1) == 20
    # A slow set-up alone is not refused.
    assert processes(TimeLimit(1.0, 10), 0.1, 0.6) == 10


def test_an_expression_cannot_use_the_names_of_the_loop() -> None:
    source = inspect.getsource(worker.compile_epoch)
    assert set(re.findall(r"callcost_\w+", source)) == OWN_NAMES


def test_a_call_is_put_on_one_line() -> None:
    reading = read(Asked("f(  # what\n  1,\n  2)"), "it")
    assert reading.call == reading.contender.call == "f(1, 2)"


def test_a_number_that_python_does_not_print_belongs_into_the_set_up() -> None:
    long = f"0x{'f' * 5000}"
    with pytest.raises(ExpressionError, match=r"cannot be put on one line .* in --setup"):
        read(Asked(f"f({long})"), "it")
    sides = [read(Asked("f(n)", f"n = {number}"), "it") for number in (long, "3")]
    assert long in sides[0].contender.setup
    assert labels(sides)[1] == "f(n) after `n = 3`"


@pytest.mark.parametrize("before", ["", '"""What it is."""\n'])
def test_a_set_up_may_import_from_the_future(
    before: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.py").write_text("here = 3\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    setup = f"{before}from __future__ import annotations; from mine import here\nn: absent = here"
    namespace = worker.prepare(asdict(read(Asked("n", setup), "it").contender))
    assert namespace["n"] == 3
