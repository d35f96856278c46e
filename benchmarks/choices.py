"""What callcost advises to take, for what one has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """What to take for what one has, and what to know before."""

    you_have: str
    mechanism: str
    catch: str


CHOICES = (
    Choice(
        "a C library, and a compiler where you build",
        "cffi_api",
        "it lets go of the GIL around every call",
    ),
    Choice(
        "a C library, and no compiler",
        "ctypes_cdll",
        "nothing checks your declarations against the header",
    ),
    Choice("C++ classes", "nanobind_module", "it needs C++17"),
    Choice(
        "C++ that is bound by pybind11 today",
        "pybind11_module",
        "nanobind is its author's leaner successor",
    ),
    Choice("Rust", "pyo3_module", "every build needs cargo"),
    Choice(
        "Python to speed up, some of it calling C",
        "cython_def",
        "a language of its own, between Python and C",
    ),
    Choice(
        "C for several languages at once",
        "swig_proxy",
        "its classes are written in Python, so a method costs more",
    ),
    Choice(
        "a few short calls that must cost least",
        "cpython_fastcall",
        "you count the references yourself",
    ),
)
"""What the README advises: at most eight rows."""
