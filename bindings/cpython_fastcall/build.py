"""One extension, written against the Python C API."""

from setuptools import Extension

EXTENSIONS = [
    Extension(
        "_fastcall",
        ["fastcall.c", "numbers.c", "text.c", "arrays.c", "objects.c", "calls.c"],
    )
]
