"""Confidence sequences: their formula, and that looking often does not make them wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest

from callcost.estimate.trimmed import student_quantile
from callcost.paired.sequence import PRIOR, ends, quantile, reach


@pytest.mark.parametrize("size", [6, 9, 40, 1000])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.9999])
def test_at_the_quantile_the_bayes_factor_is_the_inverse_of_the_error(
    size: int, confidence: float
) -> None:
    t, freedom = quantile(size - 1, size, confidence), size - 1
    growth = 1 + PRIOR * size
    factor = ((1 + t**2 / freedom) / (1 + t**2 / (freedom * growth))) ** (size / 2)
    if math.isfinite(t):
        assert factor / math.sqrt(growth) == pytest.approx(1 / (1 - confidence))
        assert t > student_quantile(confidence, freedom)
    else:
        # However large t is, the factor stays below this.
        assert growth ** ((size - 1) / 2) <= 1 / (1 - confidence)


def test_few_units_decide_nothing() -> None:
    low, high = ends(np.array([1.0, 1.1]), 2, 0.95)
    assert low == -np.inf and high == np.inf


def test_more_looks_and_more_confidence_widen_an_interval() -> None:
    assert quantile(16, 17, 0.95) < quantile(16, 34, 0.95) < quantile(16, 34, 0.99)
    assert reach(33, 66, 0.95) < reach(17, 66, 0.95)


def test_an_interval_lies_around_the_trimmed_mean() -> None:
    # The largest and the smallest of ten do not count.
    units = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 1e6])
    low, high = ends(units, 10, 0.95)
    assert (low + high) / 2 == pytest.approx(5.5)
    assert high < 100
    # Yuen's standard error from the winsorised values 2, 2, 3, ..., 9, 9.
    squares = 2 * 3.5**2 + 2 * sum(x**2 for x in (0.5, 1.5, 2.5, 3.5))
    assert high - 5.5 == pytest.approx(quantile(7, 10, 0.95) * math.sqrt(squares / (8 * 7)))


def test_looking_at_every_unit_misses_rarely() -> None:
    units = np.random.default_rng(1).standard_normal((1000, 100))
    missed = np.zeros(1000, dtype=bool)
    ordinary = np.zeros(1000, dtype=bool)
    for size in range(2, 101):
        seen = units[:, :size]
        low, high = ends(seen, size, 0.95)
        missed |= (low > 0) | (high < 0)
        far = student_quantile(0.95, size - 1) * seen.std(axis=1, ddof=1) / math.sqrt(size)
        ordinary |= abs(seen.mean(axis=1)) > far
    assert missed.mean() < 0.05 < 0.3 < ordinary.mean()
