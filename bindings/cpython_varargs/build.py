"""One extension, written against the Python C API as it was before 3.7."""

from setuptools import Extension

EXTENSIONS = [
    Extension(
        "_varargs",
        ["varargs.c", "numbers.c", "text.c", "arrays.c", "objects.c", "calls.c"],
    )
]
