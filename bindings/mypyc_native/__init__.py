"""mypyc, the plain Python of the reference compiled to C: a program without a C library.

Idiomatic: annotated Python, nothing else. An int keeps any size, with a fast path for ints that fit
a machine word. Calls within the module are C calls, and nothing stops a recursion that is too deep
for the stack. Compiled with mypyc's own -O3, which overrides the suite's -O2. Holds the GIL.

In short:
- label: mypyc, no C library
- tool: mypyc
- you write: Python-like code
- home page: https://mypyc.readthedocs.io/
- to install: pip install mypy

Always takes keywords:
- everything: mypyc's parameters keep their Python names, at no cost to other calls.

Not the same C:
- everything: it is compiled from Python, and calls no function of the core.

Unsupported:
- work_released: compiled Python cannot release the GIL either.
- everything but fibonacci, fibonacci_keyword, fibonacci_typed, work_held: it calls no C.
"""

from . import _native
from ._native import *

fibonacci_keyword = _native.fibonacci
fibonacci_typed = _native.fibonacci
