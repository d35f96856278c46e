"""HPy in its universal ABI: one file for CPython, PyPy and GraalPy, which calls through a context.

Idiomatic: HPyFunc_NOARGS and HPyFunc_O where they suffice, HPyArg_Parse for more arguments, and
HPyFunc_KEYWORDS only for fibonacci_keyword. Every use of Python is a call through the context's
table of pointers, and every object is a handle. HPy refuses an int of more than 32 bits, and takes
any object for a bool. HPyArg_ParseKeywords ignores keywords that it does not know. Holds the GIL;
work_released leaves Python for the call. An HPyGlobal holds Point. Needs the package hpy at run
time, which exists up to CPython 3.11.

In short:
- label: HPy, universal ABI
- tool: HPy
- you write: C
- home page: https://hpyproject.org/
- to install: pip install hpy

Legacy:
- HPy: 0.9, the latest release, does not work with CPython 3.12 and later.

Unsupported:
- sum_ends, fill_array, fibonacci_batch: HPy 0.9 has no function that gets the buffer of an object.
"""

from . import _universal
from ._universal import *

core_constants = _universal
fibonacci_typed = _universal.fibonacci
new_tally = _universal.Tally
