"""HPy in its universal ABI: one file for CPython, PyPy and GraalPy, which calls through a context.

Idiomatic: HPyFunc_NOARGS and HPyFunc_O where they suffice, HPyArg_Parse for more arguments, a
method of its own with HPyFunc_KEYWORDS, as HPyFunc_O takes none. Every use of Python is a call
through a table of pointers in the context, and every object a handle. Refuses an int of more than
32 bits; takes any object for a bool. HPyArg_ParseKeywords looks for the names that it knows and
lets whatever else is given pass. Holds the GIL; work_released leaves Python for the call. Point
is found by an HPyGlobal. Needs the package hpy at run time, which there is up to CPython 3.11.

Unsupported:
- sum_ends, fill_array, fibonacci_batch: HPy 0.9 lets a type offer a buffer, and has no function
  that asks an object for one.
"""

from . import _universal
from ._universal import *

core_constants = _universal
fibonacci_typed = _universal.fibonacci
new_tally = _universal.Tally
