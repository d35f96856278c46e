"""Plain Python, no C at all: the oracle for every result, and the line to break even against.

Idiomatic Python for the same algorithms, the same recursion included.

In short:
- label: plain Python
- tool: Python
- you write: Python
- home page: https://docs.python.org/3/
- to install: comes with Python

Always takes keywords:
- everything: names of parameters cost nothing if no keyword is given.

One thread at a time:
- Tally: reading the count and storing it are two steps.

Not the same C:
- everything: there is no C in it.

Unsupported:
- work_released: Python code cannot release the GIL.
"""

import sys
from collections.abc import Callable, MutableSequence, Sequence
from ctypes import c_float
from typing import NamedTuple

# 3.14f, widened to a double. It is not the double nearest to 3.14.
_PI = c_float(3.14).value
_INT_BITS = 32
_GREETING = "Greetings from C"
_TOKEN = bytes(range(16))

ANSWER = 42
core_constants = sys.modules[__name__]


def _as_int(number: int) -> int:
    """Keep the bits that a C int has."""
    half = 1 << (_INT_BITS - 1)
    return (number + half) % (1 << _INT_BITS) - half


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
# It refuses a str, because a str cannot be compared with an int.
fibonacci_typed = fibonacci


def add_million(n: int) -> int:
    """Return n + 1,000,000."""
    return _as_int(n + 1_000_000)


def half_of(x: float) -> float:
    """Return x / 2."""
    return x / 2


def negate(flag: bool) -> bool:
    """Return whether flag is false."""
    return not flag


def add_two(a: int, b: int) -> int:
    """Return the sum."""
    return _as_int(a + b)


def add_four(a: int, b: int, c: int, d: int) -> int:
    """Return the sum."""
    return _as_int(a + b + c + d)


def add_eight(a: int, b: int, c: int, d: int, e: int, f: int, g: int, h: int) -> int:
    """Return the sum."""
    return _as_int(a + b + c + d + e + f + g + h)


def first_byte(text: str) -> int:
    """Return the first byte of the text in UTF-8; 0 for no text."""
    return text[0].encode()[0] if text else 0


def last_byte(data: bytes) -> int:
    """Return the last byte, or -1 if there are none."""
    return data[-1] if data else -1


def get_greeting() -> str:
    """Return 16 characters of ASCII."""
    return _GREETING


def get_token() -> bytes:
    """Return 16 bytes; the first is zero."""
    return _TOKEN


def sum_ends(values: Sequence[float]) -> float:
    """Return the first plus the last value; 0 if there are none."""
    return float(values[0] + values[-1]) if len(values) else 0.0


sum_ends_list = sum_ends


def fill_array(values: MutableSequence[float], value: float) -> None:
    """Store value in each place."""
    for i in range(len(values)):
        values[i] = value


def fibonacci_batch(n: Sequence[int], results: MutableSequence[int]) -> None:
    """Store fibonacci(n[i]) in results[i] for each i."""
    for i in range(len(n)):
        results[i] = fibonacci(n[i])


def split_digits(n: int) -> tuple[int, int]:
    """Return n / 10 and n % 10, both rounded towards zero."""
    tens, ones = divmod(abs(n), 10)
    return (tens, ones) if n >= 0 else (-tens, -ones)


class Point(NamedTuple):
    """Two coordinates."""

    x: float
    y: float


def mirror(original: Point) -> Point:
    """Return the point with x and y exchanged."""
    return Point(original.y, original.x)


class Tally:
    """Counts up from a given number; 0 follows 99."""

    __slots__ = ("_count",)

    def __init__(self, start: int) -> None:
        self._count = start

    def increment(self) -> int:
        """Add one to the count and return it."""
        self._count = 0 if self._count >= 99 else self._count + 1
        return self._count


new_tally = Tally


def sum_calls(function: Callable[[int], int], count: int) -> int:
    """Return the sum of function(i) for each i from 0 to count - 1."""
    total = 0
    for i in range(count):
        total += function(i)
    return _as_int(total)


def half_of_even(n: int) -> int:
    """Return n / 2; raise ValueError for an odd n."""
    if n % 2:
        raise ValueError("n must be even")
    return n // 2


def work_held(steps: int) -> int:
    """Return the number after this many steps of Numerical Recipes' generator."""
    number = 1
    for _ in range(steps):
        number = (number * 1664525 + 1013904223) & 0xFFFFFFFF
    return number
