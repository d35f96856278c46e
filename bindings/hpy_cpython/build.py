"""One HPy extension for CPython's ABI, from the source of hpy_universal."""

import sys

from setuptools import Extension
from setuptools.errors import PlatformError

if sys.version_info >= (3, 12):
    raise PlatformError("HPy 0.9, the latest, has no release for CPython 3.12 and later")

from hpy.devel import HPyDevel

_HPY = HPyDevel()
EXTENSIONS = [
    Extension(
        "_cpython",
        ["module.c", "types.c", *_HPY.get_extra_sources(), *_HPY.get_ctx_sources()],
        include_dirs=_HPY.get_extra_include_dirs(),
        define_macros=[("HPY", None), ("HPY_ABI_CPYTHON", None)],
    )
]
