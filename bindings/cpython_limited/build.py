"""One extension for the stable ABI: abi3 of Python 3.11, or abi3t without a GIL."""

import sys
import sysconfig

from setuptools import Extension
from setuptools.errors import PlatformError

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
if FREE_THREADED and sys.version_info < (3, 15):
    raise PlatformError("Python without the GIL has a stable ABI, abi3t, from 3.15 on")

# These need nothing but the limited API, or what fastcall.h replaces in it.
NAMES = ("numbers", "text", "arrays", "objects", "calls")
SHARED = [f"../cpython_fastcall/{name}.c" for name in NAMES]

EXTENSIONS = [
    Extension(
        "_limited",
        ["limited.c", *SHARED],
        depends=["../cpython_fastcall/fastcall.h"],
        # The stable ABI of 3.11 is the first with buffers, that of 3.15 the first without a GIL.
        define_macros=[
            ("Py_TARGET_ABI3T", "0x030F0000") if FREE_THREADED else ("Py_LIMITED_API", "0x030B0000")
        ],
        py_limited_api=True,
    )
]
