"""nanobind in split mode: the source of nanobind_module, one file for CPython 3.10 and later.

Idiomatic: what BACKEND_MODULE does in nanobind's CMake. The extension has only the binding code,
compiled for Python's stable ABI. nanobind's library, which dispatches calls and converts arguments,
comes compiled for each version of Python from the package nanobind-backend. At import, it fills a
table of pointers, through which the extension calls it. Without a GIL it is built for abi3t, the
stable ABI of CPython 3.15 and later. Everything else is as in nanobind_module.

In short:
- label: nanobind, split mode
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
