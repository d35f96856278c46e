"""HPy in its CPython ABI: the same source, in which HPy's functions are Python's own.

Idiomatic: what hpy_universal does; what differs is that a handle is a PyObject pointer here, and
most of HPy's functions are inline calls of Python's C API. Made for one version of CPython, and
needs nothing of HPy at run time. Holds the GIL; work_released leaves Python for the call.

Unsupported:
- sum_ends, fill_array, fibonacci_batch: HPy 0.9 lets a type offer a buffer, and has no function
  that asks an object for one.
"""

from . import _cpython
from ._cpython import *

core_constants = _cpython
fibonacci_typed = _cpython.fibonacci
new_tally = _cpython.Tally
