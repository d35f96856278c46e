"""SWIG with -builtin: a C extension whose classes are Python types written in C, no proxies.

Idiomatic: the same interface file as swig_proxy, made with the option that SWIG offers for speed.
The Python module that SWIG writes here too would only import all names, and is left out. Keywords
are an option of each function (%feature("kwargs")): fibonacci_keyword has it, the others take one
argument by METH_O, several in a tuple. Checks, GIL, constant and init are those of swig_proxy, but
a second interpreter finds the classes without their methods: they are static types, since objects
of SWIG's heap types leak a reference to their type (4.4 and 4.5).
"""

from . import _core as core_constants
from ._core import (
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
