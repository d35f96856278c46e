"""Every mechanism gives the right answer to every workload, through the tool's own callable."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import importlib
import sys
import types
from typing import Any

import numpy as np
import pytest

from callcost import native
from callcost.benchmarks.catalogue import (
    BREAK_EVEN_RESULTS,
    WORKLOADS,
    Workload,
    break_even_workload,
)
from callcost.benchmarks.contenders import setup_source
from callcost.bindings.registry import EVERYTHING_BUT, Build, Mechanism, mechanisms

REFERENCE = next(mechanism for mechanism in mechanisms() if mechanism.name == "python_reference")
FIBONACCI_OF = range(-3, 21)
SWEEP = [break_even_workload(n) for n in BREAK_EVEN_RESULTS]
CELLS = [
    pytest.param(mechanism, workload, id=f"{mechanism.name}-{workload.name}")
    for mechanism in mechanisms()
    for workload in WORKLOADS
    if mechanism.offers(workload.function)
]
FUNCTIONS = {workload.function for workload in WORKLOADS}

every_cell = pytest.mark.parametrize(("mechanism", "workload"), CELLS)
every_mechanism = pytest.mark.parametrize("mechanism", mechanisms(), ids=lambda m: m.name)


def each_with(function: str, *, same_c: bool = False) -> pytest.MarkDecorator:
    """Runs a test for each mechanism that offers a function, and calls C with it if asked."""
    supported = [
        mechanism
        for mechanism in mechanisms()
        if mechanism.offers(function) and (mechanism.same_c(function) or not same_c)
    ]
    return pytest.mark.parametrize("mechanism", supported, ids=lambda m: m.name)


def load(mechanism: Mechanism) -> types.ModuleType:
    """Imports a mechanism, or skips the test if it was not built."""
    if reason := Build().missing(mechanism):
        pytest.skip(f"not built: {reason}")
    return importlib.import_module(mechanism.module)


def questions(workload: Workload) -> list[Workload]:
    """Returns a workload, and the same workload with the arguments of each example."""
    return [workload, *map(workload.asked, workload.examples)]


def evaluate(mechanism: Mechanism, workload: Workload) -> Any:
    """Evaluates the text that is timed, and views the result as the worker does."""
    load(mechanism)
    names: dict[str, Any] = {}
    exec(setup_source(mechanism, workload), names)
    result = eval(workload.call, names)
    return result if workload.view is None else eval(workload.view, {**names, "result": result})


def python_frames(setup: str, call_source: str, names: dict[str, Any]) -> list[str]:
    """Lists the Python functions that one evaluation of a call enters."""
    entered: list[str] = []

    def note(frame: types.FrameType, event: str, argument: object) -> None:
        # Nothing called this frame: numba makes frames up for profilers.
        if event == "call" and frame.f_back is not None:
            entered.append(frame.f_code.co_qualname)

    exec(setup, names)
    call = compile(call_source, "<call>", "eval")
    # As before any timing: a tool may compile when it is first called.
    with contextlib.suppress(Exception):
        eval(call, names)
    # Inside: entering and leaving `suppress` is Python code too.
    with contextlib.suppress(Exception):
        sys.setprofile(note)
        try:
            eval(call, names)
        finally:
            sys.setprofile(None)
    assert entered.pop(0) == "<module>"  # the expression itself
    # The workload's own text defines the callback, and the loop of a thousand calls.
    return [name for name in entered if name not in ("function", "<listcomp>")]


@every_cell
def test_answer(mechanism: Mechanism, workload: Workload) -> None:
    for asked in questions(workload):
        check_answer(mechanism, asked)


def check_answer(mechanism: Mechanism, workload: Workload) -> None:
    """Calls; compares value and exact type with the expected ones, and with the reference."""
    if workload.raises is not None:
        check_refusal(mechanism, workload)
        return
    answer = evaluate(mechanism, workload)
    assert (type(answer), answer) == (type(workload.expect), workload.expect)
    if REFERENCE.offers(workload.function):
        reference = evaluate(REFERENCE, workload)
        assert (type(answer), answer) == (type(reference), reference)


def check_refusal(mechanism: Mechanism, workload: Workload) -> None:
    """Makes the call that must raise; compares exact type and, if given, the message."""
    assert workload.raises is not None
    load(mechanism)
    names: dict[str, Any] = {}
    exec(setup_source(mechanism, workload), names)
    wanted = eval(workload.raises, names)
    kind = wanted if isinstance(wanted, type) else type(wanted)
    with pytest.raises(kind) as raised:
        eval(workload.call, names)
    assert raised.type is kind
    if wanted is not kind:
        assert str(raised.value) == str(wanted)


@each_with("fibonacci")
def test_fibonacci(mechanism: Mechanism) -> None:
    fibonacci, reference = load(mechanism).fibonacci, load(REFERENCE).fibonacci
    answers = {n: fibonacci(n) for n in FIBONACCI_OF}
    assert answers == {n: reference(n) for n in FIBONACCI_OF}
    assert {type(answer) for answer in answers.values()} == {int}


@pytest.mark.parametrize("workload", SWEEP, ids=lambda workload: workload.name)
def test_break_even_results(workload: Workload) -> None:
    reference = evaluate(REFERENCE, workload)
    assert (type(workload.expect), workload.expect) == (type(reference), reference)


def test_sweep_is_complete() -> None:
    assert set(BREAK_EVEN_RESULTS) <= set(FIBONACCI_OF), "test_fibonacci covers the sweep"


@every_mechanism
def test_a_module_offers_every_function_that_it_does_not_list_as_unsupported(
    mechanism: Mechanism,
) -> None:
    module = load(mechanism)
    offered = {name for name in FUNCTIONS if mechanism.offers(name)}
    assert {name for name in FUNCTIONS if hasattr(module, name)} == offered
    assert offered, "a mechanism is there to be measured"
    assert all(callable(getattr(module, name)) for name in offered - {"core_constants"})


@every_mechanism
def test_unsupported_functions_are_in_the_catalogue_and_have_a_reason(mechanism: Mechanism) -> None:
    for names, why in mechanism.unsupported.items():
        assert set(names.removeprefix(EVERYTHING_BUT).split(", ")) <= FUNCTIONS
        assert why


@every_mechanism
def test_python_around_the_tool_is_declared(mechanism: Mechanism) -> None:
    """Exactly the functions that the docstring lists enter Python code."""
    if mechanism == REFERENCE:
        return
    load(mechanism)
    cells = [w for w in WORKLOADS if mechanism.offers(w.function)]
    entered = {w.function for w in cells if python_frames(setup_source(mechanism, w), w.call, {})}
    assert mechanism.through_python.keys() == entered
    assert all(mechanism.through_python.values())


WRAPPERS = {
    "lambda": lambda n: abs(n),
    "partial": functools.partial(lambda n: abs(n)),
    "instance": type("Wrapper", (), {"__call__": lambda self, n: abs(n)})(),
}


@pytest.mark.parametrize("wrapper", WRAPPERS.values(), ids=WRAPPERS)
def test_a_wrapper_is_noticed(wrapper: object) -> None:
    assert python_frames("n = 0", "f(n)", {"f": wrapper}) != []
    assert python_frames("n = 0", "f(n)", {"f": abs}) == []


# Beyond the workloads: the edges of each function's arguments, against the same reference.

EDGES: dict[str, list[tuple[Any, ...]]] = {
    "add_million": [(-(2**31),), (2**31 - 1,), (-1,)],
    "half_of": [(-0.0,), (float("inf"),), (1e308,), (1,)],
    "negate": [(False,), (True,)],
    "add_two": [(2**31 - 1, 1), (-1, -1)],
    "first_byte": [("",), ("é",), ("\N{SNOWMAN}x",)],
    "last_byte": [(b"",), (b"\0",), (b"a\0b\xff",)],
    "split_digits": [(0,), (7,), (-42,), (-(2**31),), (2**31 - 1,)],
    "half_of_even": [(0,), (-4,), (2**31 - 2,)],
    "sum_ends_list": [([],), ([1.5],), ([float(i) for i in range(1000)],)],
    "work_held": [(0,), (1,), (3,)],
}


@pytest.mark.parametrize(
    ("mechanism", "function"),
    [
        pytest.param(mechanism, function, id=f"{mechanism.name}-{function}")
        for mechanism in mechanisms()
        for function in EDGES
        if mechanism.offers(function)
    ],
)
def test_edges(mechanism: Mechanism, function: str) -> None:
    call, reference = getattr(load(mechanism), function), getattr(load(REFERENCE), function)
    for arguments in EDGES[function]:
        answer, wanted = call(*arguments), reference(*arguments)
        assert (type(answer), repr(answer)) == (type(wanted), repr(wanted)), arguments


@each_with("new_tally", same_c=True)
def test_a_tally_wraps_around_and_ends_with_its_last_reference(mechanism: Mechanism) -> None:
    module = load(mechanism)
    core = ctypes.CDLL(str(native.LIBRARY))
    before = core.tallies_alive()
    tallies = [module.new_tally(97) for _ in range(3)]
    assert core.tallies_alive() == before + 3
    if mechanism.offers("Tally"):
        assert [tallies[0].increment() for _ in range(4)] == [98, 99, 0, 1]
    del tallies
    gc.collect()
    assert core.tallies_alive() == before


WRONG_BUFFERS = (np.arange(8, dtype="int64"), np.arange(8, dtype="float32"), np.arange(16.0)[::2])


def refuses_wrong_buffers(call: Any, *arguments: Any) -> None:
    for wrong in WRONG_BUFFERS:
        with pytest.raises(Exception):  # noqa: B017 - each tool has its own; that C is not entered counts
            call(wrong, *arguments)


@each_with("sum_ends", same_c=True)
def test_a_wrong_buffer_to_read_is_refused(mechanism: Mechanism) -> None:
    refuses_wrong_buffers(load(mechanism).sum_ends)


@each_with("fill_array", same_c=True)
def test_a_wrong_buffer_to_write_is_refused(mechanism: Mechanism) -> None:
    refuses_wrong_buffers(load(mechanism).fill_array, 1.5)


@each_with("fibonacci_batch", same_c=True)
def test_a_batch_needs_room_for_its_results(mechanism: Mechanism) -> None:
    with pytest.raises(ValueError, match="shorter"):
        load(mechanism).fibonacci_batch(np.ones(8, dtype="int32"), np.zeros(7, dtype="int32"))
