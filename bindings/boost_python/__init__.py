"""Boost.Python, functions and classes registered with def and class_.

Idiomatic: Boost.Python takes the signatures from the C++ types at compile time. At run time it
looks each argument up in a registry of converters, which check type and range; a wrong type raises
its own kind of TypeError, ArgumentError. A function takes keywords if arg names its parameters, as
in fibonacci_keyword alone. C++ exceptions become Python's: std::invalid_argument a ValueError,
std::bad_alloc a MemoryError. There are no converters for bytes and buffers, so those functions take
an object and use the C API. Each object of a class_ has a dict and the C++ object. None would
become a null pointer, so first_byte refuses it by hand. Holds the GIL. Boost.Python has no guard to
release it, so work_released brings its own. The whole process has one registry of converters, which
all interpreters share and which is not safe without the GIL.

In short:
- label: Boost.Python
- tool: Boost.Python
- you write: C++
- home page: https://www.boost.org/libs/python/
- to install: apt-get install libboost-python-dev
"""

from . import _python
from ._python import *

core_constants = _python
fibonacci_typed = _python.fibonacci
new_tally = _python.Tally
