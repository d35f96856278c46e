"""HPy in its CPython ABI: the same source, in which HPy's functions are Python's own.

Idiomatic: what hpy_universal does; what differs is that a handle is a PyObject pointer here, and
most of HPy's functions are inline calls of Python's C API. Made for one version of CPython, and
needs nothing of HPy at run time. Holds the GIL; work_released leaves Python for the call.

Unsupported:
- sum_ends, fill_array, fibonacci_batch: HPy 0.9 lets a type offer a buffer, and has no function
  that asks an object for one.
"""

from . import _cpython as core_constants
from ._cpython import (
    Point,
    Tally,
    add_eight,
    add_four,
    add_million,
    add_two,
    fibonacci,
    fibonacci_keyword,
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
    sum_ends_list,
    work_held,
    work_released,
)

fibonacci_typed = fibonacci
new_tally = Tally
