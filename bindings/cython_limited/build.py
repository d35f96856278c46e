"""The extension of cython_def once more, in the limited API of CPython 3.11."""

from setuptools import Extension

EXTENSIONS = [
    Extension(
        # Not _def: setuptools finds out the suffix of a file from the last part of its name.
        "_limited",
        ["../cython_def/_def.pyx"],
        depends=["../cython_def/core.pxd"],
        # The first version that has the buffer protocol, which memoryviews need.
        define_macros=[("Py_LIMITED_API", "0x030B0000")],
        py_limited_api=True,
    )
]
