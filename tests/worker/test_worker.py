"""The worker's loop has literal calls, fast locals and its own code object; bad answers fail."""

from __future__ import annotations

import dis
import hashlib
import os
import random
import select
import signal
import sys
from contextlib import ExitStack
from itertools import repeat
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from callcost.run import process
from callcost.worker import worker
from callcost.worker.worker import checks


def contender(setup: str, call: str, expect: str | None = None, **more: Any) -> dict[str, Any]:
    facts = {"setup": setup, "call": call, "expect": expect, "view": None, "raises": None}
    return {**facts, "binaries": [], "program": [], **more}


def test_an_epoch_makes_exactly_the_planned_calls() -> None:
    namespace: dict[str, Any] = {"made": []}
    run, arguments = worker.compile_epoch("made.append(1)", namespace, unroll=7)
    run(repeat(None, 3), worker.CLOCK, *arguments)
    assert len(namespace["made"]) == 21


def test_names_of_the_call_are_fast_locals() -> None:
    run, _ = worker.compile_epoch("f(n)", {"f": abs, "n": 1}, unroll=3)
    loads = [i for i in dis.get_instructions(run) if i.argval in ("f", "n", ("f", "n"))]
    assert loads
    assert all("LOAD_FAST" in instruction.opname for instruction in loads)


def test_an_empty_loop_compiles_to_no_instruction() -> None:
    one, _ = worker.compile_epoch(worker.EMPTY_CALL, {}, unroll=1)
    many, _ = worker.compile_epoch(worker.EMPTY_CALL, {}, unroll=100)
    assert [i.opname for i in dis.get_instructions(one)] == [
        i.opname for i in dis.get_instructions(many)
    ]


def test_each_compiled_epoch_has_its_own_code_object() -> None:
    first, _ = worker.compile_epoch("f(n)", {"f": abs, "n": 1}, unroll=3)
    second, _ = worker.compile_epoch("f(n)", {"f": abs, "n": 1}, unroll=3)
    assert first.__code__ is not second.__code__


@pytest.mark.parametrize(("words", "depth"), [(0, 0), (1, 1), (511, 9)])
def test_a_layout_calls_the_function_once_and_returns_its_result(words: int, depth: int) -> None:
    calls = []
    assert worker.make_place(words, depth)(lambda: calls.append(1) or 42) == 42  # type: ignore[func-returns-value]
    assert calls == [1]


def test_every_pass_times_every_contender_once() -> None:
    epochs = [worker.compile_epoch("f(n)", {"f": abs, "n": n}, unroll=5) for n in range(4)]
    entered: list[int] = []
    waited: list[float] = []
    contenders = [contender("", "f(n)", own_loops=None)] * 4
    group = {"loops": 2, "warm_loops": 1, "passes": 6, "stack_places": 3, "contenders": contenders}
    line = cast(worker.Line, SimpleNamespace(enter=entered.append, await_turn=waited.append))
    times = worker.time_passes(group, epochs, random.Random(1), line, worker.guard.Throttle(()))
    assert [len(row) for row in times] == [6] * 4
    passes = [entered[start : start + 4] for start in range(0, 24, 4)]
    assert all(sorted(order) == [0, 1, 2, 3] for order in passes)
    assert len({tuple(order) for order in passes}) > 1
    assert waited == [0, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6]


def test_a_worker_can_send_a_sign_of_life_before_each_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A group may take much longer than its worker may be silent.
    position, answers = tmp_path / "position", tmp_path / "answers"
    position.write_bytes(worker.POSITION.pack(0, 0))
    now_ns = iter(range(0, 1 << 62, 2 * worker.HEARTBEAT_NS))
    monkeypatch.setattr(worker, "CLOCK", lambda: next(now_ns))
    monkeypatch.setattr(signal, "alarm", lambda _: None)
    group = {"loops": 2, "warm_loops": 1, "passes": 6, "stack_places": 3,
             "contenders": [contender("", "f(n)", own_loops=None)] * 4}  # fmt: skip
    epochs = [worker.compile_epoch("f(n)", {"f": abs, "n": n}, unroll=5) for n in range(4)]
    with answers.open("wb") as file:
        line = worker.Line(file.fileno(), str(position), 41)
        worker.time_passes(group, epochs, random.Random(1), line, worker.guard.Throttle(()))
    assert answers.read_text() == '{"event": "alive"}\n' * 24


def test_names_of_a_contender_do_not_clash_with_names_of_the_loop() -> None:
    namespace = {"epoch": abs, "_": -1, "start": -2, "seen": []}
    run, arguments = worker.compile_epoch("seen.append(epoch(_) - start)", namespace, unroll=2)
    run(repeat(None, 2), worker.CLOCK, *arguments)
    assert namespace["seen"] == [3] * 4


def test_a_set_up_that_turns_the_gil_back_on_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([False, True])
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: next(answers), raising=False)
    with pytest.raises(worker.ContenderError, match="turned the GIL back on"):
        worker.prepare(contender("", "1"))


def test_failed_pinning_returns_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setaffinity", refuse, raising=False)
    assert process.pin(0, 0) == "Operation not permitted"
    monkeypatch.delattr(os, "sched_setaffinity")
    assert process.pin(0, 0) == f"{sys.platform} does not support it"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot pin")
def test_a_worker_is_pinned_before_its_first_instruction(monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.sched_getaffinity(0)
    cpu = min(before)
    pinned: list[int] = []
    bind = os.sched_setaffinity

    def record(pid: int, cpus: set[int]) -> None:
        pinned.append(pid)
        bind(pid, cpus)

    monkeypatch.setattr(os, "sched_setaffinity", record)
    with process.WorkerProcess(sys.executable, {}, 0, 60, cpu) as started:
        assert os.sched_getaffinity(started._process.pid) == {cpu}
    # This thread alone: the worker inherits its CPU, and never sees it change.
    assert set(pinned) == {0}
    assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize(
    ("call", "expect", "said"),
    [
        ("1 + 1", "3", r"1 \+ 1 returned 2 \(int\), expected 3 \(int\)"),
        ("True", "1", r"returned True \(bool\), expected 1 \(int\)"),
        ("2", "2.0", r"returned 2 \(int\), expected 2.0 \(float\)"),
        ("{2}", "{2.0}", r"returned \{2\} \(set\), expected \{2.0\} \(set\)"),
        ("{(True, 2)}", "{(1, 2)}", "returned"),
        ("frozenset([1.0])", "frozenset([1])", "returned"),
        ("{True: 'a'}", "{1: 'a'}", "returned"),
        ("[][0]", "1", "raised IndexError"),
    ],
)
def test_a_wrong_answer_is_refused(call: str, expect: str, said: str, capfd: Any) -> None:
    with pytest.raises(worker.ContenderError, match=said):
        worker.check(contender("", call, expect), {})


TRUTHLESS = "type('Truthless', (), {'__bool__': lambda self: 1 // 0})()"
ALWAYS = f"type('Array', (), {{'__eq__': lambda self, other: {TRUTHLESS}}})"


@pytest.mark.parametrize(
    ("call", "expect", "wrong"),
    [
        ("float('nan')", "float('nan')", ""),
        ("(1, [2.0])", "(1, [2.0])", ""),
        ("(True, [2])", "(1, [2])", "returned (True, [2]) (tuple), expected (1, [2]) (tuple)"),
        ("[1, 1]", "[1]", "returned [1, 1] (list)"),
        ("{'a': 1.0}", "{'a': 1}", "returned {'a': 1.0} (dict)"),
        ("kind()", "kind()", "cannot be compared with the expected"),
        ("silent", "1", "returned <Silent whose repr raised SystemExit> (Silent), expected 1"),
        ("10**5000", "1", "returned <int whose repr raised ValueError> (int), expected 1 (int)"),
        ("'a' * 10**6", "'b'", "aaa... (1,000,002 characters) (str), expected 'b' (str)"),
        ("chr(0xD800)", "'a'", r"returned '\ud800' (str)"),
        ("colours", "1", "returned all red and more (Colours)"),
        ("fail(Colours())", "1", "raised ValueError: all red and more"),
        ("fail(silent)", "1", "raised ValueError: its text raised SystemExit"),
    ],
)
def test_a_wrong_answer_is_described_on_one_printable_line(
    call: str, expect: str, wrong: str
) -> None:
    text = "\x1b[31mall \x1b]0;title\x07red\n\tand\0 more\u202e\x1b[0m"
    names: dict[str, Any] = {"text": text}
    source = f"""
kind = {ALWAYS}
class Silent:
    def __repr__(self): raise SystemExit
class Colours:
    def __repr__(self): return text
def fail(text): raise ValueError(text)
silent, colours = Silent(), Colours()
"""
    exec(source, names)
    if not wrong:
        checks.check_call(contender("", call, expect), names)
        return
    with pytest.raises(checks.ContenderError) as raised:
        checks.check_call(contender("", call, expect), names)
    assert wrong in str(raised.value)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 1_000


def test_the_coordinator_also_cleans_error_messages() -> None:
    assert str(process.WorkerError("crash", "\x1b[1mit died\nof \x07 itself")) == (
        "it died of itself"
    )


def late(after: int, deed: str) -> str:
    """Writes a set-up whose call does something after the given number of calls."""
    return (
        "import sys, itertools\ncount = itertools.count(1)\ndef call():\n    made = next(count)\n"
        f"    if made > {after}:\n        {deed}\n    return 1\n"
    )


def run_passes(*setups: str) -> list[int]:
    """Checks and times contenders; returns the positions that the worker recorded."""
    contenders = [
        contender(setup, "call()", "1", own_loops=None, report=None, name="") for setup in setups
    ]
    group = {
        "unroll": 5, "loops": 2, "warm_loops": 0, "passes": 6, "stack_places": 1,
        "settle_turns": 0, "contenders": contenders, "cpu_stat": [],
    }  # fmt: skip
    entered: list[int] = []
    line = cast(worker.Line, SimpleNamespace(enter=entered.append, await_turn=id, refuse_lost=int))
    watch = worker.Guard(worker.guard.Process(), {})
    try:
        with ExitStack() as stack:
            ready = worker.make_ready(group, line, watch, stack)
            worker.measure_ready(group, ready, random.Random(1), line, watch)
    except worker.ContenderError as error:
        assert entered.pop() == 1, error
        raise
    return entered


def test_a_call_that_turns_wrong_while_it_is_timed_is_named() -> None:
    with pytest.raises(worker.ContenderError, match="after it was timed, call\\(\\) returned 2"):
        run_passes(late(10, "pass"), late(10, "return 2"))


def test_a_contender_that_changes_shared_state_while_it_is_timed_is_named() -> None:
    before = sys.getswitchinterval()
    try:
        with pytest.raises(worker.InterferenceError, match="it changed the switch interval"):
            run_passes(late(10, "pass"), late(10, "sys.setswitchinterval(made)"))
    finally:
        sys.setswitchinterval(before)


def test_a_file_other_than_the_built_one_is_refused(tmp_path: Any) -> None:
    path = tmp_path / "extension.so"
    path.write_bytes(b"built")
    digest = hashlib.sha256(b"built").hexdigest()
    binary = {"path": str(path), "sha256": digest, "module": ""}
    checks.check_binary(binary)
    with pytest.raises(worker.ContenderError, match=r"json was imported from .*, but built as"):
        checks.check_binary({**binary, "module": "json"})
    path.write_bytes(b"stale")
    with pytest.raises(worker.ContenderError, match="is not the file that was built"):
        checks.check_binary(binary)
    path.unlink()
    with pytest.raises(worker.ContenderError, match="cannot read"):
        checks.check_binary(binary)


def test_a_program_receives_the_turns_and_stack_bytes_of_its_epoch(program: Any) -> None:
    _, call, expect, command = program(
        "print(answer(turns), flush=True)", "print('asked', line, end='', flush=True)"
    )
    facts = contender("", call, expect, program=command)
    with worker.Program(facts) as echo:
        echo.check()
        # The program repeats the request, which is not a valid answer.
        with pytest.raises(worker.ContenderError, match=r"its program answered b'asked 7 2 48\\n'"):
            echo.time_epoch(7, 2, 48)


def test_a_program_that_turns_wrong_while_it_is_timed_is_refused(program: Any) -> None:
    _, call, expect, command = program(
        "print(answer(turns), flush=True)", "print(answer(turns), 3 - asked, flush=True)"
    )
    with worker.Program(contender("", call, expect, program=command)) as late:
        late.check()
        assert late.time_epoch(9, 0, 0) > 0
        said = r"abs\(n\) returned 2 in its program after it was timed, expected 3"
        with pytest.raises(worker.ContenderError, match=said):
            late.time_epoch(9, 0, 0)


SILENT = "its program did not answer within 0.1 s: it must end each answer with a newline and flush"


@pytest.mark.parametrize("instead", ["pass", "print(answer(turns))"])
def test_a_program_that_does_not_answer_fails(instead: str, program: Any) -> None:
    _, call, expect, command = program("print(answer(turns), flush=True)", instead)
    with worker.Program(contender("", call, expect, program=command), 60) as silent:
        silent.check()
        silent._limit_s = 0.1
        with pytest.raises(worker.ContenderError, match=SILENT) as caught:
            silent.time_epoch(7, 2, 48)
    assert caught.value.kind == "hang"


@pytest.mark.parametrize(
    ("instead", "said"),
    [
        ("print(12, end='', flush=True)", r"within 0.1 s \(it began with b'12' and did not end"),
        ("os.close(1); signal.pause()", "its program closed its output but kept running"),
    ],
)
def test_a_program_that_answers_with_part_of_a_line_fails(
    instead: str, said: str, program: Any
) -> None:
    _, call, expect, command = program("print(answer(turns), flush=True)", instead)
    with worker.Program(contender("", call, expect, program=command), 60) as halting:
        halting.check()
        # It is asked before the limit is set, so it has as much time as it needs.
        os.write(halting._to_fd, b"7 2 48\n")
        select.select([halting._from_fd], [], [])
        halting._limit_s = 0.1
        with pytest.raises(worker.ContenderError, match=said) as caught:
            halting.time_epoch(7, 2, 48)
    assert caught.value.kind == "hang"


def test_a_program_has_less_time_than_its_worker(tmp_path: Path) -> None:
    position = tmp_path / "position"
    position.write_bytes(worker.POSITION.pack(0, 0))
    for silence_s in (0.9, 3, 20, 600):
        limit_s = process.limit_of(silence_s)
        assert 0 < worker.Line(1, str(position), limit_s).program_limit_s < silence_s


def test_a_preempted_epoch_of_a_program_is_negative(program: Any) -> None:
    _, call, expect, command = program('f"{now_ns() - start_ns} 1"', 'f"-{now_ns() - start_ns} -1"')
    with worker.Program(contender("", call, expect, program=command)) as preempted:
        preempted.check()
        assert preempted.time_epoch(9, 0, 0) < 0
        assert preempted.empty_ns == [-1]


def test_programs_are_timed_in_the_same_passes_with_their_own_number_of_turns(program: Any) -> None:
    _, call, expect, command = program()
    group = {
        "unroll": 5, "loops": 2, "warm_loops": 1, "passes": 6, "stack_places": 3,
        "contenders": [
            contender("", "f(n)", own_loops=None),
            contender("", call, expect, program=command, own_loops=7),
        ],
    }  # fmt: skip
    asked: list[tuple[int, ...]] = []

    class Listening(worker.Program):
        def time_epoch(self, *request: int) -> int:
            asked.append(request)
            return super().time_epoch(*request)

    line = cast(worker.Line, SimpleNamespace(enter=lambda _: None, await_turn=lambda _: None))
    with Listening(group["contenders"][1]) as floor:  # type: ignore[index]
        floor.check()
        epoch = worker.compile_epoch("f(n)", {"f": abs, "n": 1}, unroll=5)
        times = worker.time_passes(
            group, [epoch, floor], random.Random(1), line, worker.guard.Throttle(())
        )
    assert [len(row) for row in times] == [len(floor.empty_ns)] * 2 == [6, 6]
    assert {request[:2] for request in asked} == {(7, 1)}
    assert len({stack_bytes for _, _, stack_bytes in asked}) > 1
