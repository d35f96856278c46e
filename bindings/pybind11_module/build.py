"""One extension in C++17, by pybind11's own setuptools helper."""

from pybind11.setup_helpers import Pybind11Extension

EXTENSIONS = [Pybind11Extension("_module", ["module.cpp"], cxx_std=17)]
