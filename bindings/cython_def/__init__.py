"""Cython, a def function around a C function declared with cdef extern.

Idiomatic: how Cython's own documentation wraps a C library. The argument is declared as a
C int, so Cython converts it and checks its range; a float is truncated without a word. Takes
keywords without being asked to. Holds the GIL.
"""

from ._def import fibonacci, get_pi

fibonacci_keyword = fibonacci

__all__ = ["fibonacci", "fibonacci_keyword", "get_pi"]
