"""Two sides measured in turns: all processes end, whatever the contenders do."""

from __future__ import annotations

import functools
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import psutil
import pytest
from processes import few_files

from callcost.model.contender import Contender
from callcost.model.layout import Layout
from callcost.model.plan import Plan
from callcost.paired.measure import (
    LONGEST_ROW_S,
    ROW_S,
    Comparison,
    Settings,
    deal,
    measure,
    row_s,
)
from callcost.paired.quartet import SideFailedError, schedule
from callcost.paired.rows import BASE, CONTROL, HEAD, SIDES, Cell, PairedRow, Side
from callcost.paired.rules import DEFAULT_THRESHOLD, Rules
from callcost.paired.verdict import SLOWER, decide

QUICK = Settings(budget_s=1, silence_s=2)
SHORT = Contender("short", "n = -3", "abs(n)", "3")
LONG = Contender("long", "n = -3", "abs(sum(range(40), n))", "777")
GOOD = PairedRow(Cell("good", "builtin"), SHORT, SHORT)


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    before = set(psutil.Process().children(recursive=True))
    open_before = psutil.Process().num_fds()
    with few_files():
        yield
    assert set(psutil.Process().children(recursive=True)) <= before
    assert psutil.Process().num_fds() <= open_before


def sides(**python: str) -> dict[str, Side]:
    return {name: Side(name, name, python.get(name, sys.executable), "build") for name in SIDES}


def compare(*rows: PairedRow, settings: Settings = QUICK) -> Comparison:
    return measure(sides(), rows, Rules(0.02, len(rows)), settings, lambda done, what: None)


def test_a_planted_difference_is_found() -> None:
    slow = PairedRow(Cell("planted", "python"), SHORT, LONG)
    found = compare(GOOD, slow)
    assert not found.failures
    assert set(found.rows) == {GOOD.cell, slow.cell, CONTROL}
    rules = Rules(0.02, 2)
    assert decide(found.rows[slow.cell], rules).word == SLOWER
    assert decide(found.rows[GOOD.cell], rules).word != SLOWER
    assert all(epochs.shape[0] == 4 for epochs in found.rows[GOOD.cell].quartets)


CRASH = "import os, signal\ndef f():\n    {}\n"
# Only a timed call is late: this job does not estimate.
LATE = """
import json, os, signal, sys, time
from pathlib import Path
timed = not json.loads(Path(sys.argv[1]).read_text())["estimate"]
calls = 0
def f():
    global calls
    calls += 1
    if timed and calls > 500:
        {}
"""
BAD = {
    "wrong answer": (SHORT, "wrong answer", "abs(n) returned 3 (int), expected 4 (int)"),
    "set-up": (Contender("x", "import nowhere", "1"), "setup failed", "ModuleNotFoundError"),
    "crash": (
        Contender("x", CRASH.format("os.kill(os.getpid(), signal.SIGSEGV)"), "f()"),
        "crash",
        "SIGSEGV",
    ),
    "late crash": (
        Contender("x", LATE.format("os._exit(4)"), "f()"),
        "crash",
        "exit code 4",
    ),
    "late raise": (
        Contender("x", LATE.format("1 / 0"), "f()"),
        "call failed",
        "ZeroDivisionError",
    ),
    "hang": (Contender("x", "import time", "time.sleep(600)"), "hang", "did not return within"),
    "late hang": (
        Contender("x", LATE.format("time.sleep(600)"), "f()"),
        "hang",
        "did not return within",
    ),
    "late print": (
        Contender("x", LATE.format("os.write(1, b'.')"), "f()"),
        "garbage",
        "standard output",
    ),
    "late wrong answer": (
        Contender("x", LATE.format("return 1"), "f()", "None"),
        "wrong answer",
        "after it was timed, f() returned 1 (int), expected None",
    ),
    "tracing": (
        Contender("x", "import sys\nsys.settrace(lambda *_: None)", "None"),
        "interference",
        "the trace function",
    ),
    "late fork": (
        Contender("x", LATE.format("calls == 501 and os.waitpid(os.fork(), 0)"), "f()"),
        "interference",
        "the number of forks",
    ),
}


def bad_row(deed: str, side: str) -> PairedRow:
    """Makes the row of a contender that is bad on one side only."""
    bad, *_ = BAD[deed]
    if deed == "wrong answer":
        bad = Contender("x", bad.setup, bad.call, "4")
    pair = (bad, SHORT) if side == BASE else (SHORT, bad)
    return PairedRow(Cell("bad", deed), *pair)


@functools.cache
def compared_with_all(side: str) -> Comparison:
    """Compares every contender that is bad on this side, and a good one, all at once."""
    return compare(*(bad_row(deed, side) for deed in deeds(side)), GOOD)


def deeds(side: str) -> list[str]:
    # The late contender is the same code on both sides.
    return [deed for deed in BAD if side == HEAD or not deed.startswith("late")]


@pytest.mark.parametrize(("deed", "side"), [(d, side) for side in SIDES for d in deeds(side)])
def test_a_bad_contender_is_named_and_the_others_are_measured(deed: str, side: str) -> None:
    _, kind, said = BAD[deed]
    found = compared_with_all(side)
    (failure,) = (failure for failure in found.failures if failure.cell == Cell("bad", deed))
    assert (failure.side, failure.kind) == (side, kind)
    assert said in failure.message
    assert len(found.failures) == len(deeds(side))
    assert set(found.rows) == {GOOD.cell, CONTROL}
    assert found.rows[GOOD.cell].quartets


def test_a_side_that_does_not_start_is_named() -> None:
    with pytest.raises(SideFailedError, match=r"head .*cannot start"):
        measure(
            sides(head="/nowhere/python"),
            [GOOD],
            Rules(),
            QUICK,
            lambda done, what: None,
        )


def test_a_comparison_can_lose_every_row() -> None:
    bad = PairedRow(Cell("bad", "python"), SHORT, Contender("x", "", "1 / 0"))
    found = compare(bad)
    assert [failure.side for failure in found.failures] == [HEAD]
    assert not found.rows


def test_an_interrupt_ends_all_processes() -> None:
    def interrupt(done: float, what: str) -> None:
        if done > 0.1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(sides(), [GOOD], Rules(), QUICK, interrupt)


class FakeTimer:
    """A process that checks its rows: every call takes 100 ns."""

    def __init__(self, side: Side, rows: list[Any], *_: object, estimate: bool) -> None:
        self._rows = rows

    def __enter__(self) -> FakeTimer:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def wait_until_ready(self) -> list[float]:
        """Estimates the calls in ns."""
        return [100.0] * len(self._rows)


def test_each_row_is_measured_until_it_is_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {"calm": 0.0, "slow": 0.5, "restless": 0.0}
    rows = [PairedRow(Cell("work", name), SHORT, SHORT) for name in changes]
    randomness = np.random.default_rng(1)
    luck = randomness.normal(0, 0.2, 17)

    def fake(_: object, rows: list[Any], conditions: object, layout: int) -> dict[Cell, Any]:
        found = {}
        for row, _plan in rows:
            levels = randomness.normal(0, 0.001, (4, 1)) + np.zeros((4, 20))
            levels[2:] += changes.get(row.cell.mechanism, 0.0)
            if row.cell.mechanism == "restless":
                levels[2:] += luck[layout]
            found[row.cell] = np.rint(1e6 * np.exp(levels)).astype(np.int64)
        return found

    monkeypatch.setattr("callcost.paired.measure.Timer", FakeTimer)
    monkeypatch.setattr("callcost.paired.measure.time_quartet", fake)
    places = tuple(Layout(sys.executable, {}) for _ in range(16))
    both = {name: replace(side, layouts=places) for name, side in sides().items()}
    found = measure(both, rows, Rules(0.02, 3), Settings(100), lambda done, what: None)
    taken = {cell.mechanism: len(times.quartets) for cell, times in found.rows.items()}
    # Fewer than six layouts decide nothing, and some are dealt twice.
    assert all(6 <= taken[name] <= 8 for name in ("calm", "slow"))
    assert 20 <= taken["restless"] == taken["builtin"] <= 2 * 19
    assert found.given_up == [Cell("work", "restless")]
    quartets = {cell.mechanism: times.layouts for cell, times in found.rows.items()}
    assert quartets["calm"] == quartets["restless"][: taken["calm"]]


def test_a_smaller_threshold_gets_more_time() -> None:
    shares = (0.1, DEFAULT_THRESHOLD, DEFAULT_THRESHOLD / 2, 0.005, 0.0)
    assert [row_s(share) for share in shares] == [
        ROW_S,
        ROW_S,
        4 * ROW_S,
        LONGEST_ROW_S,
        LONGEST_ROW_S,
    ]


def test_each_layout_is_dealt_once_in_a_round_and_the_first_more_often() -> None:
    dealt = list(islice(deal(random.Random(1), 17), 2 * 19))
    for part in (dealt[:19], dealt[19:]):
        assert sorted(part) == [0, 0, *range(17)]
    assert dealt[:19] != dealt[19:]


def test_each_rows_passes_are_spread_over_a_quartet() -> None:
    plans = [Plan(1, 1, 0, passes) for passes in (10, 100)]
    order = schedule(plans, random.Random(1))
    assert (order.count(0), order.count(1)) == (10, 100)
    places = [place for place, number in enumerate(order) if number == 0]
    # One in each tenth.
    assert [round(place / 11 - 0.5) for place in places] == pytest.approx(range(10), abs=1)
