"""What callcost advises: the tools for what one has, what to know before, and why not others."""

from __future__ import annotations

from callcost.benchmarks.tools import CHOICES, cards
from callcost.benchmarks.which.questions import CLASSES, LIBRARY, PYTHON, RUST

ADVICE = {
    LIBRARY: ("cffi", "ctypes", "Cython", "C API", "nanobind", "SWIG", "pybind11"),
    CLASSES: ("nanobind", "pybind11", "Cython", "SWIG", "Boost.Python"),
    RUST: ("PyO3", "cffi", "ctypes"),
    PYTHON: ("Cython", "mypyc", "numba"),
}
"""The tools for what one has, the first to try first. Where C is called, others fit, too."""

REASONS = {
    CLASSES: "does not bind C++ classes",
    RUST: "does not bind Rust",
    PYTHON: "does not speed up Python: you would write {}",
}
ADVISED = frozenset(choice.mechanism for choice in CHOICES)
CATCHES = {
    **{cards()[choice.mechanism].tool: choice.catch for choice in CHOICES},
    "Boost.Python": "users need Boost's library, built for their Python",
    "mypyc": "it calls C through ctypes",
    "numba": "users need numba, which compiles at the first call",
    "NumPy": "it takes only NumPy's arrays, and checks them in Python",
}
"""What to know before, by tool or by mechanism."""
CATCHES |= {
    "cpython_limited": "you count the references yourself",
    "mypyc_native": "it compiles typed Python, and most of its speed comes from the types",
    "nanobind_split": "users need the package nanobind-backend",
    "swig_builtin": "a second interpreter gets classes without methods",
}
WITHOUT_GIL = {"cffi": "it takes bytes where you have str, and no keywords"}
"""Catches that replace those that are about the GIL."""
EXPORTED = "your Rust must export C functions"
