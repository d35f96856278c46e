"""A raw CPython extension with the leanest calling convention for each signature.

Idiomatic for hand-written extensions since 3.7: METH_NOARGS and METH_O where they fit, else
METH_FASTCALL, and METH_KEYWORDS only for fibonacci_keyword. A C API function converts and checks
each number; a buffer's format is compared with the C type. Each module makes its own types, so
interpreters and threads without the GIL are independent. Holds the GIL, except in work_released. A
zero inside a str ends the text, as in C. Tally is a class, and calling it makes a tuple before
Python 3.14.

In short:
- label: C API, METH_FASTCALL
- tool: C API
- you write: C
- home page: https://docs.python.org/3/extending/
- to install: comes with Python
"""

from . import _fastcall
from ._fastcall import *

core_constants = _fastcall
fibonacci_typed = _fastcall.fibonacci
new_tally = _fastcall.Tally
