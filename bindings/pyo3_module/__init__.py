"""PyO3: functions and classes of Rust, which call the core through an extern "C" block.

Idiomatic: a #[pyfunction] for each function, which converts the types that Rust declares. i32
refuses an int that does not fit, bool anything but True and False, &CStr a text with a zero inside.
PyBuffer refuses another element type, but mistakes doubles in the other byte order for its own.
Point is a frozen #[pyclass] and the C struct itself. Tally is one too: it owns a pointer and counts
in a critical section, which is no code where there is a GIL. sum_ends_list makes a Vec of any
sequence. Compiled by cargo in its own release profile. Holds the GIL, if there is one;
work_released detaches for the call. Declares that it needs no GIL.

In short:
- label: PyO3
- tool: PyO3
- you write: Rust
- home page: https://pyo3.rs/
- to install: cargo add pyo3

Always takes keywords:
- everything: a #[pyfunction] is METH_FASTCALL with METH_KEYWORDS, and `signature = (n, /)` saves
  no instruction.
"""

from . import _module
from ._module import *

core_constants = _module
fibonacci_keyword = _module.fibonacci
fibonacci_typed = _module.fibonacci
new_tally = _module.Tally
