"""What several tests share: an explanation made without counting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from callcost.explain.explanation import Chapter, Explained, Explanation
from callcost.explain.parts import Placed
from callcost.model.instructions import Frame
from callcost.model.interval import Interval


def made(
    *, gil: float = 100, names: Sequence[str] = ("one",), python: str = "3.11.7", **facts: Any
) -> Explanation:
    """Makes an explanation of one chapter; each call takes 30 instructions beside the GIL's."""
    placed = (
        Placed("gil", (Frame("libpython3.11.so.1.0", "take_gil"), Frame("python", "eval")), gil),
        Placed("function", (Frame("libcore.so", "f"),), 20),
        Placed("other", (Frame("libm.so.6", "0x4711"), Frame("libcore.so", "f")), 10),
    )
    rows = tuple(
        Explained(name, gil + 30, 512, 0.0, placed, Interval(12.5, 12.0, 13.0)) for name in names
    )
    chapter = Chapter("work", "f(n)", rows, {"four": "crash: it died"})
    told = {"python": python, "machine": "x86_64", "libc": "glibc 2.36", "valgrind": "valgrind-3"}
    return Explanation((chapter,), {**told, **facts}, ("A note.",), 1.5, 2.5)
