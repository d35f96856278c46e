"""The struct of the core, in a module that is not compiled."""

import ctypes


# mypyc compiles no class whose base class is written in C.
class Point(ctypes.Structure):
    """Two coordinates."""

    _fields_ = (("x", ctypes.c_double), ("y", ctypes.c_double))
