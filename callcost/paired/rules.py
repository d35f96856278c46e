"""What a change must exceed to be called one."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_THRESHOLD = 0.02


def mirrored(limit: float) -> float:
    """Returns the change that is as far below none as `limit` is above, both as shares.

    A ratio of 1 / (1 + limit) is as far from 1 as one of 1 + limit.
    """
    return 1 / (1 + limit) - 1


@dataclass(frozen=True)
class Rules:
    """What a change must exceed, as a share (0.02 is 2%), and how many rows are looked at."""

    threshold: float = DEFAULT_THRESHOLD
    rows: int = 1

    @property
    def confidence(self) -> float:
        """The confidence of one row's interval, so that all rows together have CONFIDENCE."""
        # Late, as the command's options need this module and nothing that is slow to import.
        from callcost.estimate.estimate import CONFIDENCE

        return 1 - (1 - CONFIDENCE) / max(1, self.rows)
