"""SWIG with -builtin: a C extension whose classes are Python types written in C, no proxies.

Idiomatic: the interface file of swig_proxy, with the option that SWIG offers for speed. SWIG also
writes a Python module here, which would only import all names, and is left out. %feature("kwargs")
gives a function keywords: only fibonacci_keyword has it. The others take one argument by METH_O,
several in a tuple. Checks, GIL, constant and init are as in swig_proxy, but a second interpreter
gets classes without methods. They are static types, because objects of SWIG's heap types leak a
reference to their type (4.4 and 4.5).

In short:
- label: SWIG, -builtin
- tool: SWIG
- you write: declarations only
- home page: https://www.swig.org/
- to install: pip install swig
"""

from . import _core
from ._core import *

core_constants = _core
fibonacci_typed = _core.fibonacci
new_tally = _core.Tally
