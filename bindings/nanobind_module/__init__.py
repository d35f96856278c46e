"""nanobind, C++ functions and classes registered with m.def and nb::class_.

Idiomatic: as in nanobind's documentation, C functions bound as they are wherever their types
allow it. Only fibonacci_keyword names its parameter with nb::arg, as named ones take a slower path.
A buffer is an nb::ndarray, which numpy's arrays are and whatever has the buffer protocol;
noconvert refuses what does not fit instead of copying it. A tuple of results is a std::pair, a list
becomes a std::vector. The GIL is held, but released by nb::call_guard in work_released. On a
free-threaded Python it declares that it does without one, by NB_FREE_THREADED, and nb::lock_self
locks the object that counts.

Compiled with the flags of nanobind_add_module, nanobind's CMake, in a release: the library is
linked statically and has -O3, the binding -Os. They override the suite's -O2.
"""

from . import _module
from ._module import *

core_constants = _module
fibonacci_typed = _module.fibonacci
new_tally = _module.Tally
