"""Groups of another interpreter are measured in it, in the same run, and fail separately."""

from __future__ import annotations

import ast
import json
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from callcost import native
from callcost.bindings.registry import mechanisms
from callcost.estimate import record
from callcost.estimate.estimate import estimate_run
from callcost.estimate.trust import trust
from callcost.model.contender import Contender
from callcost.model.group import COMPILED_YARDSTICK, Environment, Group, controls_for
from callcost.model.plan import Plan, Settings
from callcost.model.run import NO_COST, Run
from callcost.run import interpreters, planning
from callcost.run.coordinator import _Coordinator, measure
from callcost.run.process import WorkerError, WorkerProcess, describe_group
from callcost.worker import worker

PYPY = shutil.which("pypy3")
needs_pypy = pytest.mark.skipif(PYPY is None, reason="pypy3 is not installed")
SETTINGS = Settings(processes=10, row_s=0.02, seed=1)
ABSOLUTE = (
    Contender("builtin", "n = -3", "abs(n)", "3"),
    Contender("method", "n = -3", "n.__abs__()", "3"),
)
# The tally counts every call of C, even if its result is unused; 0 follows 99.
CTYPES = f"""
import ctypes
library = ctypes.CDLL({str(native.LIBRARY)!r})
library.tally_new.restype = ctypes.c_void_p
library.tally_increment.argtypes = [ctypes.c_void_p]
"""
CFFI = f"""
import cffi
ffi = cffi.FFI()
ffi.cdef("void *tally_new(int start); int tally_increment(void *self);")
library = ffi.dlopen({str(native.LIBRARY)!r})
"""
TALLY = "increment = library.tally_increment\ntally = library.tally_new(0)"
# Mechanisms that another interpreter may import: their files must not need CPython.
PORTABLE = [m for m in mechanisms() if not m.compiled or m.tool in ("cffi", "ctypes")]


def wrapper(folder: Path, script: str) -> str:
    """Writes an executable script to use as an interpreter."""
    path = folder / "python-wrapper"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def quietly(*groups: Group) -> Run:
    return measure(groups, SETTINGS, lambda _: None)


def tally_job(library: str, settle_turns: int) -> dict[str, Any]:
    plan = Plan(1, loops=7, warm_loops=1, passes=3, max_unroll=1, settle_turns=settle_turns)
    contender = Contender(
        "tally", library + TALLY, "increment(tally)", report="increment(tally)", own_loops=None
    )
    return {"seed": 1, "groups": [describe_group((contender,), plan)]}


def answers(python: str, told: dict[str, Any]) -> list[dict[str, Any]]:
    with WorkerProcess(python, told, hash_seed=0, silence_s=20) as process:
        return list(process.events())


def evaluated_unions(tree: ast.Module) -> Iterator[int]:
    """Yields the lines of annotations with `|` that importing the module evaluates."""
    for node in ast.walk(tree):
        notes: list[ast.expr | None] = []
        if isinstance(node, ast.FunctionDef):
            arguments = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
            notes = [node.returns, *(argument.annotation for argument in arguments)]
        elif isinstance(node, ast.ClassDef | ast.Module):
            notes = [line.annotation for line in node.body if isinstance(line, ast.AnnAssign)]
        for note in notes:
            if note is not None and any(isinstance(n, ast.BitOr) for n in ast.walk(note)):
                yield note.lineno


@pytest.mark.parametrize(
    "path",
    [*Path(worker.__file__).parent.glob("*.py"), *(m.folder / "__init__.py" for m in PORTABLE)],
)
def test_files_for_other_interpreters_are_valid_python_3_9(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
    # `int | None` is a TypeError there, unless annotations are left alone: quoted, local to a
    # function, or after `from __future__ import annotations`.
    if "from __future__ import annotations" not in ast.unparse(tree):
        assert list(evaluated_unions(tree)) == []


@pytest.mark.parametrize("library", [CTYPES, CFFI], ids=["ctypes", "cffi"])
@pytest.mark.parametrize("python", [sys.executable, pytest.param(PYPY, marks=needs_pypy)])
def test_every_call_is_made_even_if_its_result_is_unused(python: str, library: str) -> None:
    ready, times, done = answers(python, tally_job(library, settle_turns=5000))
    assert ready["interpreter"]["implementation"] in ("cpython", "pypy")
    assert [len(row) for row in times["epoch_ns"]] == [3]
    # Runs of 1, 2, 4, ... turns until there are 5,000: 8,191.
    settling = 8191 + worker.SETTLE_EXITS
    checks, passes, report = 2, 3 * (1 + 7), 1
    assert times["reports"]["tally"] == (checks + settling + passes + report) % 100
    assert done == {"event": "done"}


@needs_pypy
def test_pypy_runs_a_settled_loop_as_machine_code(tmp_path: Path) -> None:
    assert PYPY is not None
    interpreted = wrapper(tmp_path, f'exec {PYPY} --jit off "$@"')
    groups = [describe_group(ABSOLUTE, planning.SCOUTING_COMPILED)]
    told = {"seed": 1, "groups": groups}
    interpreted_ns = answers(interpreted, told)[1]["call_ns"]
    # A compiled turn takes at most a fifth of an interpreted one. Other programs can only make it
    # slower, so the fastest of several is compared.
    tries = [answers(PYPY, told)[1]["call_ns"] for _ in range(5)]
    compiled_ns = [min(each) for each in zip(*tries, strict=True)]
    assert all(0 < ns < 0.5 * slow for ns, slow in zip(compiled_ns, interpreted_ns, strict=True))


def test_groups_of_two_interpreters_are_measured_in_one_run(other: Environment) -> None:
    here, there = (
        Group("absolute", ABSOLUTE),
        Group("absolute @ other3", ABSOLUTE, environment=other),
    )
    run = quietly(here, there)
    assert run.failures == {}
    assert [len(times.processes) for times in run.groups.values()] == [10, 10]
    # A process for each interpreter and round, and one for each to scout.
    assert len(run.hash_seeds) == 22
    said = "\n".join(trust(run, estimate_run(run)))
    assert f"@ other3 is {other.facts['build']}" in said


def test_set_ups_run_in_the_interpreter_of_their_group(other: Environment, tmp_path: Path) -> None:
    script = f'CALLCOST_OTHER=yes exec {sys.executable} "$@"'
    elsewhere = replace(other, python=wrapper(tmp_path, script))
    marked = Contender(
        "marked", "import os\nwhere = os.environ.get('CALLCOST_OTHER')", "str(where)", "'yes'"
    )
    run = quietly(Group("here", (marked,)), Group("there", (marked,), environment=elsewhere))
    assert list(run.groups) == ["there"]
    assert run.failures["here", "marked"].kind == "wrong answer"


@pytest.mark.parametrize(
    ("script", "kind", "said"),
    [
        (None, "no interpreter", "cannot start python-wrapper: No such file or directory"),
        ("echo broken >&2; exit 3", "crash", "exit code 3: broken, before any call was made"),
        ("kill -SEGV $$", "crash", "its worker died of SIGSEGV, before any call was made"),
        ("echo '{}'", "garbage", "made its worker answer"),
    ],
)
def test_a_broken_interpreter_only_loses_its_own_groups(
    script: str | None, kind: str, said: str, other: Environment, tmp_path: Path
) -> None:
    python = str(tmp_path / "python-wrapper") if script is None else wrapper(tmp_path, script)
    broken = replace(other, python=python)
    run = quietly(
        Group("absolute", ABSOLUTE), Group("absolute @ other3", ABSOLUTE, environment=broken)
    )
    assert list(run.groups) == ["absolute"]
    assert len(run.groups["absolute"].processes) == 10
    for contender in ABSOLUTE:
        failure = run.failures["absolute @ other3", contender.name]
        assert failure.kind == kind and said in failure.message
    with pytest.raises(WorkerError):
        interpreters.find(python)


def test_a_call_that_is_optimised_away_is_left_out(other: Environment) -> None:
    compiled = replace(other, facts={**other.facts, "implementation": "pypy"})
    run = Run(SETTINGS, None, 1)
    work = _Coordinator(run, [Group("g", ABSOLUTE, environment=compiled)], lambda _: None)
    # The empty loop, the twin and the yardstick follow the group's own.
    work._keep_estimates(0, [2.0, 12.0, 1.0, 2.0, 25.0])
    assert run.failures["g", "builtin"].kind == NO_COST
    assert [contender.name for contender in work._groups[0].contenders] == ["method"]
    assert work._call_ns[0] == [12.0, 1.0, 2.0, 25.0]
    work = _Coordinator(run, [Group("h", ABSOLUTE, environment=other)], lambda _: None)
    work._keep_estimates(0, [2.0, 12.0, 1.0, 2.0, 25.0])
    assert len(work._groups[0].contenders) == 2


def test_compiled_loops_hold_one_call_and_many_turns(other: Environment) -> None:
    compiled = replace(other, facts={**other.facts, "implementation": "pypy"})
    group = Group("g", ABSOLUTE, environment=compiled)
    costs_ns = [10.0, 500.0, 1.0, 10.0, 25.0]
    scouted = planning.scouting_plan(group)
    least = planning.least_calls(group, costs_ns)
    plan = planning.plan_epochs(costs_ns, 1, scouted.max_unroll, least)
    assert (plan.unroll, plan.loops) == (1, 4000)
    assert planning.least_calls(group, [10.0, 1e9, 1.0]) == 1
    assert planning.least_calls(Group("g", ABSOLUTE, environment=other), costs_ns) == 1
    assert controls_for(group, 0).yardstick == COMPILED_YARDSTICK


def test_processes_that_must_settle_first_are_fewer_and_spread_evenly(other: Environment) -> None:
    compiled = replace(other, facts={**other.facts, "implementation": "pypy"})
    group = Group("g", ABSOLUTE, environment=compiled)
    due = [number for number in range(32) if planning.is_due(group, number, 32)]
    assert len(due) == planning.SETTLING_PROCESSES == planning.processes_of(group, 32)
    assert {after - before for before, after in pairwise(due)} == {2, 3}
    # As many as there are, if they are few; and always one where nothing settles.
    assert all(planning.is_due(group, number, 10) for number in range(10))
    plain = Group("h", ABSOLUTE, environment=other)
    assert all(planning.is_due(plain, number, 32) for number in range(32))


SUITE = """
import sys
from callcost.run.interpreters import find
from callcost.model.contender import Contender
from callcost.pytest_plugin.plugin import case
import pytest

OTHER = find(sys.executable)
CALL = Contender("builtin", "n = -3", "abs(n)", "3")
CASES = [case("absolute", CALL, identity="here"),
         case("absolute", CALL, identity="there", environment=OTHER)]

@pytest.mark.parametrize((), CASES)
def test_toy(callcost):
    callcost()
"""


def test_a_record_names_the_interpreter_and_is_read_back_whole(
    tmp_path: Path, run_pytest: Any, records: Any, other: Environment
) -> None:
    (tmp_path / "test_toy.py").write_text(SUITE)
    done = run_pytest("--benchmark-only")
    assert done.returncode == 0, done.stdout + done.stderr
    name = f"cpython{sys.version_info[0]}.{sys.version_info[1]}"
    assert f"absolute @ {name}: ns per call" in done.stdout
    (path,) = records()
    section = json.loads(path.read_text())["callcost"]
    assert section["interpreters"] == {name: other.facts}
    assert sys.executable not in path.read_text()
    run = record.Record.load(path).run
    assert {tuple(group.rounds) for group in run.groups.values()} == {tuple(range(10))}
    assert [group.group.place for group in run.groups.values()] == ["", name]
    read = run.groups[f"absolute @ {name}"].group.environment
    assert read is not None and read.facts == other.facts


def test_calls_are_checked_in_the_interpreter_that_would_measure_them(
    tmp_path: Path, run_pytest: Any
) -> None:
    (tmp_path / "test_toy.py").write_text(SUITE.replace('"3")', '"4")'))
    done = run_pytest("--benchmark-disable")
    assert done.returncode == 1
    assert "builtin @ cpython3" in done.stdout and "returned 3 (int), expected 4" in done.stdout
