"""ctypes.CDLL with argtypes and restype declared: C called at run time, no compiler needed.

Idiomatic: load once, declare every function's types once, call the function object. Whatever else a
signature needs is also declared: names for parameters and returned out-parameters by paramflags,
the rest by from_param and errcheck. Python code only finds a length or ends an object. A list is
copied as in ctypes' tutorial; array.array would be faster.

ctypes.CDLL releases the GIL around every call and takes it back to call Python. An exception raised
there cannot pass through C: sys.unraisablehook prints it, and C gets an undefined result. ctypes
silently cuts off a number too large for its C type. It passes on a zero inside a text, so C sees
the text up to there. from_buffer wants a writable buffer, even if C only reads it.

In short:
- label: ctypes.CDLL
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
- Tally: the GIL is released while C counts, and users bring their own lock.

Unsupported:
- work_held: CDLL always releases the GIL; ctypes_pydll keeps it.
"""

import ctypes
import sys
from typing import Any

from callcost.native import LIBRARY

try:
    from operator import call as _call  # no Python frame for each callback
except ImportError:  # before Python 3.11: PyPy

    def _call(function: Any, i: int) -> Any:  # type: ignore[misc]
        return function(i)


_library: Any = ctypes.CDLL(str(LIBRARY))

# Numbers.

get_pi = _library.get_pi
get_pi.argtypes = ()
get_pi.restype = ctypes.c_float

fibonacci = _library.fibonacci
fibonacci.argtypes = (ctypes.c_int,)
fibonacci.restype = ctypes.c_int

fibonacci_typed = fibonacci
ArgumentError = ctypes.ArgumentError

# Only a prototype gives parameters a direction, or a name.
_INPUT, _OUTPUT = 1, 2
_N = ((_INPUT, "n"),)
fibonacci_keyword = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(("fibonacci", _library), _N)

add_million = _library.add_million
add_million.argtypes = (ctypes.c_int,)
add_million.restype = ctypes.c_int

half_of = _library.half_of
half_of.argtypes = (ctypes.c_double,)
half_of.restype = ctypes.c_double

negate = _library.negate
negate.argtypes = (ctypes.c_bool,)
negate.restype = ctypes.c_bool

add_two = _library.add_two
add_two.argtypes = (ctypes.c_int,) * 2
add_two.restype = ctypes.c_int

add_four = _library.add_four
add_four.argtypes = (ctypes.c_int,) * 4
add_four.restype = ctypes.c_int

add_eight = _library.add_eight
add_eight.argtypes = (ctypes.c_int,) * 8
add_eight.restype = ctypes.c_int

# Read once: ctypes makes a new object each time it reads C's data.
ANSWER = ctypes.c_int.in_dll(_library, "answer").value
core_constants = sys.modules[__name__]

# Text and bytes.


class _Utf8:
    """A parameter that takes str: ctypes passes a pointer into the bytes and keeps them alive."""

    from_param = str.encode


first_byte = _library.first_byte
first_byte.argtypes = (_Utf8,)
first_byte.restype = ctypes.c_int

_last_byte = _library.last_byte
_last_byte.argtypes = (ctypes.c_char_p, ctypes.c_size_t)
_last_byte.restype = ctypes.c_int


def last_byte(data: bytes) -> int:
    """Return the last byte, or -1 if there are none."""
    return _last_byte(data, len(data))


def _decode(text: bytes, _function: Any, _arguments: Any) -> str:
    return text.decode()


get_greeting = _library.get_greeting
get_greeting.argtypes = ()
get_greeting.restype = ctypes.c_char_p
get_greeting.errcheck = _decode


def _cut(data: Any, _function: Any, arguments: tuple[ctypes.c_size_t]) -> bytes:
    (size,) = arguments
    return data[: size.value]


_SIZE = ((_OUTPUT,),)
# A slice of a pointer to char is bytes.
get_token: Any = ctypes.CFUNCTYPE(ctypes.POINTER(ctypes.c_char), ctypes.POINTER(ctypes.c_size_t))(
    ("get_token", _library), _SIZE
)
get_token.errcheck = _cut

# Arrays.

# Like C's flexible arrays, of any length: making a type per length takes longer than the call.
_Doubles = ctypes.c_double * 0
_Ints = ctypes.c_int * 0


def _array(kind: Any, code: str, buffer: Any) -> tuple[Any, int]:
    """Return a C array that shares a buffer's memory, and the number of its items.

    from_buffer refuses a buffer that is not contiguous or not writable, but ignores the item type.
    """
    view = memoryview(buffer)
    if view.format != code:
        raise TypeError(f"a buffer of type {code} is needed, not {view.format}")
    return kind.from_buffer(view), view.nbytes // view.itemsize


_sum_ends = _library.sum_ends
_sum_ends.argtypes = (ctypes.POINTER(ctypes.c_double), ctypes.c_size_t)
_sum_ends.restype = ctypes.c_double


def sum_ends(values: Any) -> float:
    """Return the first plus the last of a buffer of doubles; 0 if there are none."""
    return _sum_ends(*_array(_Doubles, "d", values))


def sum_ends_list(values: list[float]) -> float:
    """Return the first plus the last of a list, copied into a C array; 0 if there are none."""
    count = len(values)
    return _sum_ends((ctypes.c_double * count)(*values), count)


_fill_array = _library.fill_array
_fill_array.argtypes = (ctypes.POINTER(ctypes.c_double), ctypes.c_size_t, ctypes.c_double)
_fill_array.restype = None


def fill_array(values: Any, value: float) -> None:
    """Store value in each place of a buffer of doubles."""
    _fill_array(*_array(_Doubles, "d", values), value)


_fibonacci_batch = _library.fibonacci_batch
_fibonacci_batch.argtypes = (
    ctypes.POINTER(ctypes.c_int),
    ctypes.POINTER(ctypes.c_int),
    ctypes.c_size_t,
)
_fibonacci_batch.restype = None


def _batch(n: Any, results: Any) -> tuple[Any, Any, int]:
    """Return two buffers of ints as C arrays, and the number of items to compute."""
    numbers, count = _array(_Ints, "i", n)
    places, room = _array(_Ints, "i", results)
    if room < count:
        raise ValueError("results is shorter than n")
    return numbers, places, count


def fibonacci_batch(n: Any, results: Any) -> None:
    """Store fibonacci(n[i]) in results[i] for each i: two buffers of C ints."""
    _fibonacci_batch(*_batch(n, results))


# Several results, and structs.

_TENS_AND_ONES = ((_INPUT,), (_OUTPUT,), (_OUTPUT,))
split_digits = ctypes.CFUNCTYPE(
    None, ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int)
)(("split_digits", _library), _TENS_AND_ONES)


class Point(ctypes.Structure):
    """Two coordinates."""

    _fields_ = (("x", ctypes.c_double), ("y", ctypes.c_double))


mirror = _library.mirror
mirror.argtypes = (Point,)
mirror.restype = Point

# An object behind a pointer.


def _not_null(pointer: "int | None", _function: Any, _arguments: Any) -> int:
    if pointer is None:
        raise MemoryError
    return pointer


_tally_new = _library.tally_new
_tally_new.argtypes = (ctypes.c_int,)
_tally_new.restype = ctypes.c_void_p
_tally_new.errcheck = _not_null

_tally_increment = _library.tally_increment
_tally_increment.argtypes = (ctypes.c_void_p,)
_tally_increment.restype = ctypes.c_int

_tally_free = _library.tally_free
_tally_free.argtypes = (ctypes.c_void_p,)
_tally_free.restype = None


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

# C passes the Python function on as the context, so one callback serves all functions.
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_int)
_callback = _Callback(_call)

# The caller cannot pass a parameter with this flag: it always has its default.
_HIDDEN = 4
_CALLBACK = ((_INPUT | _HIDDEN, None, _callback), (_INPUT,), (_INPUT,))
sum_calls = ctypes.CFUNCTYPE(ctypes.c_int, _Callback, ctypes.py_object, ctypes.c_int)(
    ("sum_calls", _library), _CALLBACK
)


def _raise_if_odd(status: int, _function: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    if status != 0:
        raise ValueError("n must be even")
    return arguments  # so that ctypes returns the out-parameter


_HALF = ((_INPUT,), (_OUTPUT,))
half_of_even: Any = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.c_int))(
    ("half_of_even", _library), _HALF
)
half_of_even.errcheck = _raise_if_odd

work_released = _library.work
work_released.argtypes = (ctypes.c_int,)
work_released.restype = ctypes.c_uint
