"""Cython, cpdef functions around C functions declared with cdef extern.

Idiomatic if the rest of the module also calls the function as C, or other Cython modules do through
a .pxd. Python enters it through a wrapper that Cython generates beside the C function, with the
conversions of cython_def. A cpdef function cannot say `not None`, and has a return value that tells
its C callers about an exception. Special methods and properties cannot be cpdef, so they are def.
The directive always_allow_keywords=False spares functions with one parameter the search for
keywords. Holds the GIL, except in work_released; without a GIL, a critical section locks the object
that counts.

In short:
- label: Cython, cpdef
- tool: Cython
- you write: Python-like code
- home page: https://cython.org/
- to install: pip install Cython

Always takes keywords:
- add_two, add_four, add_eight, fill_array, fibonacci_batch, sum_calls: a cpdef function cannot have
  a slash after its parameters, and the directive only affects functions with one parameter.
"""

from . import _cpdef
from ._cpdef import *

core_constants = _cpdef
fibonacci_typed = _cpdef.fibonacci
new_tally = _cpdef.Tally
