"""A raw CPython extension with METH_VARARGS and PyArg_ParseTuple, as most tutorials write it.

Idiomatic until 3.7 and still the shortest to write: every call packs its arguments into a
tuple, and a format string is interpreted to take them out again. Holds the GIL.
"""

from ._varargs import fibonacci, fibonacci_keyword, get_pi

__all__ = ["fibonacci", "fibonacci_keyword", "get_pi"]
