"""The crate of pyo3_module for the stable ABI: abi3 of Python 3.11, or abi3t without a GIL."""

import sys
import sysconfig

from setuptools.errors import PlatformError

if sys.version_info < (3, 15) and sysconfig.get_config_var("Py_GIL_DISABLED"):
    raise PlatformError("Python without the GIL has a stable ABI, abi3t, from 3.15 on")

from setuptools_rust import RustExtension

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
EXTENSIONS = [
    RustExtension(
        "_module",
        "Cargo.toml",
        debug=False,
        features=["abi3t" if FREE_THREADED else "abi3"],
        # Deprecated for a whole distribution, which this is not: it only names the file.
        py_limited_api=True,
    )
]
