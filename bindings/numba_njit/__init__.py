"""numba, njit functions that call C through ctypes' function objects.

Idiomatic: ctypes declares the types; numba takes the address from it once and compiles the call,
which no longer involves ctypes. These functions are meant for other compiled code, where the call
costs what it costs in C. From Python, each call goes through numba's dispatcher, which looks at the
type of every argument and finds the code compiled for them. That is nearly all of the time here;
get_pi, which has no arguments, shows the dispatcher alone. numba compiles scalars for the types of
the first call (before timing begins), and arrays for the one type that they must have, which
excludes read-only ones. It silently cuts off a number that is too large. Holds the GIL, except in
work_released.

In short:
- label: numba, through ctypes
- tool: numba
- you write: Python-like code
- home page: https://numba.pydata.org/
- to install: pip install numba

Always takes keywords:
- everything: the dispatcher takes arguments as the Python function that it compiles.

Through Python:
- fibonacci_typed: Python code looks for a matching signature, and writes the message.
- half_of_even: Python code unpickles the exception each time.

Unsupported:
- first_byte: numba stores a str as code points, not in UTF-8.
- get_greeting, get_token: compiled code cannot make a str or bytes from a pointer.
- sum_ends_list: numba's support for Python lists is deprecated.
- mirror: numba cannot pass a struct to C by value.
- new_tally, Tally: numba has no way to free what a pointer points to.
- sum_calls: C can call back compiled functions, but no Python function.
- core_constants: numba cannot read data of a library.
"""

import ctypes
from typing import Any

import numba
import numpy

from callcost.native import LIBRARY

_library = ctypes.CDLL(str(LIBRARY))
_Doubles = ctypes.POINTER(ctypes.c_double)
_Ints = ctypes.POINTER(ctypes.c_int)


def _declare(name: str, result: Any, *parameters: Any) -> Any:
    function = _library[name]
    function.argtypes = parameters
    function.restype = result
    return function


_get_pi = _declare("get_pi", ctypes.c_float)
_fibonacci = _declare("fibonacci", ctypes.c_int, ctypes.c_int)
_add_million = _declare("add_million", ctypes.c_int, ctypes.c_int)
_half_of = _declare("half_of", ctypes.c_double, ctypes.c_double)
_negate = _declare("negate", ctypes.c_bool, ctypes.c_bool)
_add_two = _declare("add_two", *[ctypes.c_int] * 3)
_add_four = _declare("add_four", *[ctypes.c_int] * 5)
_add_eight = _declare("add_eight", *[ctypes.c_int] * 9)
_last_byte = _declare("last_byte", ctypes.c_int, ctypes.POINTER(ctypes.c_ubyte), ctypes.c_size_t)
_sum_ends = _declare("sum_ends", ctypes.c_double, _Doubles, ctypes.c_size_t)
_fill_array = _declare("fill_array", None, _Doubles, ctypes.c_size_t, ctypes.c_double)
_fibonacci_batch = _declare("fibonacci_batch", None, _Ints, _Ints, ctypes.c_size_t)
_split_digits = _declare("split_digits", None, ctypes.c_int, _Ints, _Ints)
_half_of_even = _declare("half_of_even", ctypes.c_int, ctypes.c_int, _Ints)
_work = _declare("work", ctypes.c_uint, ctypes.c_int)


@numba.njit
def get_pi():
    """Return 3.14 as a C float holds it."""
    return _get_pi()


@numba.njit
def fibonacci(n):
    """Return the n-th Fibonacci number."""
    return _fibonacci(n)


fibonacci_keyword = fibonacci
# With a signature, numba refuses other types at once, without trying to compile for them.
fibonacci_typed = numba.njit("intc(int64)")(fibonacci.py_func)


@numba.njit
def add_million(n):
    """Return n + 1,000,000."""
    return _add_million(n)


@numba.njit
def half_of(x):
    """Return x / 2."""
    return _half_of(x)


@numba.njit
def negate(flag):
    """Return whether flag is false."""
    return _negate(flag)


@numba.njit
def add_two(a, b):
    """Return the sum."""
    return _add_two(a, b)


@numba.njit
def add_four(a, b, c, d):
    """Return the sum."""
    return _add_four(a, b, c, d)


@numba.njit
def add_eight(a, b, c, d, e, f, g, h):
    """Return the sum."""
    return _add_eight(a, b, c, d, e, f, g, h)


@numba.njit
def last_byte(data):
    """Return the last byte, or -1 if there are none."""
    return _last_byte(numpy.frombuffer(data, numpy.uint8).ctypes, len(data))


# [::1]: contiguous. A pointer does not tell what it points to, so the signature has to.
@numba.njit("float64(float64[::1])")
def sum_ends(values):
    """Return the first plus the last value; 0 if there are none."""
    return _sum_ends(values.ctypes, values.size)


@numba.njit("void(float64[::1], float64)")
def fill_array(values, value):
    """Store value in each place."""
    _fill_array(values.ctypes, values.size, value)


@numba.njit("void(intc[::1], intc[::1])")
def fibonacci_batch(n, results):
    """Store fibonacci(n[i]) in results[i] for each i."""
    if results.size < n.size:
        raise ValueError("results is shorter than n")
    _fibonacci_batch(n.ctypes, results.ctypes, n.size)


# Only arrays have an address: there is one for each out-parameter.
@numba.njit
def split_digits(n):
    """Return n / 10 and n % 10, both rounded towards zero."""
    tens = numpy.empty(1, numpy.intc)
    ones = numpy.empty(1, numpy.intc)
    _split_digits(n, tens.ctypes, ones.ctypes)
    return tens[0], ones[0]


@numba.njit
def half_of_even(n):
    """Return n / 2; raise ValueError for an odd n."""
    half = numpy.empty(1, numpy.intc)
    if _half_of_even(n, half.ctypes) != 0:
        raise ValueError("n must be even")
    return half[0]


@numba.njit
def work_held(steps):
    """Return the number after this many steps of work."""
    return _work(steps)


@numba.njit(nogil=True)
def work_released(steps):
    """Return the number after this many steps of work, with the GIL released."""
    return _work(steps)
