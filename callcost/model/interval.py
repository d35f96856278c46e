"""An estimate with its confidence interval."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its 95% confidence interval, all in one unit."""

    value: float
    low: float
    high: float

    def as_list(self) -> list[float | None]:
        """Returns value, low and high for JSON; None for one that is not finite."""
        return [end if isfinite(end) else None for end in (self.value, self.low, self.high)]
