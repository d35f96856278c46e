"""The threshold that each row's change must exceed, and the confidence of its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from callcost.model.patterns import matches

DEFAULT_THRESHOLD = 0.02


def mirrored(limit: float) -> float:
    """Returns the change as far below zero as `limit` is above, both as shares.

    A ratio of 1 / (1 + limit) is as far from 1 as one of 1 + limit.
    """
    return 1 / (1 + limit) - 1


@dataclass(frozen=True)
class Rules:
    """What a change must exceed, as a share (0.02 is 2%), and the number of rows.

    `patterns` of names have thresholds of their own, which `of` applies.
    """

    threshold: float = DEFAULT_THRESHOLD
    rows: int = 1
    patterns: Mapping[str, float] = field(default_factory=dict)

    def of(self, row: object) -> Rules:
        """Returns the rules of a row: the last pattern that matches its name sets the threshold.

        None sets that of the control, which shows the machine and not the project.
        """
        # Late: it is slow to import, and the command's options need this module.
        from callcost.paired.rows import CONTROL

        if row == CONTROL:
            return self
        own = [share for pattern, share in self.patterns.items() if matches(str(row), [pattern])]
        return replace(self, threshold=own[-1]) if own else self

    @property
    def confidence(self) -> float:
        """The confidence of one row's interval: all rows together have CONFIDENCE."""
        # Late, too.
        from callcost.estimate.estimate import CONFIDENCE

        return 1 - (1 - CONFIDENCE) / max(1, self.rows)
