"""pybind11, C++ functions and classes registered with m.def and py::class_.

Idiomatic: as in pybind11's documentation, it binds C functions directly wherever their types allow;
only fibonacci_keyword names its parameter with py::arg. Every call goes through a dispatcher that
tries the overloads of the name in turn. A py::buffer with request() takes any buffer, array.array's
too, where py::array_t would only take numpy's arrays. A std::pair becomes a tuple of results, and a
list becomes a std::vector. Holds the GIL, except in work_released, where py::call_guard releases
it. It declares that it needs no GIL and, from pybind11 3.0 on, that each interpreter may have its
own. Tally has a mutex, but only on a free-threaded Python.

Compiled by Pybind11Extension, pybind11's helper for setuptools, which leaves the level of
optimisation to the interpreter's flags, and so to this suite's -O2.

In short:
- label: pybind11
- tool: pybind11
- you write: C++
- home page: https://pybind11.readthedocs.io/
- to install: pip install pybind11
"""

from . import _module
from ._module import *

core_constants = _module
fibonacci_typed = _module.fibonacci
new_tally = _module.Tally
