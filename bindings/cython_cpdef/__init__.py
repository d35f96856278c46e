"""Cython, cpdef functions around C functions declared with cdef extern.

Idiomatic where the rest of the module, or with a .pxd other Cython modules, call the same function
as C. From Python it is entered through a wrapper that Cython generates beside the C function and
that converts as in cython_def. A cpdef function knows no `not None`, and has a value by which its
callers in C see that it raised. Special methods and properties cannot be cpdef: they are def.
The directive always_allow_keywords=False spares functions of one parameter the search for keywords.
Holds the GIL, except in work_released; where there is none, a critical section locks the object
that counts.

Always takes keywords:
- add_two, add_four, add_eight, fill_array, fibonacci_batch, sum_calls: a cpdef function cannot have
  a slash behind its parameters, and the directive is for those with one.
"""

from . import _cpdef as core_constants
from ._cpdef import (
    Point,
    Tally,
    add_eight,
    add_four,
    add_million,
    add_two,
    fibonacci,
    fibonacci_batch,
    fibonacci_keyword,
    fill_array,
    first_byte,
    get_greeting,
    get_pi,
    get_token,
    half_of,
    half_of_even,
    last_byte,
    mirror,
    negate,
    split_digits,
    sum_calls,
    sum_ends,
    sum_ends_list,
    work_held,
    work_released,
)

fibonacci_typed = fibonacci
new_tally = Tally

__all__ = [
    "Point",
    "Tally",
    "add_eight",
    "add_four",
    "add_million",
    "add_two",
    "core_constants",
    "fibonacci",
    "fibonacci_batch",
    "fibonacci_keyword",
    "fibonacci_typed",
    "fill_array",
    "first_byte",
    "get_greeting",
    "get_pi",
    "get_token",
    "half_of",
    "half_of_even",
    "last_byte",
    "mirror",
    "negate",
    "new_tally",
    "split_digits",
    "sum_calls",
    "sum_ends",
    "sum_ends_list",
    "work_held",
    "work_released",
]
