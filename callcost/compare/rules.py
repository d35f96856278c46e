"""What a change must exceed to be called one."""

from __future__ import annotations

from dataclasses import dataclass

CONFIDENCE = 0.95
DEFAULT_THRESHOLD = 0.02


@dataclass(frozen=True)
class Rules:
    """What a change must exceed, as a share (0.02 is 2%), and how many rows are looked at."""

    threshold: float = DEFAULT_THRESHOLD
    rows: int = 1

    @property
    def confidence(self) -> float:
        """The confidence of one row's interval, so that all rows together have CONFIDENCE."""
        return 1 - (1 - CONFIDENCE) / max(1, self.rows)
