"""mypyc, typed Python compiled to C, calling functions that ctypes finds.

Idiomatic: mypyc calls no C of its own accord, so its users reach a library as other Python code
does. Arguments are checked against the annotations; an int may have any size, of which ctypes cuts
off what is too large. mypyc's own i32 is left out: the module that names it would have to be
installed. What is timed is compiled, also around ctypes: pointers, lengths, a class, the callback,
an exception in which ends the calls. Buffers have to be writable, also where C only reads.
ctypes.CDLL releases the GIL around every call. Compiled with mypyc's own -O3, which overrides the
suite's -O2.

Always takes keywords:
- everything: mypyc gives parameters the names that they have in Python, at no cost to other calls.

One thread at a time:
- Tally: the GIL is released while C counts, and a lock of Python's is its users' to bring.

Unsupported:
- work_held: CDLL always releases the GIL.
- new_tally: for every instance ever made, mypyc's code keeps a reference to its class.
"""

from . import _module as core_constants
from ._module import (
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
    work_released,
)
from ._point import Point

fibonacci_keyword = fibonacci
fibonacci_typed = fibonacci

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
    "split_digits",
    "sum_calls",
    "sum_ends",
    "sum_ends_list",
    "work_released",
]
