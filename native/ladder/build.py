"""A program for each rung, and the libraries that they load at run time."""

from setuptools import Extension

PROGRAMS = [
    Extension("direct", ["direct.c", "ladder.c"], libraries=["callcost_core", "dl"]),
    Extension("dlsym", ["dlsym.c", "ladder.c"], libraries=["dl"]),
    Extension("libffi", ["libffi.c", "ladder.c"], libraries=["ffi", "dl"]),
    Extension("plugin", ["plugin.c", "ladder.c"], libraries=["dl"]),
]
LIBRARIES = [Extension("callcost_plugin", ["plugin_library.c"], libraries=["callcost_core"])]
# What to install where a rung does not compile.
NEEDS = {"libffi": "libffi's headers (Debian and Ubuntu: libffi-dev)"}
