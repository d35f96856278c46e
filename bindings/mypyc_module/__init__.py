"""mypyc, typed Python compiled to C, calling functions that ctypes finds.

Idiomatic: mypyc calls no C of its own accord, so its users reach a library as other Python code
does. Arguments are checked against the annotations; an int may have any size, of which ctypes cuts
off what is too large. mypyc's own i32 is left out: the module that names it would have to be
installed. What is timed is compiled, also around ctypes: pointers, lengths, a class, the callback,
an exception in which ends the calls. Buffers have to be writable, also where C only reads.
ctypes.CDLL releases the GIL around every call. Compiled with mypyc's own -O3, which overrides the
suite's -O2.

Always takes keywords:
- everything: mypyc gives parameters the names that they have in Python, at no cost to other calls.

One thread at a time:
- Tally: the GIL is released while C counts, and a lock of Python's is its users' to bring.

Unsupported:
- work_held: CDLL always releases the GIL.
- new_tally: for every instance ever made, mypyc's code keeps a reference to its class.
"""

from . import _module
from ._module import *

core_constants = _module
fibonacci_keyword = _module.fibonacci
fibonacci_typed = _module.fibonacci
