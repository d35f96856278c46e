"""nanobind, C++ functions and classes registered with m.def and nb::class_.

Idiomatic: as in nanobind's documentation, it binds C functions directly wherever their types allow.
Only fibonacci_keyword names its parameter with nb::arg, because named ones take a slower path. An
nb::ndarray takes numpy's arrays and any other buffer; noconvert refuses what does not fit instead
of copying it. A std::pair becomes a tuple of results, and a list becomes a std::vector. Holds the
GIL, except in work_released, where nb::call_guard releases it. On a free-threaded Python it
declares by NB_FREE_THREADED that it needs no GIL, and nb::lock_self locks the object that counts.

Compiled with the flags of nanobind_add_module, nanobind's CMake, in a release build: -O3 for the
library, which is linked statically, and -Os for the binding. They override the suite's -O2.

In short:
- label: nanobind
- tool: nanobind
- you write: C++
- home page: https://nanobind.readthedocs.io/
- to install: pip install nanobind
"""

from . import _module
from ._module import *

core_constants = _module
fibonacci_typed = _module.fibonacci
new_tally = _module.Tally
