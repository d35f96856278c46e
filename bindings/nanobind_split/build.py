"""The extension of nanobind_module in split mode: nanobind's library is in a package of its own.

Macros and flags are those of nanobind_add_module with BACKEND_MODULE in a release build.
"""

import runpy
import sys
import sysconfig
from pathlib import Path

from setuptools.errors import PlatformError

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
if FREE_THREADED and sys.version_info < (3, 15):
    raise PlatformError("Python without the GIL has a stable ABI, abi3t, from 3.15 on")
if sys.implementation.name != "cpython":
    raise PlatformError("nanobind's split mode requires CPython")

MODULE = Path(__file__).parent.parent / "nanobind_module"

REQUIRES = ["nanobind_backend"]
extension = runpy.run_path(str(MODULE / "build.py"))["extension"]("nanobind_split")
# The library is not compiled: it comes from nanobind_backend, compiled for this very Python.
extension.sources.remove("library.cpp")
del extension.last_flags["library.cpp"]
extension.depends = ["../nanobind_module/build.py", "../nanobind_module/module.cpp"]
extension.define_macros += [
    ("NB_BACKEND_MODULE", "nanobind_backend"),
    ("NB_BACKEND_PYPI", "nanobind-backend"),
    ("Py_LIMITED_API", "0x030F0000" if FREE_THREADED else "0x030A0000"),
]
extension.py_limited_api = True

EXTENSIONS = [extension]
