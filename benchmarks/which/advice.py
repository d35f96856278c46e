"""What callcost asks and advises: the questions with their answers, and what is opinion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from callcost.benchmarks.tools import CHOICES, cards

LIBRARY, CLASSES, RUST, PYTHON = "c", "cpp", "rust", "python"
COMPILER, NO_BUILD = "compiler", "none"
RELEASE, NO_GIL = "release", "free"
ONE = "one"


@dataclass(frozen=True)
class Question:
    """One question: its key, its words, and the words of each answer. The first is the default."""

    key: str
    words: str
    answers: Mapping[str, str]


QUESTIONS = (
    Question(
        "have",
        "I have",
        {
            LIBRARY: "a C header",
            CLASSES: "C++ classes",
            RUST: "Rust",
            PYTHON: "Python to speed up",
        },
    ),
    Question(
        "builds",
        "Who builds",
        {
            "": "I do: users get wheels",
            COMPILER: "users do, with a C compiler",
            NO_BUILD: "nobody: nothing may be compiled",
        },
    ),
    Question(
        "threads",
        "Threads",
        {
            "": "do not matter",
            RELEASE: "others run while C works",
            NO_GIL: "run without the GIL",
        },
    ),
    Question(
        "abi",
        "One file serves",
        {"": "one version of Python", ONE: "all versions: the stable ABI"},
    ),
)
CALLS_PER_SECOND = 10_000

NEEDS = {
    "checks_type": ("refuses wrong types", "takes wrong types"),
    "checks_range": ("refuses ints that do not fit", "takes ints that do not fit"),
    "takes_keywords": ("takes keywords", "takes no keywords"),
    "subinterpreter": ("works in subinterpreters", "does not work in subinterpreters"),
}
"""What one may need besides: the fact, its words, and the words where it does not hold."""

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
