"""nanobind, the source of nanobind_module compiled for Python's stable ABI.

Idiomatic: what STABLE_ABI does in nanobind's CMake, so that one file serves Python 3.12 and later.
It calls functions of the limited API where nanobind otherwise reads CPython's structs by macros and
internal functions. Everything else, the GIL included, is as in nanobind_module.

In short:
- label: nanobind, stable ABI
- tool: nanobind
- you write: C++
- home page: https://nanobind.readthedocs.io/
- to install: pip install nanobind

Stable ABI of:
- nanobind_module: the source is the same.
"""

from . import _module
from ._module import *

core_constants = _module
fibonacci_typed = _module.fibonacci
new_tally = _module.Tally
