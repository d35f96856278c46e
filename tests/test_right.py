"""Every mechanism gives the right answer to every workload, by the tool's own callable."""

from __future__ import annotations

import functools
import importlib
import sys
import types
from typing import Any

import pytest

from callcost.benchmarks.catalogue import (
    BREAK_EVEN_RESULTS,
    WORKLOADS,
    Workload,
    break_even_workload,
)
from callcost.bindings.registry import Build, Mechanism, mechanisms

REFERENCE = next(mechanism for mechanism in mechanisms() if mechanism.name == "python_reference")
SWEEP = [break_even_workload(n) for n in BREAK_EVEN_RESULTS]
CELLS = [
    pytest.param(mechanism, workload, id=f"{mechanism.name}-{workload.name}")
    for mechanism in mechanisms()
    for workload in WORKLOADS
    if workload.function in mechanism.functions
]
PYTHON_CALLABLES = (types.FunctionType, types.MethodType, functools.partial)

every_cell = pytest.mark.parametrize(("mechanism", "workload"), CELLS)
every_mechanism = pytest.mark.parametrize("mechanism", mechanisms(), ids=lambda m: m.name)


def load(mechanism: Mechanism) -> types.ModuleType:
    """Imports a mechanism, or skips where it was not built."""
    if reason := Build().missing(mechanism):
        pytest.skip(f"not built: {reason}")
    return importlib.import_module(mechanism.module)


def evaluate(mechanism: Mechanism, workload: Workload) -> Any:
    """Evaluates the very text that is timed."""
    names = {workload.function: getattr(load(mechanism), workload.function)}
    exec(workload.setup, names)
    return eval(workload.call, names)


def python_frames(workload: Workload, function: object) -> list[str]:
    """Names the Python functions that one evaluation of the call enters."""
    entered: list[str] = []

    def note(frame: types.FrameType, event: str, argument: object) -> None:
        if event == "call":
            entered.append(frame.f_code.co_qualname)

    names = {workload.function: function}
    exec(workload.setup, names)
    call = compile(workload.call, "<call>", "eval")
    sys.setprofile(note)
    try:
        eval(call, names)
    finally:
        sys.setprofile(None)
    assert entered.pop(0) == "<module>"  # the expression itself
    return entered


@every_cell
def test_answer(mechanism: Mechanism, workload: Workload) -> None:
    answer = evaluate(mechanism, workload)
    reference = evaluate(REFERENCE, workload)
    assert (type(answer), answer) == (type(workload.expect), workload.expect)
    assert (type(answer), answer) == (type(reference), reference)


@pytest.mark.parametrize("n", range(-3, 21))
@every_mechanism
def test_fibonacci(mechanism: Mechanism, n: int) -> None:
    answer, reference = load(mechanism).fibonacci(n), load(REFERENCE).fibonacci(n)
    assert (type(answer), answer) == (type(reference), reference)


@pytest.mark.parametrize("workload", SWEEP, ids=lambda workload: workload.name)
def test_break_even_results(workload: Workload) -> None:
    reference = evaluate(REFERENCE, workload)
    assert (type(workload.expect), workload.expect) == (type(reference), reference)


def test_reference_and_sweep_are_complete() -> None:
    assert {workload.function for workload in WORKLOADS} <= REFERENCE.functions
    assert set(BREAK_EVEN_RESULTS) <= set(range(-3, 21)), "test_fibonacci covers the sweep"


@every_mechanism
def test_functions_read_from_the_source_are_those_that_importing_binds(
    mechanism: Mechanism,
) -> None:
    module = load(mechanism)
    bound = {name for name in vars(module) if not name.startswith("_")}
    assert mechanism.functions <= bound
    for name in bound - mechanism.functions:
        assert isinstance(getattr(module, name), types.ModuleType), (
            "a plain `import` is no function"
        )
    supported = {w.function for w in WORKLOADS if w.function in mechanism.functions}
    assert supported, "a mechanism is there to be measured"
    assert all(callable(getattr(module, name)) for name in supported)


@every_cell
def test_the_callable_is_the_tools_own(mechanism: Mechanism, workload: Workload) -> None:
    function = getattr(load(mechanism), workload.function)
    if mechanism == REFERENCE:
        assert type(function) is types.FunctionType
        return
    assert not isinstance(function, PYTHON_CALLABLES)
    assert python_frames(workload, function) == []


WRAPPERS = {
    "lambda": lambda n: abs(n),
    "partial": functools.partial(lambda n: abs(n)),
    "instance": type("Wrapper", (), {"__call__": lambda self, n: abs(n)})(),
}


@pytest.mark.parametrize("wrapper", WRAPPERS.values(), ids=WRAPPERS)
def test_a_wrapper_is_noticed(wrapper: object) -> None:
    workload = next(workload for workload in WORKLOADS if workload.name == "fibonacci")
    assert python_frames(workload, wrapper) != []
    assert python_frames(workload, abs) == []
