"""Cython in Python's limited API: the source of cython_def, one file for CPython 3.11 and later.

Idiomatic where one wheel is to serve many versions of Python. What cython_def reads from Python's
structs is asked of functions here, so that the same calls take longer. All else is as there.

Through Python:
- fibonacci_typed, half_of_even: the limited API makes no frame for a traceback, so Cython runs a
  line of Python to get one wherever an exception leaves its code.
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
