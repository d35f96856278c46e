"""HPy in its CPython ABI: the same source, in which HPy's functions are Python's own.

Idiomatic: as hpy_universal, except that a handle is a PyObject pointer, and most HPy functions are
inline calls of Python's C API. It works with one version of CPython only, and does not need HPy at
run time. Holds the GIL; work_released leaves Python for the call.

In short:
- label: HPy, CPython ABI
- tool: HPy
- you write: C
- home page: https://hpyproject.org/
- to install: pip install hpy

Legacy:
- HPy: 0.9, the latest release, does not work with CPython 3.12 and later.

Unsupported:
- sum_ends, fill_array, fibonacci_batch: HPy 0.9 has no function that gets the buffer of an object.
"""

from . import _cpython
from ._cpython import *

core_constants = _cpython
fibonacci_typed = _cpython.fibonacci
new_tally = _cpython.Tally
