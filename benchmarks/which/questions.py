"""The questions, each with its answers; nothing slow to import, for a command's help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
