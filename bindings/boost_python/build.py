"""One extension in C++17, if the system has Boost.Python for this version of Python."""

import sys

from setuptools import Extension
from setuptools.errors import PlatformError

from bindings._build.declare import compiles
from bindings._build.libraries import require_this_build

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
LIBRARY = f"boost_python{VERSION.replace('.', '')}"

if not compiles('#if !__has_include("boost/python.hpp")\n#error\n#endif'):
    raise PlatformError("libboost-python-dev is not installed")
if not compiles("", f"-l{LIBRARY}"):
    raise PlatformError(f"Boost.Python for Python {VERSION} ({LIBRARY}) is not installed")
require_this_build(LIBRARY)

EXTENSIONS = [
    Extension("_python", ["python.cpp"], libraries=[LIBRARY], extra_compile_args=["-std=c++17"])
]
