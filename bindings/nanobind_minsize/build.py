"""The extension of nanobind_module with the levels of optimisation of nanobind's CMake."""

import runpy
from pathlib import Path

MODULE = Path(__file__).parent.parent / "nanobind_module"

extension = runpy.run_path(str(MODULE / "build.py"))["extension"]("nanobind_minsize")
extension.depends = ["../nanobind_module/build.py", "../nanobind_module/module.cpp"]
extension.last_flags = {"module.cpp": ["-Os"], "library.cpp": ["-O3"]}

EXTENSIONS = [extension]
