"""The processes of several environments take turns, a pass at a time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from callcost.model.contender import Contender
from callcost.model.group import Environment, Group
from callcost.model.plan import Settings
from callcost.model.run import Run
from callcost.run.coordinator import Turn, measure, take_turns
from callcost.worker import worker


def visit(name: str, passes: list[int], made: list[tuple[str, int]]) -> Iterator[Turn]:
    for workload, own in enumerate(passes):
        for done in range(own):
            yield workload, done / own
            made.append((name, workload))


def test_the_passes_of_a_workload_are_spread_alike() -> None:
    made: list[tuple[str, int]] = []
    take_turns([visit("a", [2, 3], made), visit("b", [6, 0], made)], random.Random(1))
    assert [workload for _, workload in made] == [0] * 8 + [1] * 3
    names = [name for name, _ in made[:8]]
    # Each half of the passes of one has half of those of the other.
    assert sorted(names[:4]) == sorted(names[4:]) == ["a", "b", "b", "b"]


def test_turns_are_in_random_order() -> None:
    orders = set()
    for seed in range(20):
        made: list[tuple[str, int]] = []
        take_turns([visit(name, [3], made) for name in "ab"], random.Random(seed))
        names = "".join(name for name, _ in made)
        assert all(set(names[start : start + 2]) == {"a", "b"} for start in (0, 2, 4))
        orders.add(names)
    assert len(orders) > 2


def run_both(other: Environment, here: Contender, there: Contender, silence_s: float = 20) -> Run:
    groups = [Group("one", (here,)), Group("one @ other3", (there,), environment=other)]
    settings = Settings(processes=10, row_s=0.02, seed=1, silence_s=silence_s)
    return measure(groups, settings, lambda _: None)


def test_no_process_runs_while_another_makes_its_pass(other: Environment, tmp_path: Path) -> None:
    log = tmp_path / "log"
    opened = f"import os\nfd = os.open({str(log)!r}, os.O_APPEND | os.O_WRONLY | os.O_CREAT)"
    here, there = (
        Contender("writes", opened, f"os.write(fd, b'{name}')", "1", own_loops=5) for name in "ab"
    )
    run = run_both(other, here, there)
    assert run.failures == {}
    passes = min(times.plan.passes for times in run.groups.values())
    switches = sum(1 for _ in groupby(log.read_text()))
    # The process that makes the last of two passes may also make the first of the next two.
    assert switches > 10 * passes


def spoiled(deed: str) -> Contender:
    """Makes a call that is right until its process has taken turns for a while."""
    setup = f"""
import itertools, json, os, sys, time
with open(sys.argv[1]) as job:
    turns = json.load(job)["turns_fd"]
made = itertools.repeat(0) if turns is None else iter(range(200))
def abs(n):
    if next(made, None) is None:
        {deed}
    return 3
n = -3
"""
    return Contender("call", setup, "abs(n)", "3")


CALM = Contender("call", "n = -3", "abs(n)", "3")


@pytest.mark.parametrize(
    ("deed", "kind"),
    [
        # Who waits meanwhile is not blamed.
        ("time.sleep(600)", "hang"),
        ("os._exit(3)", "crash"),
        # Neither names a group of this process.
        (f'os.write({worker.ANSWERS_FD}, b\'{{"event": "turn"}}\\n\')', "garbage"),
        (
            f'os.write({worker.ANSWERS_FD}, b\'{{"event": "turn", "group": 7, "done": 0.5}}\\n\')',
            "garbage",
        ),
    ],
)
def test_who_fails_in_its_turn_loses_only_its_own_group(
    other: Environment, deed: str, kind: str
) -> None:
    run = run_both(other, CALM, spoiled(deed), silence_s=2)
    assert [name for name, _ in run.failures] == ["one @ other3"]
    assert next(iter(run.failures.values())).kind == kind
    assert len(run.groups["one"].processes) == 10
