"""A raw CPython extension with METH_VARARGS and PyArg_ParseTuple, as most tutorials write it.

Idiomatic until 3.7 and still the shortest to write: every call packs its arguments into a
tuple, and a format string is interpreted to take them out again, also where there are none.
Py_BuildValue makes the results that are no plain number. Formats check range and type; "s"
refuses a str with a zero inside, for which it reads the whole text; "y#" also takes other
read-only bytes. "y*" and "w*" do not look at what a buffer holds: converters of "O&" do here.
The types are made per module, as those of cpython_fastcall. Holds the GIL, but for work_released.
"""

from . import _varargs as core_constants
from ._varargs import (
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
