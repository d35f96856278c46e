"""Imports an extension module step by step: `two_phases.py FILE`."""

import ctypes
import importlib.util
import sys
from pathlib import Path

path = sys.argv[1]
name = Path(path).name.partition(".")[0]

# The interpreter calls this first. It returns a borrowed reference; the cast takes its own.
initialise = ctypes.PyDLL(path)[f"PyInit_{name}"]
initialise.restype = ctypes.c_void_p
returned = ctypes.cast(initialise(), ctypes.py_object).value
print(f"PyInit_{name} returns a", type(returned).__name__)

spec = importlib.util.spec_from_file_location(name, path)
module = importlib.util.module_from_spec(spec)
print("created, it has fibonacci:", hasattr(module, "fibonacci"))
spec.loader.exec_module(module)
print("executed, it has fibonacci:", hasattr(module, "fibonacci"))
print("fibonacci(10) =", module.fibonacci(10))
