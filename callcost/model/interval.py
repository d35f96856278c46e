"""An estimate with its confidence interval."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its confidence interval (95%), all in the same unit."""

    value: float
    low: float
    high: float

    def as_list(self) -> list[float | None]:
        """Returns value, low and high for JSON: None where one is not finite."""
        return [end if isfinite(end) else None for end in (self.value, self.low, self.high)]
