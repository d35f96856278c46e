"""The threshold that a change must exceed, and the confidence of each row."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_THRESHOLD = 0.02


def mirrored(limit: float) -> float:
    """Returns the change as far below zero as `limit` is above, both as shares.

    A ratio of 1 / (1 + limit) is as far from 1 as one of 1 + limit.
    """
    return 1 / (1 + limit) - 1


@dataclass(frozen=True)
class Rules:
    """What a change must exceed, as a share (0.02 is 2%), and the number of rows."""

    threshold: float = DEFAULT_THRESHOLD
    rows: int = 1

    @property
    def confidence(self) -> float:
        """The confidence of one row's interval: all rows together have CONFIDENCE."""
        # Late: it is slow to import, and the command's options need this module.
        from callcost.estimate.estimate import CONFIDENCE

        return 1 - (1 - CONFIDENCE) / max(1, self.rows)
