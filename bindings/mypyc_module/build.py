"""One extension, translated by mypyc, that finds the core at run time by ctypes."""

from setuptools import Extension

EXTENSIONS = [Extension("_module", ["_module.py"])]
LINKS_CORE = False
