"""ctypes.CDLL with argtypes and restype declared: C called at run time, no compiler needed.

Idiomatic: load once, declare every function's types once, call the function object.
ctypes.CDLL releases the GIL around every call. A ctypes function takes keywords only
when its prototype names the parameters (paramflags), which is how `fibonacci_keyword`
is made.
"""

import ctypes

from callcost.native import LIBRARY

_library = ctypes.CDLL(str(LIBRARY))

get_pi = _library.get_pi
get_pi.argtypes = ()
get_pi.restype = ctypes.c_float

fibonacci = _library.fibonacci
fibonacci.argtypes = (ctypes.c_int,)
fibonacci.restype = ctypes.c_int

_INPUT = 1
_prototype = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
fibonacci_keyword = _prototype(("fibonacci", _library), ((_INPUT, "n"),))
