"""A raw CPython extension with METH_VARARGS and PyArg_ParseTuple, as most tutorials write it.

Idiomatic until 3.7 and still the shortest to write: every call packs its arguments into a
tuple, and a format string is interpreted to take them out again, also where there are none.
Py_BuildValue makes the results that are no plain number. Formats check range and type; "s"
refuses a str with a zero inside, for which it reads the whole text; "y#" also takes other
read-only bytes. "y*" and "w*" do not look at what a buffer holds: converters of "O&" do here.
The types are made per module, as those of cpython_fastcall. Holds the GIL, but for work_released.
"""

from . import _varargs
from ._varargs import *

core_constants = _varargs
fibonacci_typed = _varargs.fibonacci
new_tally = _varargs.Tally
