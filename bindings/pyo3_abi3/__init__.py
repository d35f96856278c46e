"""PyO3 with its feature abi3: the source of pyo3_module, one file for CPython 3.11 and later.

Idiomatic for one wheel that serves many Python versions. Functions of the limited API replace what
PyO3 otherwise reads in Python's structs or compiles inline: reference counts, items of a tuple or
list, the size of bytes, calls by vectorcall. Everything else is the same. Without a GIL it is built
with the feature abi3t, for CPython 3.15 and later.

In short:
- label: PyO3, stable ABI
- tool: PyO3
- you write: Rust
- home page: https://pyo3.rs/
- to install: cargo add pyo3

Always takes keywords:
- everything: a #[pyfunction] is METH_FASTCALL with METH_KEYWORDS, and `signature = (n, /)` saves
  no instruction.

Stable ABI of:
- pyo3_module: the source is the same.
"""

from . import _module
from ._module import *

core_constants = _module
fibonacci_keyword = _module.fibonacci
fibonacci_typed = _module.fibonacci
new_tally = _module.Tally
