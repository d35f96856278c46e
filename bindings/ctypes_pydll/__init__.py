"""ctypes.PyDLL with argtypes and restype declared: as ctypes_cdll, but the GIL stays held.

Idiomatic for functions of the Python C API. For others it is a choice: short calls are cheaper if
they keep the GIL, but no other thread runs during the call. After each one, ctypes also checks for
a Python exception. The declarations are copied from the functions of ctypes_cdll, so that only the
GIL differs. Only what Python code calls is written down again.

In short:
- label: ctypes.PyDLL
- tool: ctypes
- you write: declarations only
- home page: https://docs.python.org/3/library/ctypes.html
- to install: comes with Python

Through Python:
- last_byte, sum_ends, sum_ends_list, fill_array, fibonacci_batch: C wants a length, and a pointer
  into the buffer.
- get_greeting, get_token, half_of_even: errcheck is a Python function, which decodes the text,
  cuts the bytes to their size, or raises ValueError.
- Tally, new_tally: in ctypes nothing owns a pointer, so the class is written in Python.

One thread at a time:
- Tally: without a GIL nothing keeps other threads out, and users bring their own lock.

Unsupported:
- work_released: PyDLL always keeps the GIL; ctypes_cdll releases it.
"""

import ctypes
from typing import Any

from callcost.bindings import ctypes_cdll as _cdll
from callcost.native import LIBRARY

_library = ctypes.PyDLL(str(LIBRARY))


def _held(released: Any) -> Any:
    """Return this library's function, declared as in ctypes_cdll."""
    held = _library[released.__name__]
    held.argtypes = released.argtypes
    held.restype = released.restype
    return _with_check(held, released)


def _held_prototype(released: Any, name: str, paramflags: tuple[Any, ...]) -> Any:
    """Return this library's function with the paramflags of ctypes_cdll."""
    prototype = ctypes.PYFUNCTYPE(released.restype, *released.argtypes)
    return _with_check(prototype((name, _library), paramflags), released)


def _with_check(held: Any, released: Any) -> Any:
    if released.errcheck is not None:
        held.errcheck = released.errcheck
    return held


# Numbers.

get_pi = _held(_cdll.get_pi)
fibonacci = _held(_cdll.fibonacci)
fibonacci_typed = fibonacci
ArgumentError = ctypes.ArgumentError
fibonacci_keyword = _held_prototype(_cdll.fibonacci_keyword, "fibonacci", _cdll._N)
add_million = _held(_cdll.add_million)
half_of = _held(_cdll.half_of)
negate = _held(_cdll.negate)
add_two = _held(_cdll.add_two)
add_four = _held(_cdll.add_four)
add_eight = _held(_cdll.add_eight)
core_constants = _cdll.core_constants

# Text and bytes.

first_byte = _held(_cdll.first_byte)
_last_byte = _held(_cdll._last_byte)
get_greeting = _held(_cdll.get_greeting)
get_token = _held_prototype(_cdll.get_token, "get_token", _cdll._SIZE)


def last_byte(data: bytes) -> int:
    """Return the last byte, or -1 if there are none."""
    return _last_byte(data, len(data))


# Arrays.

_array, _Doubles, _batch = _cdll._array, _cdll._Doubles, _cdll._batch
_sum_ends = _held(_cdll._sum_ends)
_fill_array = _held(_cdll._fill_array)
_fibonacci_batch = _held(_cdll._fibonacci_batch)


def sum_ends(values: Any) -> float:
    """Return the first plus the last of a buffer of doubles; 0 if there are none."""
    return _sum_ends(*_array(_Doubles, "d", values))


def sum_ends_list(values: list[float]) -> float:
    """Return the first plus the last of a list, copied into a C array; 0 if there are none."""
    count = len(values)
    return _sum_ends((ctypes.c_double * count)(*values), count)


def fill_array(values: Any, value: float) -> None:
    """Store value in each place of a buffer of doubles."""
    _fill_array(*_array(_Doubles, "d", values), value)


def fibonacci_batch(n: Any, results: Any) -> None:
    """Store fibonacci(n[i]) in results[i] for each i: two buffers of C ints."""
    _fibonacci_batch(*_batch(n, results))


# Several results, and structs.

split_digits = _held_prototype(_cdll.split_digits, "split_digits", _cdll._TENS_AND_ONES)
Point = _cdll.Point
mirror = _held(_cdll.mirror)

# An object behind a pointer.

_tally_new = _held(_cdll._tally_new)
_tally_increment = _held(_cdll._tally_increment)
_tally_free = _held(_cdll._tally_free)


class Tally:
    """Counts up from a given number; 0 follows 99."""

    # ctypes passes this where a function takes a pointer. NULL if there is no tally.
    _as_parameter_: "int | None" = None

    def __init__(self, start: int) -> None:
        self._as_parameter_ = _tally_new(start)

    def increment(self) -> int:
        """Add one to the count and return it."""
        return _tally_increment(self)

    def __del__(self) -> None:
        _tally_free(self)


new_tally = Tally

# Callbacks, errors, and work.

sum_calls = _held_prototype(_cdll.sum_calls, "sum_calls", _cdll._CALLBACK)
half_of_even = _held_prototype(_cdll.half_of_even, "half_of_even", _cdll._HALF)
work_held = _held(_cdll.work_released)
