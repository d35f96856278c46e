"""Measures the catalogue with pytest-benchmark's own loop, `benchmark(f, *args)`.

The suite does not collect it; `python -m callcost.benchmarks.validation.repeatability` runs it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from callcost.benchmarks.catalogue import WORKLOADS, Workload
from callcost.benchmarks.contenders import contender, supported
from callcost.bindings.registry import Mechanism
from callcost.worker import worker


@pytest.mark.parametrize(
    ("workload", "mechanism"),
    [pytest.param(w, m, id=f"{w.name}-{m.name}") for w, m in supported(WORKLOADS)],
)
def test_stock(benchmark: Any, workload: Workload, mechanism: Mechanism) -> None:
    function, args, kwargs = call_parts(workload, mechanism)
    assert benchmark(function, *args, **kwargs) == workload.expect


def call_parts(
    workload: Workload, mechanism: Mechanism
) -> tuple[Callable[..., Any], list[Any], dict[str, Any]]:
    """Splits a call expression into its function and its arguments."""
    namespace = worker.prepare(asdict(contender(mechanism, workload)))
    call = ast.parse(workload.call, mode="eval").body
    assert isinstance(call, ast.Call)
    args = [_value(argument, namespace) for argument in call.args]
    kwargs = {word.arg: _value(word.value, namespace) for word in call.keywords if word.arg}
    return _value(call.func, namespace), args, kwargs


def _value(node: ast.expr, namespace: dict[str, Any]) -> Any:
    return eval(compile(ast.Expression(node), "<call>", "eval"), namespace)
