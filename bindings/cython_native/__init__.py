"""Cython, the algorithms themselves written in it: what many tutorials compare with a call of C.

Idiomatic: static types, a recursion of cdef functions below a def function, a loop over a typed
memoryview. The conversions around it and the slash are those of cython_def; the work inside is
other machine code, which a compiler is free to inline and to unroll, so that it says nothing about
a call of C.

Not the same C:
- everything: it is compiled from Cython, and calls no function of the core.

Unsupported:
- everything but fibonacci, fibonacci_keyword, fibonacci_typed, fill_array, work_held,
  work_released: it calls no C.
"""

from . import _native
from ._native import *

fibonacci_typed = _native.fibonacci
