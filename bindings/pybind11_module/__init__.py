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

from . import _module
from ._module import *

core_constants = _module
fibonacci_typed = _module.fibonacci
new_tally = _module.Tally
