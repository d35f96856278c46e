"""One Python module, written by cffi from the declarations: ABI mode, out of line."""

from cffi import FFI

from native import declarations

ffibuilder = FFI()
ffibuilder.cdef(declarations())
ffibuilder.set_source("_generated", None)

GENERATED = {"_generated": ffibuilder.emit_python_code}
