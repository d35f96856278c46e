"""One extension, translated from Cython, with the declarations of cython_def."""

from setuptools import Extension

EXTENSIONS = [Extension("_cpdef", ["_cpdef.pyx"], depends=["../cython_def/core.pxd"])]
