"""Intervals that hold at every look: confidence sequences for a trimmed mean.

An ordinary interval misses the truth more often the more often one looks. Of a sequence, all
intervals together contain the truth with the given confidence, so a row may stop as soon as its
interval decides. docs/comparing.md has the simulation that checks it.

Own code, because the packages need SciPy (savvi, ville), a compiler (confseq) or a later Python
(expectation), and none has this sequence for a trimmed mean.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from callcost.estimate.trimmed import TRIM, trim_mean, trimmed_error

Floats = npt.NDArray[np.float64]

# The expected effect's variance, in variances of a unit. Any value is valid. With 3, intervals are
# narrow both for few units and for many.
PRIOR = 3.0


def ends(units: Floats, looks: int, confidence: float) -> tuple[Floats, Floats]:
    """Return the ends of the interval of each trimmed mean along the last axis.

    `looks` is how many values the units are made of: more than units if they are means, which
    later values change without adding a degree of freedom.
    """
    error, freedom = trimmed_error(units)
    far = quantile(freedom, looks, confidence) * error
    means = trim_mean(units)
    return means - far, means + far


def reach(size: int, looks: int, confidence: float) -> float:
    """Return how far an interval of so many units reaches, in standard deviations of a unit."""
    freedom = size - 2 * int(TRIM * size) - 1
    return quantile(freedom, looks, confidence) / math.sqrt(size)


def quantile(freedom: int, looks: int, confidence: float) -> float:
    """Return the |t| that is exceeded at any look with a probability of 1 - confidence at most.

    The Bayes factor of the t-test with a normal prior is a martingale if there is no effect, and
    exceeds 1 / (1 - confidence) at any time with at most that probability (Ville). Solved for t:
    Wang and Ramdas, Anytime-valid t-tests and confidence sequences for Gaussian means with unknown
    variance (arXiv:2310.03722), the t-mixture. Infinite for too few degrees of freedom.
    """
    growth = 1 + PRIOR * looks
    factor = (growth / (1 - confidence) ** 2) ** (1 / (freedom + 1))
    if factor >= growth:
        return math.inf
    return math.sqrt(freedom * (factor - 1) / (1 - factor / growth))
