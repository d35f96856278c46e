"""Limits the time of a measurement and chooses its number of processes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from callcost.model.expression import ExpressionError
from callcost.model.plan import Settings
from callcost.timing.look import Look

SECONDS = 5.0
# The longest measurement of a long call, if the user sets no limit.
PATIENCE_S = 60.0
# An interval needs several processes, and each takes about 0.1 s to start.
START_UP_S = 0.1
PROCESSES = 20
FEW_PROCESSES = 10


@dataclass(frozen=True)
class TimeLimit:
    """The limits of the user: seconds and processes, None for the defaults."""

    asked_s: float | None = None
    asked_processes: int | None = None

    @property
    def seconds(self) -> float:
        """About how long the measurement takes."""
        return self.asked_s or SECONDS

    @property
    def silence_s(self) -> float:
        """How long a process may stay silent."""
        return max(Settings.silence_s, self.asked_s or 0)

    def processes_for(
        self,
        *,
        passes_s: float,
        start_s: float,
        once_s: float,
        usual: int,
        looks: Sequence[Look],
        passes: int,
        few: int = FEW_PROCESSES,
        at_once: int = 1,
    ) -> int:
        """Choose the number of processes; raise ExpressionError if they take too long.

        Each takes `start_s`, set-up included, and `passes_s`; `once_s` is added once. Long calls
        are timed in fewer processes, for up to PATIENCE_S if the user sets no limit. Starting may
        always take PATIENCE_S. If `at_once` processes take turns, all numbers count such sets.
        """
        processes = self.asked_processes or usual
        if (start_s + passes_s) * processes > self.seconds and self.asked_processes is None:
            processes = few
        timing_s = passes_s * processes + once_s
        needed_s = timing_s + start_s * processes
        timing_limit_s = max(2 * self.seconds, PATIENCE_S if self.asked_s is None else 0)
        if timing_s > timing_limit_s or needed_s > max(2 * self.seconds, PATIENCE_S):
            raise ExpressionError(
                f"{_what_takes_long(looks)}, so that {processes * at_once} processes with {passes} "
                f"passes each need about {needed_s:.0f} s: allow it with --seconds "
                f"{math.ceil(needed_s)}"
            )
        return processes


def _what_takes_long(looks: Sequence[Look]) -> str:
    call_s = max((look.call_ns or 0) / 1e9 for look in looks)
    setup_s = max(look.setup_s for look in looks)
    if setup_s > call_s:
        return f"a set-up takes {setup_s:.3g} s"
    return f"a call takes {call_s:.3g} s"
