"""A raw CPython extension with the leanest calling convention for each signature.

Idiomatic for hand-written extensions since 3.7: METH_NOARGS and METH_O where they fit, else
METH_FASTCALL, with METH_KEYWORDS only for fibonacci_keyword. Every number is converted and
checked by a function of the C API; a buffer's format is compared with C's type. The types are
made per module, so that interpreters and threads without the GIL are independent. Holds the
GIL, but for work_released. A str with a zero inside ends there, as in C. Tally is a class whose
call makes a tuple before Python 3.14.
"""

from . import _fastcall as core_constants
from ._fastcall import (
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
