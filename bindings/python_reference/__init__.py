"""Plain Python, no C at all: the oracle for every result, and the line to break even against.

Idiomatic Python for the same algorithms, the same recursion included.
"""

from ctypes import c_float

# The double nearest to 3.14 is not what C's float holds; widened, 3.14f is this.
_PI = c_float(3.14).value


def get_pi() -> float:
    """Return 3.14 as a C float holds it."""
    return _PI


def fibonacci(n: int) -> int:
    """Return the n-th Fibonacci number by plain recursion; 0 for every n <= 0."""
    if n <= 0:
        return 0
    if n == 1:
        return 1
    return fibonacci(n - 1) + fibonacci(n - 2)


fibonacci_keyword = fibonacci
