"""numba, njit functions that call C through cffi's function objects.

Idiomatic: as numba_njit, but cffi's declarations, which are C, replace those of ctypes. cffi is
used in ABI mode, where numba finds the addresses by itself. A compiled cffi module would have to be
registered, and numba would call its wrapper. cffi's from_buffer, which numba compiles, gives the
pointer to a buffer. From Python, nearly all of the time is the dispatcher's, as in numba_njit.

In short:
- label: numba, through cffi
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

import cffi
import numba
import numpy

from callcost.native import LIBRARY, declarations

_ffi = cffi.FFI()
# In line, cffi wants a value for each `const` that it parses.
_ffi.cdef(declarations().replace("extern const int", "extern int"))
_library = _ffi.dlopen(str(LIBRARY))

# Compiled code can call a global name, but not an attribute of a library.
_get_pi = _library.get_pi
_fibonacci = _library.fibonacci
_add_million = _library.add_million
_half_of = _library.half_of
_negate = _library.negate
_add_two = _library.add_two
_add_four = _library.add_four
_add_eight = _library.add_eight
_last_byte = _library.last_byte
_sum_ends = _library.sum_ends
_fill_array = _library.fill_array
_fibonacci_batch = _library.fibonacci_batch
_split_digits = _library.split_digits
_half_of_even = _library.half_of_even
_work = _library.work


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
    return _last_byte(_ffi.from_buffer(data), len(data))


# [::1]: contiguous. A pointer does not tell what it points to, so the signature has to.
@numba.njit("float64(float64[::1])")
def sum_ends(values):
    """Return the first plus the last value; 0 if there are none."""
    return _sum_ends(_ffi.from_buffer(values), values.size)


@numba.njit("void(float64[::1], float64)")
def fill_array(values, value):
    """Store value in each place."""
    _fill_array(_ffi.from_buffer(values), values.size, value)


@numba.njit("void(intc[::1], intc[::1])")
def fibonacci_batch(n, results):
    """Store fibonacci(n[i]) in results[i] for each i."""
    if results.size < n.size:
        raise ValueError("results is shorter than n")
    _fibonacci_batch(_ffi.from_buffer(n), _ffi.from_buffer(results), n.size)


# Only arrays have an address: there is one for each out-parameter.
@numba.njit
def split_digits(n):
    """Return n / 10 and n % 10, both rounded towards zero."""
    tens = numpy.empty(1, numpy.intc)
    ones = numpy.empty(1, numpy.intc)
    _split_digits(n, _ffi.from_buffer(tens), _ffi.from_buffer(ones))
    return tens[0], ones[0]


@numba.njit
def half_of_even(n):
    """Return n / 2; raise ValueError for an odd n."""
    half = numpy.empty(1, numpy.intc)
    if _half_of_even(n, _ffi.from_buffer(half)) != 0:
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
