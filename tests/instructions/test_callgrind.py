"""Counts are exact, show every difference, and survive failing contenders."""

from __future__ import annotations

import math
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from checkout import SUPPORT
from needs import needs_callgrind, needs_compiler, needs_cpython
from processes import few_files

from callcost.instructions import callgrind, counting
from callcost.instructions.callgrind import count
from callcost.model.contender import Contender
from callcost.model.instructions import Count, Uncounted, changed

PYPY = shutil.which("pypy3")
WAIT_S = 60.0
NOPS = 7

CALLS = {
    "builtin": Contender("abs", "n = -3", "abs(n)", "3"),
    "python": Contender("absolute", "def same(n):\n    return n\nn = 3", "same(n)", "3"),
    "allocates": Contender("divmod", "n = 10 ** 20", "divmod(n, 7)", "divmod(10 ** 20, 7)"),
    "refused": Contender("sqrt", "from math import sqrt\nn = -1.0", "sqrt(n)", raises="ValueError"),
    "viewed": Contender("list", "n = 5", "[n, n]", "2", view="len(result)"),
    "dear": Contender("sorted", "row = list(range(3000))", "sorted(row)"),
}
WAITS = Contender("waits", "from time import sleep", "sleep(0)")
# Counted once for all tests, in one process and in this order: a call counted before
# others has the same count as alone.
COUNTED_ONCE = {
    "waits": WAITS,
    **CALLS,
    "again": CALLS["builtin"],
    "twice": Contender("abs", "n = -3", "abs(abs(n))", "3"),
    "environ": Contender(
        "environ",
        "from os import getenv as probe",
        "(probe('CALLCOST_PROBE'), probe('PYTHONHASHSEED'))",
        "(None, '0')",
    ),
}
LATE = """
calls = 0
def late():
    global calls
    calls += 1
    if calls > 3:
        {deed}
"""
BAD = {
    "wrong": Contender("wrong", "n = -3", "abs(n)", "4"),
    "crashes": Contender("crashes", "import ctypes", "ctypes.string_at(0)"),
    "crashes late": Contender(
        "late", "import ctypes\n" + LATE.format(deed="ctypes.string_at(0)"), "late()"
    ),
    "raises late": Contender("late", LATE.format(deed="raise ValueError('enough')"), "late()"),
    "prints late": Contender(
        "late", "import os\n" + LATE.format(deed="os.write(1, b'late')"), "late()"
    ),
    "exits late": Contender("late", "import os\n" + LATE.format(deed="os._exit(3)"), "late()"),
    "marks": Contender("marks", "from os import getppid", "getppid()"),
    "program": Contender("program", "", "abs(n)", program=("true",)),
    "wrong late": Contender("late", LATE.format(deed="return 1"), "late()", "None"),
    "collects": Contender("collects", "import gc", "gc.enable()"),
}
SAID = {
    "wrong": "wrong answer: abs(n) returned 3 (int), expected 4 (int)",
    "crashes": "crash: its worker died of SIGSEGV",
    "crashes late": "crash: its worker died of SIGSEGV",
    "raises late": "call failed: it raised ValueError: enough",
    "prints late": "garbage: it wrote to standard output while it was counted",
    "exits late": "crash: its worker ended with exit code 3",
    "marks": "it calls getppid, which marks where counting begins and ends",
    "program": "setup failed: it is a program; only calls are counted",
    "wrong late": "wrong answer: after it was timed, late() returned 1 (int), expected None",
    "collects": "interference: it changed the garbage collector, which affects all others",
}
HANGS = Contender("hangs", "import time\n" + LATE.format(deed="time.sleep(600)"), "late()")
COORDINATOR = """
import signal, sys
from callcost.instructions.callgrind import count
from test_callgrind import HANGS

signal.signal(signal.SIGINT, signal.default_int_handler)
count(sys.executable, {"hangs": HANGS, "as well": HANGS}, jobs=2)
"""
EXTENSION = """
#include <Python.h>

static PyObject *call(PyObject *module, PyObject *ignored)
{
    %s
    Py_RETURN_NONE;
}
static PyMethodDef methods[] = {{"call", call, METH_NOARGS, ""}, {NULL}};
static struct PyModuleDef module = {
    .m_base = PyModuleDef_HEAD_INIT, .m_name = "%s", .m_methods = methods};
PyMODINIT_FUNC PyInit_%s(void) { return PyModule_Create(&module); }
"""


def instructions(results: dict[str, Count | Uncounted]) -> dict[str, float]:
    """Returns the instructions of each call; fails if one was not counted."""
    found = {name: one.instructions for name, one in results.items() if isinstance(one, Count)}
    assert len(found) == len(results), {k: str(v) for k, v in results.items()}
    return found


@pytest.fixture
def few_open_files() -> Iterator[None]:
    with few_files():
        yield


@pytest.fixture(scope="module")
def counted() -> dict[str, Count | Uncounted]:
    """The counts of COUNTED_ONCE, with environment variables that must not matter.

    callgrind works during every set-up.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(callgrind, "SLOW_S", math.inf)
        patch.setenv("CALLCOST_PROBE", "1")
        patch.setenv("PYTHONHASHSEED", "77")
        return count(sys.executable, COUNTED_ONCE)


@needs_callgrind
@needs_cpython
def test_two_runs_give_the_same_numbers_exactly(
    counted: dict[str, Count | Uncounted], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Now callgrind works during no set-up.
    monkeypatch.setattr(callgrind, "SLOW_S", 0.0)
    assert count(sys.executable, COUNTED_ONCE) == counted
    found = instructions(counted)
    assert min(found.values()) > 10
    assert found["dear"] > 10 * found["builtin"]
    assert counted["builtin"] == Count(found["builtin"], 8 * 64, spread=0.0)


@needs_callgrind
@needs_cpython
def test_processes_and_layouts_do_not_change_the_counts(
    counted: dict[str, Count | Uncounted],
) -> None:
    starts = Contender(
        "starts", "import threading\nt = threading.Thread(target=int)\nt.start()\nt.join()", "int()"
    )
    asked = {"starts": starts, "waits": WAITS}
    assert count(sys.executable, asked)["waits"] != counted["waits"]
    heard: list[str] = []
    parted = count(
        sys.executable, asked, jobs=2, layouts=2, report=lambda name, _: heard.append(name)
    )
    assert parted["waits"] == counted["waits"]
    assert list(parted) == list(asked)
    assert sorted(heard) == sorted(asked)


def test_contenders_are_shared_between_processes_or_kept_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(counting: Any) -> dict[str, Count | Uncounted]:
        together = " ".join(counting.contenders)
        return dict.fromkeys(counting.contenders, Uncounted("together", together))

    monkeypatch.setattr(callgrind._Counting, "run", run)
    asked = dict.fromkeys("abcd", WAITS)
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["a b c d"] * 4),
        ({"jobs": 2}, ["a c", "b d"] * 2),
        ({"jobs": 2, "apart": str}, [*"abcd"]),
        ({"apart": "ab".__contains__}, ["a b", "a b", "c d", "c d"]),
    ]
    for more, shares in cases:
        found = count(sys.executable, asked, **more)
        assert [str(found[name]) for name in asked] == [f"together: {each}" for each in shares]


@needs_callgrind
@needs_cpython
def test_only_different_code_changes_the_count(
    counted: dict[str, Count | Uncounted],
) -> None:
    once, again, twice = (counted[name] for name in ("builtin", "again", "twice"))
    assert isinstance(once, Count) and isinstance(again, Count) and isinstance(twice, Count)
    assert once.instructions == again.instructions
    assert twice.instructions > once.instructions + 20
    assert changed(once, twice) and changed(twice, once) and not changed(once, again)


@needs_callgrind
@needs_cpython
def test_the_environment_is_cleared(counted: dict[str, Count | Uncounted]) -> None:
    # It expects neither variable of the fixture.
    assert isinstance(counted["environ"], Count), str(counted["environ"])


def build_extension(folder: Path, name: str, nops: int) -> Path:
    """Compiles a module with one function, which has this many no-op instructions."""
    source = folder / f"{name}.c"
    source.write_text(EXTENSION % ('__asm__ volatile("nop");' * nops, name, name))
    made = folder / f"{name}.so"
    include = sysconfig.get_path("include")
    command = ["cc", "-O2", "-shared", "-fPIC", f"-I{include}", str(source), "-o", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    return made


@needs_callgrind
@needs_cpython
@needs_compiler
def test_every_instruction_of_an_extension_counts(tmp_path: Path) -> None:
    names = {"bare": 0, "laden": NOPS}
    for name, nops in names.items():
        build_extension(tmp_path, name, nops)
    found_here = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n"
    contenders = {
        name: Contender(name, f"{found_here}from {name} import call", "call()") for name in names
    }
    found = instructions(count(sys.executable, contenders))
    assert found["laden"] - found["bare"] == NOPS


@needs_callgrind
@needs_cpython
@pytest.mark.usefixtures("few_open_files")
def test_a_failure_is_named_and_the_others_are_counted() -> None:
    good = {name: CALLS[name] for name in ("builtin", "python")}
    results = count(sys.executable, {"builtin": good["builtin"], **BAD, "python": good["python"]})
    instructions({name: results[name] for name in good})
    said = {name: str(results[name]) for name in BAD}
    assert {name: text for name, text in said.items() if SAID[name] not in text} == {}


@needs_callgrind
@needs_cpython
def test_a_hang_is_ended_and_the_others_are_counted() -> None:
    results = count(sys.executable, {"hangs": HANGS, "builtin": CALLS["builtin"]}, timeout_s=20)
    assert str(results["hangs"]) == "hang: it did not return within 20 s"
    assert isinstance(results["builtin"], Count)


@needs_callgrind
@pytest.mark.skipif(PYPY is None, reason="pypy3 is not installed")
def test_an_interpreter_that_compiles_loops_is_refused() -> None:
    assert PYPY is not None
    results = count(PYPY, {"builtin": CALLS["builtin"]})
    assert "no interpreter: pypy: " in str(results["builtin"])


@needs_callgrind
def test_a_missing_interpreter_is_named() -> None:
    results = count("/no/such/python", CALLS)
    assert set(results) == set(CALLS)
    for result in results.values():
        assert str(result) == "no interpreter: cannot start python: No such file or directory"


def test_a_missing_valgrind_is_the_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    reason = callgrind.why_not()
    assert reason is not None and "apt-get install valgrind" in reason
    results = count(sys.executable, CALLS)
    assert {str(result) for result in results.values()} == {f"no callgrind: {reason}"}


def test_another_system_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    reason = callgrind.why_not()
    assert reason is not None and "darwin" in reason


@needs_callgrind
@needs_cpython
def test_counts_are_the_same_without_vgdb(
    counted: dict[str, Count | Uncounted], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for program in ("valgrind", "setarch"):
        whole = shutil.which(program)
        assert whole is not None
        stand_in = tmp_path / program
        stand_in.write_text(f'#!/bin/sh\nexec {whole} "$@"\n')
        stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("vgdb") is None
    slow = count(sys.executable, {"builtin": CALLS["builtin"]})
    assert instructions(slow) == instructions({"builtin": counted["builtin"]})


@needs_callgrind
@needs_cpython
def test_a_missing_setarch_is_noted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    valgrind = shutil.which("valgrind")
    assert valgrind is not None
    # Not a link: a valgrind that is a script looks for the program beside itself.
    stand_in = tmp_path / "valgrind"
    stand_in.write_text(f'#!/bin/sh\nexec {valgrind} "$@"\n')
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    counting.fixed_layout.cache_clear()
    try:
        assert str(callgrind.caveat()).startswith("setarch is missing or not permitted")
        instructions(count(sys.executable, {"builtin": CALLS["builtin"]}))
    finally:
        counting.fixed_layout.cache_clear()


@pytest.mark.parametrize(
    ("base", "head", "differs"),
    [
        (100.0, 100.5, False),
        (100.0, 100.6, True),
        (100.0, 99.4, True),
        (10_000.0, 10_002.0, False),
        (10_000.0, 10_003.0, True),
        (0.0, 0.0, False),
        (0.0, 1.0, True),
    ],
)
def test_a_change_is_half_a_percent_or_two_instructions(
    base: float, head: float, differs: bool
) -> None:
    assert changed(Count(base, 1), Count(head, 1)) is differs


def wait_for(what: Callable[[], bool]) -> bool:
    """Waits until a condition holds; returns whether it does."""
    end_s = time.monotonic() + WAIT_S
    while not what():
        if time.monotonic() > end_s:
            return False
        time.sleep(0.05)
    return True


def under_valgrind(parent: psutil.Process) -> list[psutil.Process]:
    """Lists the descendants of a process that run under callgrind."""
    found = []
    for child in parent.children(recursive=True):
        try:
            if any("--tool=callgrind" in word for word in child.cmdline()):
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


@needs_callgrind
@needs_cpython
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_no_process_outlives_the_coordinator(tmp_path: Path, number: signal.Signals) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    script = tmp_path / "coordinator.py"
    script.write_text(COORDINATOR)
    coordinator = subprocess.Popen(
        [sys.executable, str(script)],
        env={
            **os.environ,
            "TMPDIR": str(temporary),
            "PYTHONPATH": f"{Path(__file__).parent}{os.pathsep}{SUPPORT}",
        },
        stderr=subprocess.DEVNULL,
    )
    try:
        parent = psutil.Process(coordinator.pid)
        assert wait_for(lambda: len(under_valgrind(parent)) == 2)
        children = under_valgrind(parent)
        coordinator.send_signal(number)
        coordinator.wait(WAIT_S)
        assert wait_for(lambda: not any(child.is_running() for child in children))
    finally:
        coordinator.kill()
        coordinator.wait()
    if number == signal.SIGINT:
        assert list(temporary.iterdir()) == []


@needs_callgrind
@needs_cpython
def test_another_thread_can_end_the_counting() -> None:
    halt = callgrind.Halt()
    results: dict[str, Count | Uncounted] = {}
    thread = threading.Thread(
        target=lambda: results.update(count(sys.executable, {"hangs": HANGS}, halt=halt))
    )
    thread.start()
    assert wait_for(lambda: bool(under_valgrind(psutil.Process())))
    halt()
    thread.join(WAIT_S)
    assert str(results["hangs"]) == "interrupted: counting was ended"
    assert under_valgrind(psutil.Process()) == []
