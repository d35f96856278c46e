"""Cython, the algorithms themselves written in it: what many tutorials compare with a call of C.

Idiomatic: static types, a recursion of cdef functions below a def function, a loop over a typed
memoryview. Conversions and slash are as in cython_def. The work inside is different machine code,
which the compiler may inline and unroll. So it says nothing about a call of C.

In short:
- label: Cython, no C library
- tool: Cython
- you write: Python-like code
- home page: https://cython.org/
- to install: pip install Cython

Not the same C:
- everything: it is compiled from Cython, and calls no function of the core.

Unsupported:
- everything but fibonacci, fibonacci_keyword, fibonacci_typed, fill_array, work_held,
  work_released: it calls no C.
"""

from . import _native
from ._native import *

fibonacci_typed = _native.fibonacci
