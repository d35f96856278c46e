"""Cython, def functions around C functions declared with cdef extern.

Idiomatic: how Cython's own documentation wraps a C library. Parameters are declared with C types:
Cython converts, and checks the range of an int; a float given for one is truncated without a
word. Buffers are typed memoryviews, which check the element type and hold the buffer meanwhile;
text and data are exactly str and bytes. A callback gets the Python function through the void
pointer, and calls none any more after the first exception, which the caller then gets. A slash
behind the parameters spares all but fibonacci_keyword the search for keywords, as Cython's users
write it where a call has to be fast. Holds the GIL, except in work_released; where there is none, a
critical section locks the object that counts.
"""

from . import _def
from ._def import *

core_constants = _def
fibonacci_typed = _def.fibonacci
new_tally = _def.Tally
