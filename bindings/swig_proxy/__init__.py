"""SWIG in its default mode: an extension behind a generated module of functions and classes.

Idiomatic: SWIG reads core.h itself; core.i renames functions, turns the structs into classes, and
has typemaps for other types. Users import the generated module, whose functions pass their
arguments on to the extension, and so take keywords. -fastproxy (part of -O) would replace them by
the extension's own functions and methods, and leave the proxy classes with `__init__`. An int must
be an int in C's range, a bool True or False; a str is passed as UTF-8. Holds the GIL, except in
work_released. The constant is an attribute of the module, set on import (%constant). Modules have
multi-phase init and declare by -nogil that they need no GIL; without one, a critical section locks
the object that counts.

In short:
- label: SWIG, proxy classes
- tool: SWIG
- you write: declarations only
- home page: https://www.swig.org/
- to install: pip install swig

Through Python:
- get_pi, fibonacci, fibonacci_keyword, fibonacci_typed, add_million, half_of, negate, add_two,
  add_four, add_eight, first_byte, last_byte, get_greeting, get_token, sum_ends, sum_ends_list,
  fill_array, fibonacci_batch, split_digits, mirror, sum_calls, half_of_even, work_held,
  work_released: SWIG's Python function calls the extension's.
- new_tally: the proxy class's `__init__` calls the extension and adopts the new object.
- Tally: the proxy class's method calls the extension's function.
"""

from . import _generated
from ._generated import *

core_constants = _generated
fibonacci_keyword = _generated.fibonacci
fibonacci_typed = _generated.fibonacci
new_tally = _generated.Tally
