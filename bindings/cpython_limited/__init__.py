"""A raw CPython extension for the stable ABI: one file for CPython 3.11 and later.

Idiomatic for one wheel instead of one per version: Py_LIMITED_API, and METH_NOARGS, METH_O and
METH_FASTCALL as in cpython_fastcall. It calls functions where cpython_fastcall uses macros that
read CPython's structs. Vectorcall is missing, so arguments of callbacks and of Tally go through a
tuple. Before 3.12 an extension could not declare that each interpreter may have its own GIL.
Without a GIL it is built for abi3t, the stable ABI of CPython 3.15 and later, which has vectorcall
but hides the layout of objects: each access to a Point or a Tally asks Python where its data are.
Holds the GIL, except in work_released. A zero inside a str ends the text, as in C.

In short:
- label: C API, stable ABI
- tool: C API
- you write: C
- home page: https://docs.python.org/3/extending/
- to install: comes with Python

Stable ABI of:
- cpython_fastcall: most of the source is the same; only what the limited API lacks is replaced.
"""

from . import _limited
from ._limited import *

core_constants = _limited
fibonacci_typed = _limited.fibonacci
new_tally = _limited.Tally
