"""One extension, from the interface file of swig_proxy."""

from setuptools import Extension

SHARED = ["../swig_proxy/core.i"]

EXTENSIONS = [Extension("_core", SHARED, depends=SHARED, swig_opts=["-builtin", "-nogil"])]
