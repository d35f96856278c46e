"""A raw CPython extension for the stable ABI: one file for every Python with a GIL from 3.11 on.

Idiomatic for who would build one wheel rather than one for each version: Py_LIMITED_API, and
METH_NOARGS, METH_O and METH_FASTCALL as in cpython_fastcall. Where that uses macros that read
CPython's structs this calls functions, and there is no vectorcall yet: the argument of a callback
goes through a tuple, and so does that of Tally. That interpreters may have it side by side, each
with a GIL of its own, could not be declared before 3.12; Python without the GIL has no such ABI.
Holds the GIL, but for work_released. A str with a zero inside ends there, as in C.
"""

from . import _limited as core_constants
from ._limited import (
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
