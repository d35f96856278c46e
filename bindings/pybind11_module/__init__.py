"""pybind11, C++ functions and classes registered with m.def and py::class_.

Idiomatic: as in pybind11's documentation, C functions bound as they are wherever their types allow
it; only fibonacci_keyword names its parameter with py::arg. Every call goes through a dispatcher
that tries the overloads of the name in turn. A buffer is a py::buffer, asked for what it is by
request(): that takes any buffer, array.array's too, where py::array_t would only take numpy's
arrays. A tuple of results is a std::pair, a list becomes a std::vector. The GIL is held, but
released by py::call_guard in work_released. It declares that each interpreter
may have a GIL of its own, from pybind11 3.0 on, and that it needs none; a free-threaded Python, and
only that, has a mutex in Tally.

Compiled by Pybind11Extension, pybind11's helper for setuptools, which leaves the level of
optimisation to the interpreter's flags, and so to this suite's -O2.
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
