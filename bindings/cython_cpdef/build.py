"""One extension, translated from Cython."""

from setuptools import Extension

EXTENSIONS = [Extension("_cpdef", ["_cpdef.pyx"])]
