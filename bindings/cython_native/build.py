"""One extension, translated from Cython, that calls no C of the core."""

from setuptools import Extension

EXTENSIONS = [Extension("_native", ["_native.pyx"])]
LINKS_CORE = False
