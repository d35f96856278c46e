"""Cython in Python's limited API: the source of cython_def, one file for CPython 3.11 and later.

Idiomatic for one wheel that serves many Python versions. Calls take longer than in cython_def,
because functions replace reading Python's structs. Everything else is the same. The C of Cython 3.3
does not compile for abi3t, the stable ABI without a GIL.

In short:
- label: Cython, limited API
- tool: Cython
- you write: Python-like code
- home page: https://cython.org/
- to install: pip install Cython

Through Python:
- fibonacci_typed, half_of_even: the limited API cannot make a frame for a traceback, so Cython runs
  a line of Python to get one for every exception that leaves its code.

Stable ABI of:
- cython_def: the source is the same.
"""

from . import _limited
from ._limited import *

core_constants = _limited
fibonacci_typed = _limited.fibonacci
new_tally = _limited.Tally
