"""The HPy extension of hpy_universal, compiled for CPython's ABI."""

import sys

from setuptools import Extension
from setuptools.errors import PlatformError

if sys.version_info >= (3, 12):
    raise PlatformError("HPy 0.9, the latest, has no release for CPython 3.12 and later")

from hpy.devel import HPyDevel

SHARED = ["../hpy_universal/module.c", "../hpy_universal/types.c"]
_HPY = HPyDevel()
EXTENSIONS = [
    Extension(
        "_cpython",
        [*SHARED, *_HPY.get_extra_sources(), *_HPY.get_ctx_sources()],
        depends=["../hpy_universal/module.h"],
        include_dirs=_HPY.get_extra_include_dirs(),
        define_macros=[("HPY", None), ("HPY_ABI_CPYTHON", None)],
    )
]
