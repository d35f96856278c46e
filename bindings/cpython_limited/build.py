"""One extension for the stable ABI: the same file serves every Python from 3.11 on."""

import sysconfig

from setuptools import Extension
from setuptools.errors import PlatformError

if sysconfig.get_config_var("Py_GIL_DISABLED"):
    raise PlatformError("Python without the GIL does not have the stable ABI of 3.11")

# These need nothing but the limited API, or what fastcall.h replaces in it.
NAMES = ("numbers", "text", "arrays", "objects", "calls")
SHARED = [f"../cpython_fastcall/{name}.c" for name in NAMES]

EXTENSIONS = [
    Extension(
        "_limited",
        ["limited.c", *SHARED],
        depends=["../cpython_fastcall/fastcall.h"],
        # The stable ABI of 3.11, the first with buffers.
        define_macros=[("Py_LIMITED_API", "0x030B0000")],
        py_limited_api=True,
    )
]
