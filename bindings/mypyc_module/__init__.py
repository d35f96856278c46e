"""mypyc, typed Python compiled to C, calling functions that ctypes finds.

Idiomatic: mypyc itself cannot call C, so its users reach a library through ctypes, as other Python
code does. mypyc checks arguments against the annotations. An int may have any size; ctypes cuts off
what does not fit. mypyc's own i32 is not used, because it needs another package at run time. The
timed code is compiled, including what surrounds ctypes: pointers, lengths, a class, and the
callback, which does not call Python again after an exception. Buffers must be writable, even if C
only reads them. ctypes.CDLL releases the GIL around every call. Compiled with mypyc's own -O3,
which overrides the suite's -O2.

In short:
- label: mypyc, through ctypes
- tool: mypyc
- you write: Python-like code
- home page: https://mypyc.readthedocs.io/
- to install: pip install mypy

Always takes keywords:
- everything: mypyc's parameters keep their Python names, at no cost to other calls.

One thread at a time:
- Tally: the GIL is released while C counts, and users bring their own lock.

Unsupported:
- work_held: CDLL always releases the GIL.
- new_tally: mypyc's code leaks a reference to the class with every instance.
"""

from . import _module
from ._module import *

core_constants = _module
fibonacci_keyword = _module.fibonacci
fibonacci_typed = _module.fibonacci
