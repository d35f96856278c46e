"""Says which file supplies a symbol of this process: `supplier.py SYMBOL ...`."""

import ctypes
import sys
from pathlib import Path


class Found(ctypes.Structure):
    """Dl_info of <dlfcn.h>."""

    _fields_ = (
        ("file", ctypes.c_char_p),
        ("base", ctypes.c_void_p),
        ("symbol", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
    )


process = ctypes.CDLL(None)  # the program itself and all that was loaded with it
process.dladdr.argtypes = (ctypes.c_void_p, ctypes.POINTER(Found))

for name in sys.argv[1:]:
    found = Found()
    if not process.dladdr(ctypes.cast(process[name], ctypes.c_void_p), found):
        sys.exit(f"{name} is in no file")
    print(f"{name}: {Path(found.file.decode()).name}")
