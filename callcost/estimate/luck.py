"""How far chance moves a row's cost: the layout, the process, and the passes within a process.

The components are those of a one-way analysis of variance with random effects, in which layouts are
the groups and processes the samples (Searle, Casella and McCulloch, Variance Components, 1992,
section 3.6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Luck:
    """Standard deviations of the log of a relative cost, so 0.01 is 1%; NaN where it is unknown.

    layout: between layouts.
    process: between processes of one layout.
    within: of a process's mean, because it has only so many passes.
    """

    layout: float
    process: float
    within: float


def luck_of(halves: Floats, layouts: Sequence[int]) -> Luck:
    """Separates the components of a row.

    `halves` has the mean log cost of the even and of the odd passes of each process: shape
    (2, processes). `layouts` has the layout of each process.
    """
    known = ~np.isnan(halves).any(axis=0)
    even, odd = halves[:, known]
    if not even.size:
        return Luck(np.nan, np.nan, np.nan)
    within = float(np.mean((even - odd) ** 2)) / 4
    costs = (even + odd) / 2
    labels = np.array(layouts)[known]
    groups = [costs[labels == label] for label in np.unique(labels)]
    freedom = costs.size - len(groups)
    if not freedom:
        return Luck(np.nan, np.nan, np.sqrt(within))
    inside = float(sum(np.sum((group - group.mean()) ** 2) for group in groups)) / freedom
    process = np.sqrt(max(0.0, inside - within))
    if len(groups) == 1:
        return Luck(np.nan, process, np.sqrt(within))
    sizes = np.array([group.size for group in groups])
    means = np.array([group.mean() for group in groups])
    between = float(np.sum(sizes * (means - costs.mean()) ** 2)) / (len(groups) - 1)
    # The number of processes in a layout, if all had equally many.
    size = (costs.size - np.sum(sizes**2) / costs.size) / (len(groups) - 1)
    layout = np.sqrt(max(0.0, (between - inside) / size))
    return Luck(float(layout), float(process), float(np.sqrt(within)))
