"""The catalogue of workloads: what is called, and which cost each call isolates."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    """A call as source text, as in timeit, with the one right answer.

    `function` names the callable that a mechanism must expose to take part.
    """

    name: str
    function: str
    prototype: str
    isolates: str
    setup: str
    call: str
    expect: int | float


# 3.14 as a C float holds it, widened to the double that a Python float is.
PI = 3.140000104904175

WORKLOADS = (
    Workload(
        name="get_pi",
        function="get_pi",
        prototype="float get_pi(void)",
        isolates="nothing in, one float out: the call itself",
        setup="",
        call="get_pi()",
        expect=PI,
    ),
    Workload(
        name="fibonacci",
        function="fibonacci",
        prototype="int fibonacci(int n)",
        isolates="one int argument converted, one int returned",
        setup="n = 0",
        call="fibonacci(n)",
        expect=0,
    ),
    Workload(
        name="fibonacci_keyword",
        function="fibonacci_keyword",
        prototype="int fibonacci(int n)",
        isolates="the same int, passed by keyword",
        setup="",
        call="fibonacci_keyword(n=0)",
        expect=0,
    ),
)

BREAK_EVEN_RESULTS = {
    0: 0,
    1: 1,
    2: 1,
    3: 2,
    5: 5,
    8: 21,
    10: 55,
    12: 144,
    15: 610,
    18: 2584,
    20: 6765,
}
"""The sweep's arguments, and the Fibonacci number of each."""


def break_even_workload(n: int) -> Workload:
    """Describes `fibonacci(n)`: the same call as in the catalogue, with `n` for the work in C."""
    return Workload(
        name=f"n={n:02}",
        function="fibonacci",
        prototype="int fibonacci(int n)",
        isolates=f"the same call with the work of n = {n} inside",
        setup=f"n = {n}",
        call="fibonacci(n)",
        expect=BREAK_EVEN_RESULTS[n],
    )
