"""One extension that cffi generates from the declarations and the header: API mode, out of line."""

from pathlib import Path

from cffi import FFI

from bindings.cffi_shared import declarations

ffibuilder = FFI()
ffibuilder.cdef(declarations(Path("native/core.h")))
ffibuilder.cdef("""
    static const int ANSWER;
    extern "Python" int call_function(void *context, int i);
""")
ffibuilder.set_source(
    "_core",
    """
    #include "core.h"
    #define ANSWER answer
""",
)

EXTENSIONS = [ffibuilder.distutils_extension(tmpdir="build/cffi_api")]
DEPENDS = ["../cffi_shared.py"]
