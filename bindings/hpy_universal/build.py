"""One HPy extension for the universal ABI: one file for every interpreter that has HPy."""

import sys

from setuptools import Extension
from setuptools.errors import PlatformError

if sys.version_info >= (3, 12):
    raise PlatformError("HPy 0.9, the latest, has no release for CPython 3.12 and later")

from hpy.devel import HPyDevel
from hpy.devel.abitag import get_hpy_ext_suffix

REQUIRES = ["hpy"]
_HPY = HPyDevel()
_EXTENSION = Extension(
    "_universal",
    ["module.c", "types.c", *_HPY.get_extra_sources()],
    # Python.h would compile, but not into the universal ABI.
    include_dirs=[str(_HPY.get_include_dir_forbid_python_h()), *_HPY.get_extra_include_dirs()],
    define_macros=[("HPY", None), ("HPY_ABI_UNIVERSAL", None)],
)
_EXTENSION.file_suffix = get_hpy_ext_suffix("universal")
EXTENSIONS = [_EXTENSION]
