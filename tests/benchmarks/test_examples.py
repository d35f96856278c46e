"""The examples of a workload catch cheats."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from callcost.benchmarks.catalogue import WORKLOADS, Workload, break_even_workload
from callcost.benchmarks.contenders import describe
from callcost.bindings.registry import Mechanism, mechanisms
from callcost.worker.worker import checks

# Without arguments there is only one answer.
WITHOUT_ARGUMENTS = {"get_pi", "core_constants", "get_greeting", "get_token"}
SAME = "always returns the same"
CHEATS = {
    SAME: "lambda *_, **__: {same}",
    "keeps the lowest byte": "lambda *given, **named: right(*given, **named) & 0xFF",
    "drops the sign": "lambda *given: abs(right(*given))",
    "ignores its first argument": "lambda first, *others: right(type(first)(), *others)",
    "ignores its last argument": "lambda *given: right(*given[:-1], type(given[-1])())",
    "rounds to C's float": "lambda x: struct.unpack('f', struct.pack('f', max(-1, min(1, x))))[0]",
}
INTS = {"fibonacci", "fibonacci_keyword", "add_million", "work_held"}
SUMS = {"add_two", "add_four", "add_eight"}
SAME_OBJECTS = {
    "Tally": "type('Same', (), {'__init__': lambda *_: None, 'increment': lambda self: 1})",
    "new_tally": "lambda start: type('Same', (), {'increment': lambda self: 1})()",
    "mirror": "lambda original: mechanism.Point(2.0, 1.0)",
    "half_of_even": "lambda n: (_ for _ in ()).throw(ValueError('n must be even'))",
    "fibonacci_typed": "lambda n: (_ for _ in ()).throw(TypeError('n'))",
    "fill_array": "lambda values, value: values.__setitem__(slice(None), 1.5)",
    "fibonacci_batch": "lambda numbers, results: results.__setitem__(slice(None), 1)",
}


def offering(workload: Workload) -> Mechanism:
    """Finds a mechanism with the workload's function that needs no compiler."""
    by_name = {mechanism.name: mechanism for mechanism in mechanisms()}
    candidates = (by_name[name] for name in ("python_reference", "ctypes_cdll"))
    return next(one for one in candidates if one.offers(workload.function))


def cheats_of(workload: Workload) -> list[str]:
    """Lists the cheats that are possible with a workload's arguments and results."""
    wanted = {
        SAME: True,
        "keeps the lowest byte": workload.function in INTS | SUMS,
        "drops the sign": workload.function in {"add_million"} | SUMS,
        "ignores its first argument": workload.function in SUMS,
        "ignores its last argument": workload.function in SUMS,
        "rounds to C's float": workload.function == "half_of",
    }
    return [cheat for cheat, makes_sense in wanted.items() if makes_sense]


def cheating(workload: Workload, cheat: str) -> dict[str, Any]:
    """Describes a workload through a mechanism, with a cheat instead of its function."""
    deed = CHEATS[cheat].format(same=repr(workload.expect))
    if workload.name == "calls_1000":
        deed = "lambda n: 1"
    if cheat == SAME:
        deed = SAME_OBJECTS.get(workload.function, deed)
    function = workload.function
    put = f"import struct\nright = {function}\n{function} = {deed}\n"
    if workload.call.startswith("mechanism."):
        put += f"mechanism = type('Same', (), {{'{function}': staticmethod({function})}})\n"
    described = asdict(describe(offering(workload), workload, ()))
    for asked in (described, *described["examples"]):
        head, found, tail = asked["setup"].partition(f"import {function}\n")
        assert found
        asked["setup"] = f"{head}{found}{put}{tail}"
    return described


CHEATED = [
    pytest.param(workload, cheat, id=f"{workload.name}-{cheat}")
    for workload in (*WORKLOADS, break_even_workload(0))
    if workload.function not in WITHOUT_ARGUMENTS
    for cheat in cheats_of(workload)
]


@pytest.mark.parametrize(("workload", "cheat"), CHEATED)
def test_the_examples_catch_cheats(workload: Workload, cheat: str) -> None:
    described = cheating(workload, cheat)
    with pytest.raises(checks.ContenderError, match=r"returned|raised") as raised:
        checks.check(described, checks.prepare(described))
    assert raised.value.kind in ("wrong answer", "call failed")


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_a_workload_with_arguments_has_examples(workload: Workload) -> None:
    assert bool(workload.examples) == (workload.function not in WITHOUT_ARGUMENTS)
    described = asdict(describe(offering(workload), workload, ()))
    # In the form that a worker gets.
    sent = json.loads(json.dumps(described))
    names = checks.prepare(sent)
    checks.check(sent, names)
    checks.check_again(sent, names)


def test_a_wrong_example_names_its_arguments() -> None:
    (fibonacci,) = (workload for workload in WORKLOADS if workload.name == "fibonacci")
    described = cheating(fibonacci, SAME)
    said = r"with n = 10, fibonacci\(n\) returned 0 \(int\), expected 55 \(int\)"
    with pytest.raises(checks.ContenderError, match=said):
        checks.check(described, checks.prepare(described))
