"""A raw CPython extension for the stable ABI: one file for every Python with a GIL from 3.11 on.

Idiomatic for who would build one wheel rather than one for each version: Py_LIMITED_API, and
METH_NOARGS, METH_O and METH_FASTCALL as in cpython_fastcall. Where that uses macros that read
CPython's structs this calls functions, and there is no vectorcall yet: the argument of a callback
goes through a tuple, and so does that of Tally. That interpreters may have it side by side, each
with a GIL of its own, could not be declared before 3.12; Python without the GIL has no such ABI.
Holds the GIL, but for work_released. A str with a zero inside ends there, as in C.
"""

from . import _limited
from ._limited import *

core_constants = _limited
fibonacci_typed = _limited.fibonacci
new_tally = _limited.Tally
