"""ctypes.PyDLL with argtypes and restype declared: as ctypes_cdll, but the GIL stays held.

Idiomatic for functions of the Python C API; for others it is a choice: short calls are
cheaper without giving the GIL away, and no other thread runs meanwhile. After each call
ctypes also asks whether a Python exception was set.
"""

import ctypes

from callcost.native import LIBRARY

_library = ctypes.PyDLL(str(LIBRARY))

get_pi = _library.get_pi
get_pi.argtypes = ()
get_pi.restype = ctypes.c_float

fibonacci = _library.fibonacci
fibonacci.argtypes = (ctypes.c_int,)
fibonacci.restype = ctypes.c_int

_INPUT = 1
_prototype = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_int)
fibonacci_keyword = _prototype(("fibonacci", _library), ((_INPUT, "n"),))
