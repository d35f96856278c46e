"""Compiles cffi's extension for the interpreter that runs this, with the core beside it."""

import sys
from pathlib import Path
from runpy import run_path

from setuptools import Distribution
from setuptools.command.build_ext import build_ext

sys.path.insert(0, ".")
(extension,) = run_path("bindings/cffi_api/build.py")["EXTENSIONS"]
extension.include_dirs = extension.library_dirs = ["native"]
extension.libraries = ["callcost_core"]
extension.runtime_library_dirs = [str(Path("native").absolute())]

command = build_ext(Distribution({"ext_modules": [extension]}))
command.build_lib = "bindings/cffi_api"
command.ensure_finalized()
command.run()
