"""Cython, cpdef functions around C functions declared with cdef extern.

Idiomatic where the rest of the module, or with a .pxd other Cython modules, call the same function
as C. From Python it is entered through a wrapper that Cython generates beside the C function and
that converts as in cython_def. A cpdef function knows no `not None`, and has a value by which its
callers in C see that it raised. Special methods and properties cannot be cpdef: they are def.
The directive always_allow_keywords=False spares functions of one parameter the search for keywords.
Holds the GIL, except in work_released; where there is none, a critical section locks the object
that counts.

Always takes keywords:
- add_two, add_four, add_eight, fill_array, fibonacci_batch, sum_calls: a cpdef function cannot have
  a slash behind its parameters, and the directive is for those with one.
"""

from . import _cpdef
from ._cpdef import *

core_constants = _cpdef
fibonacci_typed = _cpdef.fibonacci
new_tally = _cpdef.Tally
