"""One extension in C++17, compiled together with nanobind's own sources, without CMake.

The macros and flags are those of nanobind's CMake in a release, but for the level of optimisation
(nanobind_minsize has that too), stripping, and its faster TLS dialect, for which CMake asks the
compiler.
"""

import sys
import sysconfig
from pathlib import Path

import nanobind
from setuptools import Extension

LIBRARY = Path(nanobind.source_dir())
MACROS = ["NDEBUG", "NB_COMPACT_ASSERTIONS"]
FLAGS = [
    "-std=c++17",
    "-g0",
    "-fno-strict-aliasing",
    "-fno-stack-protector",
    "-ffunction-sections",
    "-fdata-sections",
]
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    MACROS.append("NB_FREE_THREADED")


def extension(mechanism: str) -> Extension:
    """Declares the extension; its domain keeps its types apart from other mechanisms' twins."""
    return Extension(
        "_module",
        ["module.cpp", "library.cpp"],
        language="c++",
        define_macros=[("NB_DOMAIN", mechanism), *((macro, None) for macro in MACROS)],
        include_dirs=[
            nanobind.include_dir(),
            str(LIBRARY),
            str(LIBRARY.parent / "ext" / "robin_map" / "include"),
        ],
        extra_compile_args=FLAGS,
        extra_link_args=["-Wl,-dead_strip" if sys.platform == "darwin" else "-Wl,--gc-sections"],
    )


EXTENSIONS = [extension("nanobind_module")]
