"""One extension in C++17, compiled together with nanobind's own sources, without CMake.

Macros and flags are those of nanobind_add_module in a release build: -Os for the binding and -O3,
CMake's own, for nanobind's library. Nothing is stripped, because tests read the symbol tables.
"""

import sys
import sysconfig
from pathlib import Path

import nanobind
from setuptools import Extension

from bindings._build.declare import compiles

LIBRARY = Path(nanobind.source_dir())
MACROS = ["NDEBUG", "NB_COMPACT_ASSERTIONS"]
FLAGS = ["-std=c++17", "-g0", "-fno-stack-protector", "-ffunction-sections", "-fdata-sections"]
LIBRARY_FLAGS = ["-O3", "-fno-strict-aliasing"]
# Faster thread-local variables; nanobind's CMake asks the compiler for them too.
FASTER_TLS = "-mtls-dialect=gnu2"
if sys.platform == "linux" and compiles("", FASTER_TLS):
    LIBRARY_FLAGS.append(FASTER_TLS)
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    MACROS.append("NB_FREE_THREADED")


def extension(mechanism: str) -> Extension:
    """Declare the extension; its domain keeps its types apart from those of other mechanisms."""
    declared = Extension(
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
    declared.last_flags = {"module.cpp": ["-Os"], "library.cpp": LIBRARY_FLAGS}
    return declared


EXTENSIONS = [extension("nanobind_module")]
