"""Calls C in a loop that PyPy compiles: with PYPYLOG set, it writes down what it made of it."""

import sys

sys.path.insert(0, "bindings/cffi_api")

from _core import lib


def total(count: int) -> int:
    """Returns the sum of fibonacci(0) and fibonacci(1), in turns."""
    fibonacci = lib.fibonacci
    result = 0
    for n in range(count):
        result += fibonacci(n & 1)
    return result


print(total(100_000))
