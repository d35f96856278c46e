"""One extension for the stable ABI: the same file serves every Python from 3.11 on."""

import sysconfig

from setuptools import Extension
from setuptools.errors import PlatformError

if sysconfig.get_config_var("Py_GIL_DISABLED"):
    raise PlatformError("Python without the GIL does not have the stable ABI of 3.11")

EXTENSIONS = [
    Extension(
        "_limited",
        ["limited.c", "numbers.c", "text.c", "arrays.c", "objects.c", "calls.c"],
        py_limited_api=True,
    )
]
