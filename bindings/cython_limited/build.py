"""The extension of cython_def, compiled for the limited API of CPython 3.11."""

import sysconfig

from setuptools import Extension
from setuptools.errors import PlatformError

if sysconfig.get_config_var("Py_GIL_DISABLED"):
    raise PlatformError("Cython's C does not compile for abi3t, the stable ABI without a GIL")

EXTENSIONS = [
    Extension(
        # Not _def: setuptools picks the suffix of a file by the last part of its name.
        "_limited",
        ["../cython_def/_def.pyx"],
        depends=["../cython_def/core.pxd"],
        # The first version that has the buffer protocol, which memoryviews need.
        define_macros=[("Py_LIMITED_API", "0x030B0000")],
        py_limited_api=True,
    )
]
