"""One extension that cffi generates from the declarations and the header: API mode, out of line."""

from cffi import FFI

ffibuilder = FFI()
ffibuilder.cdef("""
    int fibonacci(int n);
    float get_pi(void);
""")
ffibuilder.set_source("_core", '#include "core.h"')

EXTENSIONS = [ffibuilder.distutils_extension(tmpdir="build/cffi_api")]
