"""Compiled by mypyc: typed Python around functions that ctypes finds."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, Final

from callcost.bindings.mypyc_module._point import Point
from callcost.native import LIBRARY

_LIBRARY: Final = ctypes.CDLL(str(LIBRARY))
_Doubles: Final = ctypes.POINTER(ctypes.c_double)
_Ints: Final = ctypes.POINTER(ctypes.c_int)
_Callback: Final = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_int)


def _declare(name: str, result: Any, *parameters: Any) -> Any:
    """Return a function of the core with its C types; the annotations below give mypyc's types."""
    function = _LIBRARY[name]
    function.argtypes = parameters
    function.restype = result
    return function


# Final: compiled code keeps them in C, where other global names are looked up at each use.
_get_pi: Final[Callable[[], float]] = _declare("get_pi", ctypes.c_float)
_fibonacci: Final[Callable[[int], int]] = _declare("fibonacci", ctypes.c_int, ctypes.c_int)
_add_million: Final[Callable[[int], int]] = _declare("add_million", ctypes.c_int, ctypes.c_int)
_half_of: Final[Callable[[float], float]] = _declare("half_of", ctypes.c_double, ctypes.c_double)
_negate: Final[Callable[[bool], bool]] = _declare("negate", ctypes.c_bool, ctypes.c_bool)
_add_two: Final[Callable[..., int]] = _declare("add_two", *[ctypes.c_int] * 3)
_add_four: Final[Callable[..., int]] = _declare("add_four", *[ctypes.c_int] * 5)
_add_eight: Final[Callable[..., int]] = _declare("add_eight", *[ctypes.c_int] * 9)
_first_byte: Final[Callable[[bytes], int]] = _declare("first_byte", ctypes.c_int, ctypes.c_char_p)
_last_byte: Final[Callable[[bytes, int], int]] = _declare(
    "last_byte", ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t
)
_get_greeting: Final[Callable[[], bytes]] = _declare("get_greeting", ctypes.c_char_p)
_get_token: Final[Callable[[Any], Any]] = _declare(
    "get_token", ctypes.POINTER(ctypes.c_char), ctypes.POINTER(ctypes.c_size_t)
)
_sum_ends: Final[Callable[[Any, int], float]] = _declare(
    "sum_ends", ctypes.c_double, _Doubles, ctypes.c_size_t
)
_fill_array: Final[Callable[[Any, int, float], None]] = _declare(
    "fill_array", None, _Doubles, ctypes.c_size_t, ctypes.c_double
)
_fibonacci_batch: Final[Callable[[Any, Any, int], None]] = _declare(
    "fibonacci_batch", None, _Ints, _Ints, ctypes.c_size_t
)
_split_digits: Final[Callable[[int, Any, Any], None]] = _declare(
    "split_digits", None, ctypes.c_int, _Ints, _Ints
)
_mirror: Final[Callable[[Point], Point]] = _declare("mirror", Point, Point)
_tally_new: Final[Callable[[int], int | None]] = _declare(
    "tally_new", ctypes.c_void_p, ctypes.c_int
)
_tally_increment: Final[Callable[[int], int]] = _declare(
    "tally_increment", ctypes.c_int, ctypes.c_void_p
)
_tally_free: Final[Callable[[int | None], None]] = _declare("tally_free", None, ctypes.c_void_p)
_sum_calls: Final[Callable[[Any, Any, int], int]] = _declare(
    "sum_calls", ctypes.c_int, _Callback, ctypes.py_object, ctypes.c_int
)
_half_of_even: Final[Callable[[int, Any], int]] = _declare(
    "half_of_even", ctypes.c_int, ctypes.c_int, _Ints
)
_work: Final[Callable[[int], int]] = _declare("work", ctypes.c_uint, ctypes.c_int)

ANSWER: Final[int] = ctypes.c_int.in_dll(_LIBRARY, "answer").value


def get_pi() -> float:
    """Return 3.14 as a C float holds it."""
    return _get_pi()


def fibonacci(n: int) -> int:
    """Return the n-th Fibonacci number."""
    return _fibonacci(n)


def add_million(n: int) -> int:
    """Return n + 1,000,000."""
    return _add_million(n)


def half_of(x: float) -> float:
    """Return x / 2."""
    return _half_of(x)


def negate(flag: bool) -> bool:
    """Return whether flag is false."""
    return _negate(flag)


def add_two(a: int, b: int) -> int:
    """Return the sum."""
    return _add_two(a, b)


def add_four(a: int, b: int, c: int, d: int) -> int:
    """Return the sum."""
    return _add_four(a, b, c, d)


def add_eight(a: int, b: int, c: int, d: int, e: int, f: int, g: int, h: int) -> int:
    """Return the sum."""
    return _add_eight(a, b, c, d, e, f, g, h)


def first_byte(text: str) -> int:
    """Return the first byte of the text in UTF-8; 0 for no text."""
    return _first_byte(text.encode())


def last_byte(data: bytes) -> int:
    """Return the last byte, or -1 if there are none."""
    return _last_byte(data, len(data))


def get_greeting() -> str:
    """Return 16 characters of ASCII."""
    return _get_greeting().decode()


def get_token() -> bytes:
    """Return 16 bytes; the first is zero."""
    size = ctypes.c_size_t()
    token: bytes = _get_token(ctypes.byref(size))[: size.value]
    return token


def _view(buffer: Any, code: str) -> memoryview:
    """Return a view of a buffer after checking its item type, which ctypes does not do."""
    view = memoryview(buffer)
    if view.format != code:
        raise TypeError(f"a buffer of type {code} is needed, not {view.format}")
    return view


# from_buffer wants a writable, contiguous buffer. An array of no items has room for any number.
_NO_DOUBLES: Final = ctypes.c_double * 0
_NO_INTS: Final = ctypes.c_int * 0


def sum_ends(values: Any) -> float:
    """Return the first plus the last value; 0 if there are none."""
    view = _view(values, "d")
    return _sum_ends(_NO_DOUBLES.from_buffer(view), view.nbytes // 8)


def sum_ends_list(values: list[float]) -> float:
    """Return the first plus the last value; 0 if there are none."""
    count = len(values)
    return _sum_ends((ctypes.c_double * count)(*values), count)


def fill_array(values: Any, value: float) -> None:
    """Store value in each place."""
    view = _view(values, "d")
    _fill_array(_NO_DOUBLES.from_buffer(view), view.nbytes // 8, value)


def fibonacci_batch(n: Any, results: Any) -> None:
    """Store fibonacci(n[i]) in results[i] for each i."""
    numbers, places = _view(n, "i"), _view(results, "i")
    if places.nbytes < numbers.nbytes:
        raise ValueError("results is shorter than n")
    count = numbers.nbytes // 4
    _fibonacci_batch(_NO_INTS.from_buffer(numbers), _NO_INTS.from_buffer(places), count)


def split_digits(n: int) -> tuple[int, int]:
    """Return n / 10 and n % 10, both rounded towards zero."""
    tens, ones = ctypes.c_int(), ctypes.c_int()
    _split_digits(n, ctypes.byref(tens), ctypes.byref(ones))
    return tens.value, ones.value


def mirror(original: Point) -> Point:
    """Return the point with x and y exchanged."""
    return _mirror(original)


class Tally:
    """Counts up from a given number; 0 follows 99."""

    # In the class: __del__ is called also where __init__ was not.
    _tally: int | None = None

    def __init__(self, start: int) -> None:
        self._tally = _tally_new(start)
        if self._tally is None:
            raise MemoryError

    def increment(self) -> int:
        """Add one to the count and return it."""
        assert self._tally is not None
        return _tally_increment(self._tally)

    def __del__(self) -> None:
        _tally_free(self._tally)


def _call(call: tuple[Callable[[int], int], list[BaseException]], i: int) -> int:
    function, errors = call
    if not errors:
        try:
            return function(i)
        except BaseException as error:
            # It cannot pass through C, which goes on; Python is not called again.
            errors.append(error)
    return 0


_callback: Final = _Callback(_call)


def sum_calls(function: Callable[[int], int], count: int) -> int:
    """Return the sum of function(i) for each i from 0 to count - 1."""
    errors: list[BaseException] = []
    total = _sum_calls(_callback, (function, errors), count)
    if errors:
        raise errors[0]
    return total


def half_of_even(n: int) -> int:
    """Return n / 2; raise ValueError for an odd n."""
    half = ctypes.c_int()
    if _half_of_even(n, ctypes.byref(half)) != 0:
        raise ValueError("n must be even")
    return half.value


def work_released(steps: int) -> int:
    """Return the number after this many steps of work."""
    return _work(steps)
