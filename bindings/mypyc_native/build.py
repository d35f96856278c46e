"""One extension, translated by mypyc, that calls no C of the core."""

from setuptools import Extension

EXTENSIONS = [Extension("_native", ["_native.py"])]
LINKS_CORE = False
