"""Boost.Python, functions and classes registered with def and class_.

Idiomatic: the signatures are taken from the C++ types at compile time; at run time each argument
is looked up in a registry of converters, which check type and range; a wrong type raises a
TypeError of its own, ArgumentError. Takes keywords where arg names parameters, as in
fibonacci_keyword alone. Exceptions of C++ are translated: std::invalid_argument to ValueError,
std::bad_alloc to MemoryError. There are no converters for bytes and buffers: those functions take
an object and ask the C API. The objects of class_ have a dict, and hold that of C++. None would be
a null pointer: first_byte refuses it by hand. Holds the GIL, for which Boost.Python has no guard:
work_released brings its own. One registry of converters serves the whole process, whichever
interpreter fills it, and is not made for threads without the GIL.
"""

from . import _python
from ._python import *

core_constants = _python
fibonacci_typed = _python.fibonacci
new_tally = _python.Tally
