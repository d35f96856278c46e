"""The control of injected delays: what a run found when it timed delays of known sizes."""

from __future__ import annotations

from dataclasses import dataclass

from callcost.model.interval import Interval

NAME = "injected delays"
"""The name of their group."""
# A slope that is off by more than this, interval and all, is wrong: as much as a twin may be off
# (TWIN_LIMIT). On a calm machine the slope is within a tenth of it; on a busy one it wanders by
# half of it or more, and its interval is as wide.
SLOPE_LIMIT = 0.02


@dataclass(frozen=True)
class Point:
    """One injected delay: how long it took inside C, and what it added to the call, in ns."""

    injected_ns: float
    measured: Interval
    fitted: bool


@dataclass(frozen=True)
class Delays:
    """The line through the points that are `fitted`: measured = slope x injected + intercept.

    The slope has no unit, and is 1 if the instrument is right. An intercept below 0 is the part
    of each delay that the processor hides.
    """

    slope: Interval
    intercept_ns: Interval
    points: list[Point]

    @property
    def failed(self) -> bool:
        """True where delays were not measured at their size; False where that is not known."""
        return self.slope.low > 1 + SLOPE_LIMIT or self.slope.high < 1 - SLOPE_LIMIT
