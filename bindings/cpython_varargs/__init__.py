"""A raw CPython extension with METH_VARARGS and PyArg_ParseTuple, as most tutorials write it.

Idiomatic until 3.7 and still the shortest to write. Every call packs its arguments into a tuple,
and PyArg_ParseTuple interprets a format string to take them out again, even if there are none.
Py_BuildValue makes results other than plain numbers. Formats check range and type. "s" reads the
whole text, and refuses one with a zero inside; "y#" also takes other read-only buffers of bytes.
"y*" and "w*" ignore the format of a buffer, so converters for "O&" replace them. Each module makes
its own types, as in cpython_fastcall. Holds the GIL, except in work_released.

In short:
- label: C API, PyArg_ParseTuple
- tool: C API
- you write: C
- home page: https://docs.python.org/3/extending/
- to install: comes with Python
"""

from . import _varargs
from ._varargs import *

core_constants = _varargs
fibonacci_typed = _varargs.fibonacci
new_tally = _varargs.Tally
