"""Fair to every tool: plain functions do not pay for parameter names; flags are what users get."""

from __future__ import annotations

import ast
import importlib
from types import ModuleType
from typing import Any

import pytest

from callcost.benchmarks.catalogue import WORKLOADS, Workload
from callcost.benchmarks.contenders import setup_source
from callcost.bindings.registry import Build, Mechanism, mechanisms, tool_of

KEYWORD = "fibonacci_keyword"
# Parameters that have another name in the set-up.
PARAMETERS = {"numbers": "n"}

every_mechanism = pytest.mark.parametrize("mechanism", mechanisms(), ids=lambda m: m.name)


def load(mechanism: Mechanism) -> ModuleType:
    if reason := Build().missing(mechanism):
        pytest.skip(f"not built: {reason}")
    return importlib.import_module(mechanism.module)


def by_keyword(call: str) -> str:
    """Rewrites a call to name its arguments; "" for any other expression."""
    tree = ast.parse(call, mode="eval").body
    match tree:
        case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]):
            names = [argument.id for argument in arguments if isinstance(argument, ast.Name)]
            named = ", ".join(f"{PARAMETERS.get(name, name)}={name}" for name in names)
            return f"{function}({named})" if names and len(names) == len(arguments) else ""
    return ""


def plain_calls(mechanism: Mechanism) -> list[tuple[Workload, str]]:
    """Pairs a workload of each function that is not Python code with its call by keyword."""
    by_function = {
        workload.function: (workload, by_keyword(workload.call))
        for workload in WORKLOADS
        if workload.function != KEYWORD
        and mechanism.offers(workload.function)
        and workload.function not in mechanism.through_python
        and workload.raises is None
    }
    return [(workload, call) for workload, call in by_function.values() if call]


def is_undeclared(function: Any) -> bool:
    """Tells whether ctypes would drop the names, and call C with any values in its registers."""
    return getattr(function, "argtypes", ()) is None


def takes_names(mechanism: Mechanism, workload: Workload, call: str) -> bool:
    names: dict[str, Any] = {}
    exec(setup_source(mechanism, workload), names)
    try:
        eval(call, names)
    except TypeError:
        return False
    return True


@every_mechanism
def test_a_plain_function_takes_no_keyword_unless_its_docstring_says_so(
    mechanism: Mechanism,
) -> None:
    module = load(mechanism)
    calls = [
        (workload, call)
        for workload, call in plain_calls(mechanism)
        if not is_undeclared(getattr(module, workload.function))
    ]
    taking = {w.function for w, call in calls if takes_names(mechanism, w, call)}
    assert taking == {w.function for w, _ in calls if mechanism.always_named(w.function)}


@every_mechanism
def test_the_keyword_form_is_another_function_unless_names_are_free(
    mechanism: Mechanism,
) -> None:
    if not mechanism.offers(KEYWORD):
        assert mechanism.why_unsupported(KEYWORD)
        return
    module = load(mechanism)
    assert module.fibonacci_keyword(n=10) == 55
    shared = module.fibonacci_keyword is module.fibonacci
    python_code = "fibonacci" in mechanism.through_python
    assert shared == (mechanism.always_named("fibonacci") or python_code)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        ("f(n)", "f(n=n)"),
        ("f(a, b)", "f(a=a, b=b)"),
        ("f(numbers, results)", "f(n=numbers, results=results)"),
        ("f()", ""),
        ("f(*args, **kwargs)", ""),
        ("f(n=0)", ""),
        ("module.f(n)", ""),
    ],
)
def test_a_call_is_rewritten_with_keywords(call: str, named: str) -> None:
    assert by_keyword(call) == named


def test_a_mechanism_that_takes_needless_keywords_is_noticed() -> None:
    workload = next(w for w in WORKLOADS if w.name == "fibonacci")
    named = next(m for m in mechanisms() if m.name == "python_reference")
    lean = next(m for m in mechanisms() if m.name == "ctypes_cdll")
    call = by_keyword(workload.call)
    assert (takes_names(named, workload, call), takes_names(lean, workload, call)) == (True, False)


# Flags: the same for all, except a level that a tool's own build sets for all its users.

OWN_LEVELS = {"nanobind": {"-Os", "-O3"}, "mypyc": {"-O3"}}


def test_only_tools_that_set_their_users_level_have_another() -> None:
    facts = Build().facts
    assert " -O2 -fno-lto" in facts["compile_command"]
    found: dict[str, set[str]] = {mechanism.tool: set() for mechanism in mechanisms()}
    for name, by_source in facts["last_flags"].items():
        tool = tool_of(name.removeprefix("callcost.bindings."))
        flags = [flag for flags in by_source.values() for flag in flags]
        found[tool].update(flag for flag in flags if flag.startswith("-O"))
    for mechanism in mechanisms():
        if mechanism.compiled and Build().missing(mechanism) is None:
            assert found[mechanism.tool] == OWN_LEVELS.get(mechanism.tool, set())
