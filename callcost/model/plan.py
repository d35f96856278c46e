"""The settings of a run, and the plan by which each of its groups is timed."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

MAX_UNROLL = 100
QUICK_PROCESSES = 12
QUICK_ROW_S = 0.18


@dataclass(frozen=True)
class Settings:
    """The settings of a run.

    processes: worker processes to measure with; a group counts once `min_processes` have timed it.
    row_s: wall time for each row, over all processes.
    silence_s: how long a worker may run without an answer.
    stack_places: places on the stacks that each process times from; 1 leaves it to chance.
    cpu: the CPU to pin workers to; None chooses one.
    """

    processes: int = 32
    min_processes: int = 10
    row_s: float = 0.33
    silence_s: float = 20.0
    stack_places: int = 32
    cpu: int | None = None
    python: str = sys.executable
    seed: int | None = None

    def quick(self) -> Settings:
        """Returns these settings for a first look: fewer and shorter processes."""
        return replace(self, processes=QUICK_PROCESSES, row_s=QUICK_ROW_S)

    def changed(self, **options: float | None) -> Settings:
        """Returns these settings with each option that is not None."""
        return replace(self, **{k: v for k, v in options.items() if v is not None})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Plan:
    """How each process times one group: an epoch is `loops` turns of `unroll` literal calls.

    stack_places: places on the stacks that the epochs are timed from.
    max_unroll: the most literal calls in a turn of the loop; the yardstick always has that many.
    settle_turns: turns that each epoch's loop makes before anything is timed.
    """

    unroll: int
    loops: int
    warm_loops: int
    passes: int
    stack_places: int = 1
    max_unroll: int = MAX_UNROLL
    settle_turns: int = 0

    @property
    def calls(self) -> int:
        """The calls in an epoch, the same for every contender of the group."""
        return self.unroll * self.loops
