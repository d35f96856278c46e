"""Trimmed means and their confidence intervals, in NumPy.

SciPy has them too, but it takes 143 MB on disk and 0.6 s to import: too much for a small install.
tests/estimate/test_trimmed.py compares every function with SciPy's.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# The share of samples cut off at either end before their mean is taken.
TRIM = 0.1
# Gauss-Legendre nodes: enough for 8 digits of Student's quantile from 5 to 10,000 samples.
NODES = 100


def trim_mean(samples: Floats) -> Floats:
    """Average the last axis without the TRIM smallest and the TRIM largest samples of each row."""
    size = samples.shape[-1]
    cut = int(TRIM * size)
    # Partitioned, not sorted, so that the result equals SciPy's `trim_mean` to the last bit.
    parted = np.partition(samples, (cut, size - cut - 1), axis=-1)
    means: Floats = np.mean(parted[..., cut : size - cut], axis=-1)
    return means


def trim_mean_ends(samples: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Return the ends of the confidence interval of each trimmed mean along the last axis.

    Tukey and McLaughlin's method, from the winsorised variance, like SciPy's `trimmed_mean_ci`.
    """
    size = samples.shape[-1]
    error = np.std(_winsorised(samples), axis=-1, ddof=1) / ((1 - 2 * TRIM) * math.sqrt(size))
    reach = student_quantile(confidence, size - 2 * int(TRIM * size) - 1) * error
    means = trim_mean(samples)
    return means - reach, means + reach


def trimmed_error(samples: Floats) -> tuple[Floats, int]:
    """Return the standard error of each trimmed mean along the last axis, and its freedom.

    Yuen's, which equals that of an ordinary mean if nothing is trimmed.
    """
    kept = samples.shape[-1] - 2 * int(TRIM * samples.shape[-1])
    squares = np.var(_winsorised(samples), axis=-1) * samples.shape[-1]
    errors: Floats = np.sqrt(squares / (kept * (kept - 1)))
    return errors, kept - 1


def difference(after: Floats, before: Floats, confidence: float) -> tuple[float, float, float]:
    """Return the difference of two trimmed means, and the ends of its confidence interval.

    Yuen's test for unequal variances, like SciPy's
    `ttest_ind(after, before, equal_var=False, trim=TRIM)`.
    """
    sizes = np.array([sample.size - 2 * int(TRIM * sample.size) for sample in (after, before)])
    squares = [np.var(_winsorised(sample)) * sample.size for sample in (after, before)]
    errors = np.array(squares) / (sizes * (sizes - 1))
    value = float(trim_mean(after) - trim_mean(before))
    if not errors.any():
        return value, value, value
    freedom = errors.sum() ** 2 / (errors**2 / (sizes - 1)).sum()
    reach = student_quantile(confidence, float(freedom)) * math.sqrt(errors.sum())
    return value, value - reach, value + reach


def _winsorised(samples: Floats) -> Floats:
    """Sort each row, and replace the samples that are cut off by the nearest one that is kept."""
    size = samples.shape[-1]
    cut = int(TRIM * size)
    places = np.clip(np.arange(size), cut, size - cut - 1)
    ordered: Floats = np.sort(samples, axis=-1)
    return ordered[..., places]


@lru_cache(maxsize=1024)
def student_quantile(confidence: float, freedom: float) -> float:
    """Return the t that |T| exceeds with probability 1 - confidence, for Student's T.

    Newton's method, from below: P(|T| < t) is concave in t > 0, and it starts at the quantile of
    the normal distribution, which is smaller.
    """
    log_scale = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)
    scale = 2 * math.exp(log_scale) / math.sqrt(math.pi)
    found = NormalDist().inv_cdf((1 + confidence) / 2)
    for _ in range(100):
        # With t = sqrt(freedom) tan(angle), the density becomes a power of the cosine.
        angle = math.atan(found / math.sqrt(freedom))
        density = scale * math.cos(angle) ** (freedom + 1) / math.sqrt(freedom)
        step = (confidence - scale * _cosine_integral(angle, freedom - 1)) / density
        found += step
        if abs(step) < 1e-12 * found:
            break
    return found


def _cosine_integral(end: float, power: float) -> float:
    """Integrate cos(x)**power from 0 to `end`."""
    nodes, weights = _legendre()
    return float(weights @ np.cos((nodes + 1) * end / 2) ** power) * end / 2


@lru_cache(maxsize=1)
def _legendre() -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return nodes, weights
