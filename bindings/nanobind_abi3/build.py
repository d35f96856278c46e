"""The extension of nanobind_module for the stable ABI, which nanobind has from Python 3.12 on."""

import runpy
import sys
import sysconfig
from pathlib import Path

from setuptools.errors import PlatformError

if sys.version_info < (3, 12):
    version = sysconfig.get_python_version()
    raise PlatformError(f"nanobind's stable ABI needs Python 3.12 or later; this is {version}")
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    raise PlatformError("nanobind, linked statically, has no stable ABI for Python without a GIL")

MODULE = Path(__file__).parent.parent / "nanobind_module"

extension = runpy.run_path(str(MODULE / "build.py"))["extension"]("nanobind_abi3")
extension.depends = ["../nanobind_module/build.py", "../nanobind_module/module.cpp"]
extension.define_macros.append(("Py_LIMITED_API", "0x030C0000"))
extension.py_limited_api = True

EXTENSIONS = [extension]
