"""SWIG with -builtin: a C extension whose classes are Python types written in C, no proxies.

Idiomatic: the same interface file as swig_proxy, made with the option that SWIG offers for speed.
The Python module that SWIG writes here too would only import all names, and is left out. Keywords
are an option of each function (%feature("kwargs")): fibonacci_keyword has it, the others take one
argument by METH_O, several in a tuple. Checks, GIL, constant and init are those of swig_proxy, but
a second interpreter finds the classes without their methods: they are static types, since objects
of SWIG's heap types leak a reference to their type (4.4 and 4.5).
"""

from . import _core
from ._core import *

core_constants = _core
fibonacci_typed = _core.fibonacci
new_tally = _core.Tally
