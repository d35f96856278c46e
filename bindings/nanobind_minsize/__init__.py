"""nanobind, the source of nanobind_module at the levels of optimisation of nanobind's own CMake.

Idiomatic: what nanobind_add_module makes in a release unless NOMINSIZE is set: the binding code is
compiled for size, -Os, and nanobind's library with the -O3 of CMake's releases. These two levels
override the suite's -O2, and are all that differs from nanobind_module.
"""

from . import _module as core_constants
from ._module import (
    Point,
    Tally,
    add_eight,
    add_four,
    add_million,
    add_two,
    fibonacci,
    fibonacci_batch,
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

fibonacci_keyword = fibonacci
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
