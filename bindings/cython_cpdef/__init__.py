"""Cython, a cpdef function around a C function declared with cdef extern.

Idiomatic where other Cython modules call the same function as C. From Python it is entered
through a wrapper that Cython generates beside the C function, which converts as in cython_def.
Takes keywords. Holds the GIL.
"""

from ._cpdef import fibonacci, get_pi

fibonacci_keyword = fibonacci

__all__ = ["fibonacci", "fibonacci_keyword", "get_pi"]
