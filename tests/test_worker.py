"""The worker's loop does what it claims: literal calls, fast locals, a code object for each."""

from __future__ import annotations

import dis
import hashlib
import os
import random
import sys
from itertools import repeat
from types import SimpleNamespace
from typing import Any, cast

import pytest

from callcost import worker


def contender(setup: str, call: str, expect: str | None = None, **more: Any) -> dict[str, Any]:
    return {"setup": setup, "call": call, "expect": expect, "binaries": [], **more}


def test_an_epoch_makes_exactly_the_calls_it_says() -> None:
    namespace: dict[str, Any] = {"made": []}
    run, arguments = worker.compile_epoch("made.append(1)", namespace, unroll=7)
    run(repeat(None, 3), worker.CLOCK, *arguments)
    assert len(namespace["made"]) == 21


def test_names_of_the_call_are_fast_locals() -> None:
    run, _ = worker.compile_epoch("f(n)", {"f": abs, "n": 1}, unroll=3)
    loads = [i for i in dis.get_instructions(run) if i.argval in ("f", "n", ("f", "n"))]
    assert loads
    assert all("LOAD_FAST" in instruction.opname for instruction in loads)


def test_an_empty_loop_has_nothing_in_it() -> None:
    one, _ = worker.compile_epoch(worker.EMPTY_CALL, {}, unroll=1)
    many, _ = worker.compile_epoch(worker.EMPTY_CALL, {}, unroll=100)
    assert [i.opname for i in dis.get_instructions(one)] == [
        i.opname for i in dis.get_instructions(many)
    ]


def test_the_same_call_gets_a_code_object_of_its_own_each_time() -> None:
    first, _ = worker.compile_epoch("f(n)", {"f": abs, "n": 1}, unroll=3)
    second, _ = worker.compile_epoch("f(n)", {"f": abs, "n": 1}, unroll=3)
    assert first.__code__ is not second.__code__


@pytest.mark.parametrize(("words", "depth"), [(0, 0), (1, 1), (511, 9)])
def test_a_layout_calls_the_function_once_and_returns_its_result(words: int, depth: int) -> None:
    calls = []
    assert worker.make_layout(words, depth)(lambda: calls.append(1) or 42) == 42  # type: ignore[func-returns-value]
    assert calls == [1]


def test_every_pass_times_every_contender_once() -> None:
    epochs = [worker.compile_epoch("f(n)", {"f": abs, "n": n}, unroll=5) for n in range(4)]
    entered: list[int] = []
    contenders = [{"own_loops": None}] * 4
    group = {"loops": 2, "warm_loops": 1, "passes": 6, "layouts": 3, "contenders": contenders}
    line = cast(worker.Line, SimpleNamespace(enter=entered.append))
    times = worker.time_passes(group, epochs, random.Random(1), line)
    assert [len(row) for row in times] == [6] * 4
    passes = [entered[start : start + 4] for start in range(0, 24, 4)]
    assert all(sorted(order) == [0, 1, 2, 3] for order in passes)
    assert len({tuple(order) for order in passes}) > 1


def test_names_of_a_contender_never_clash_with_those_of_the_loop() -> None:
    namespace = {"epoch": abs, "_": -1, "start": -2, "seen": []}
    run, arguments = worker.compile_epoch("seen.append(epoch(_) - start)", namespace, unroll=2)
    run(repeat(None, 2), worker.CLOCK, *arguments)
    assert namespace["seen"] == [3] * 4


def test_a_set_up_that_turns_the_gil_back_on_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([False, True])
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: next(answers), raising=False)
    with pytest.raises(worker.ContenderError, match="turned the GIL back on"):
        worker.prepare(contender("", "1"))


def test_pinning_says_why_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setaffinity", refuse, raising=False)
    assert worker.pin(0) == "Operation not permitted"
    monkeypatch.delattr(os, "sched_setaffinity")
    assert worker.pin(0) == f"{sys.platform} does not offer it"


@pytest.mark.parametrize(
    ("call", "expect", "said"),
    [
        ("1 + 1", "3", r"1 \+ 1 returned 2 \(int\), expected 3 \(int\)"),
        ("True", "1", r"returned True \(bool\), expected 1 \(int\)"),
        ("2", "2.0", r"returned 2 \(int\), expected 2.0 \(float\)"),
        ("[][0]", "1", "raised IndexError"),
    ],
)
def test_a_wrong_answer_is_refused(call: str, expect: str, said: str, capfd: Any) -> None:
    with pytest.raises(worker.ContenderError, match=said):
        worker.check(contender("", call, expect), {})


def test_a_file_that_is_not_the_one_built_is_refused(tmp_path: Any) -> None:
    path = tmp_path / "extension.so"
    path.write_bytes(b"built")
    digest = hashlib.sha256(b"built").hexdigest()
    binary = {"path": str(path), "sha256": digest, "module": ""}
    worker.check_binary(binary)
    with pytest.raises(worker.ContenderError, match=r"json came from .*, the build made"):
        worker.check_binary({**binary, "module": "json"})
    path.write_bytes(b"stale")
    with pytest.raises(worker.ContenderError, match="is not the file that was built"):
        worker.check_binary(binary)
    path.unlink()
    with pytest.raises(worker.ContenderError, match="cannot be read"):
        worker.check_binary(binary)
