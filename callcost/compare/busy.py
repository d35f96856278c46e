"""Tells comparisons that measure on one machine at the same time of each other."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from callcost.revisions import cache
from callcost.revisions.cache import Lock

FOLDER = "measuring"
SENTENCE = (
    "DISTURBED: another callcost compare was measuring on this machine at the same time. It takes "
    "nothing from the verdicts but precision; run them one after the other for more of it."
)


@contextlib.contextmanager
def measuring() -> Iterator[Callable[[], list[str]]]:
    """Marks this process as one that measures; yields what says whether others did meanwhile.

    A mark is a locked file, so that it vanishes with the process. Each tells the others by
    leaving a line in their files: who came and went in between is noticed too.
    """
    folder = cache.opened().place(FOLDER)
    mark = folder / f"{os.getpid()}.lock"
    told = mark.with_suffix(".told")
    lock = Lock.attempt(mark)
    others = [other for other in folder.glob("*.lock") if other != mark and _is_held(other)]
    for other in others:
        other.with_suffix(".told").touch()
    try:
        yield lambda: [SENTENCE] if others or told.exists() else []
    finally:
        told.unlink(missing_ok=True)
        mark.unlink(missing_ok=True)
        if lock is not None:
            lock.close()


def _is_held(mark: Path) -> bool:
    """Tells whether the process that made a mark still lives; removes those that were left."""
    lock = Lock.attempt(mark)
    if lock is None:
        return True
    mark.unlink(missing_ok=True)
    mark.with_suffix(".told").unlink(missing_ok=True)
    lock.close()
    return False
