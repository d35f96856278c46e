"""Cython, def functions around C functions declared with cdef extern.

Idiomatic: how Cython's documentation wraps a C library. Parameters have C types. Cython converts
the arguments and checks the range of an int; it silently truncates a float given for one. Buffers
are typed memoryviews, which check the element type and hold the buffer during the call. Text and
data must be exactly str and bytes. A callback finds the Python function through the void pointer;
after the first exception it does not call Python again, and the caller gets that exception. A slash
after the parameters spares all functions but fibonacci_keyword the search for keywords, as Cython's
users write it for fast calls. Holds the GIL, except in work_released; without a GIL, a critical
section locks the object that counts.

In short:
- label: Cython, def
- tool: Cython
- you write: Python-like code
- home page: https://cython.org/
- to install: pip install Cython
"""

from . import _def
from ._def import *

core_constants = _def
fibonacci_typed = _def.fibonacci
new_tally = _def.Tally
