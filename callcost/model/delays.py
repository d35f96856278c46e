"""The control of injected delays: what a run measured for delays of known size."""

from __future__ import annotations

from dataclasses import dataclass

from callcost.model.interval import Interval

NAME = "injected delays"
"""The name of their group."""
# A slope is wrong if its whole interval lies more than this from 1. A twin may be off by as much
# (TWIN_LIMIT). On a calm machine the slope is within a tenth of the limit. On a busy one it varies
# by half of it or more, and its interval is as wide.
SLOPE_LIMIT = 0.02


@dataclass(frozen=True)
class Point:
    """One injected delay: its duration inside C, and what it added to the call, in ns."""

    injected_ns: float
    measured: Interval
    fitted: bool


@dataclass(frozen=True)
class Delays:
    """The line through the points that are `fitted`: measured = slope x injected + intercept.

    The slope has no unit; it is 1 if the instrument is right. An intercept below 0 is the part of
    each delay that the processor hides.
    """

    slope: Interval
    intercept_ns: Interval
    points: list[Point]

    @property
    def failed(self) -> bool:
        """True if delays were not measured at their size; False if that is unknown."""
        return self.slope.low > 1 + SLOPE_LIMIT or self.slope.high < 1 - SLOPE_LIMIT
