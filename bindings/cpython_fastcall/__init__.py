"""A raw CPython extension with the leanest calling convention for each signature.

Idiomatic for hand-written extensions since 3.7: METH_NOARGS for get_pi, METH_O for
fibonacci, METH_FASTCALL | METH_KEYWORDS where keywords are taken. Holds the GIL.
"""

from ._fastcall import fibonacci, fibonacci_keyword, get_pi

__all__ = ["fibonacci", "fibonacci_keyword", "get_pi"]
