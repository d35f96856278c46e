"""Cython in Python's limited API: the source of cython_def, one file for CPython 3.11 and later.

Idiomatic where one wheel is to serve many versions of Python. What cython_def reads from Python's
structs is asked of functions here, so that the same calls take longer. All else is as there.

Through Python:
- fibonacci_typed, half_of_even: the limited API makes no frame for a traceback, so Cython runs a
  line of Python to get one wherever an exception leaves its code.
"""

from . import _limited
from ._limited import *

core_constants = _limited
fibonacci_typed = _limited.fibonacci
new_tally = _limited.Tally
