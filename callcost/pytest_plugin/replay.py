"""Hands measured rounds to pytest-benchmark through its documented API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class ReplayClock:
    """A timer that makes every round take the measured time.

    pytest-benchmark reads its timer before and after each round; in between, this clock advances
    by the seconds of that round.
    """

    __name__ = "callcost"

    def __init__(self) -> None:
        self._rounds_s: list[float] = []
        self._inside = False

    def load(self, rounds_s: Sequence[float]) -> None:
        """Sets the rounds to replay, in seconds."""
        self._rounds_s = list(reversed(rounds_s))

    def __call__(self) -> float:
        """Returns the time before a round, then the time after it, in seconds."""
        self._inside = not self._inside
        # From zero each time: adding up would round away digits of the later rounds.
        return 0.0 if self._inside else self._rounds_s.pop()


def replay(benchmark: Any, clock: ReplayClock, rounds_s: Sequence[float]) -> None:
    """Makes the `benchmark` fixture, whose timer is `clock`, record the rounds."""
    clock.load(rounds_s)
    benchmark.pedantic(_nothing, rounds=len(rounds_s), iterations=1)


def _nothing() -> None:
    """Called by pytest-benchmark in each round; a worker has timed the real call."""
