"""Calls C in a loop that PyPy compiles. With PYPYLOG set, PyPy logs the result."""

import sys

sys.path.insert(0, "bindings/cffi_api")

from _core import lib


def total(count: int) -> int:
    """Sums fibonacci(0) and fibonacci(1), alternating."""
    fibonacci = lib.fibonacci
    result = 0
    for n in range(count):
        result += fibonacci(n & 1)
    return result


print(total(100_000))
