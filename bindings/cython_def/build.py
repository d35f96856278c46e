"""One extension, translated from Cython."""

from setuptools import Extension

EXTENSIONS = [Extension("_def", ["_def.pyx"])]
