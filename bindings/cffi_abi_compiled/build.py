"""One module of Python, which cffi writes from the declarations: ABI mode, out of line."""

from pathlib import Path

from cffi import FFI

from bindings.cffi_shared import declarations

ffibuilder = FFI()
ffibuilder.cdef(declarations(Path("native/core.h")))
ffibuilder.set_source("_generated", None)

GENERATED = {"_generated": ffibuilder.emit_python_code}
DEPENDS = ["../cffi_shared.py"]
