"""numpy.ctypeslib with ndpointer: a ctypes function that takes numpy's arrays, and checks them.

Idiomatic: load_library, and ndpointer in argtypes, which refuses an array of another type, rank or
layout. It passes no length, so a line of Python adds that. It takes numpy's arrays and no other
buffers; asarray makes an array of a list. Releases the GIL, because load_library returns a
ctypes.CDLL. Functions without an array would be declared as in ctypes_cdll, so they are not
repeated here.

In short:
- label: numpy.ctypeslib
- tool: NumPy
- you write: declarations only
- home page: https://numpy.org/doc/stable/reference/routines.ctypeslib.html
- to install: pip install numpy

Through Python:
- sum_ends, sum_ends_list, fill_array, fibonacci_batch: ndpointer checks in Python, and passes no
  length.

Unsupported:
- everything but sum_ends, sum_ends_list, fill_array, fibonacci_batch: it has no array in it, see
  ctypes_cdll.
"""

import ctypes

import numpy as np
from numpy.typing import NDArray

from callcost.native import FOLDER

_library = np.ctypeslib.load_library("libcallcost_core", FOLDER)

_Doubles = np.ctypeslib.ndpointer(np.double, ndim=1, flags="C_CONTIGUOUS")
_WritableDoubles = np.ctypeslib.ndpointer(np.double, ndim=1, flags=("C_CONTIGUOUS", "WRITEABLE"))
_Ints = np.ctypeslib.ndpointer(np.intc, ndim=1, flags="C_CONTIGUOUS")
_WritableInts = np.ctypeslib.ndpointer(np.intc, ndim=1, flags=("C_CONTIGUOUS", "WRITEABLE"))

_sum_ends = _library.sum_ends
_sum_ends.argtypes = (_Doubles, ctypes.c_size_t)
_sum_ends.restype = ctypes.c_double

_fill_array = _library.fill_array
_fill_array.argtypes = (_WritableDoubles, ctypes.c_size_t, ctypes.c_double)
_fill_array.restype = None

_fibonacci_batch = _library.fibonacci_batch
_fibonacci_batch.argtypes = (_Ints, _WritableInts, ctypes.c_size_t)
_fibonacci_batch.restype = None


def sum_ends(values: NDArray[np.double]) -> float:
    """Return the first plus the last of an array; 0 if there are none."""
    return _sum_ends(values, len(values))


def sum_ends_list(values: list[float]) -> float:
    """Return the first plus the last of a list, copied into an array; 0 if there are none."""
    array = np.asarray(values, np.double)
    return _sum_ends(array, len(array))


def fill_array(values: NDArray[np.double], value: float) -> None:
    """Store value in each place of an array."""
    _fill_array(values, len(values), value)


def fibonacci_batch(n: NDArray[np.intc], results: NDArray[np.intc]) -> None:
    """Store fibonacci(n[i]) in results[i] for each i."""
    if len(results) < len(n):
        raise ValueError("results is shorter than n")
    _fibonacci_batch(n, results, len(n))
