"""Trimmed means and their intervals equal SciPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from callcost.estimate.trimmed import (
    TRIM,
    difference,
    student_quantile,
    trim_mean,
    trim_mean_ends,
)

ROWS = np.random.default_rng(1).standard_t(3, size=(5, 200))
SIZES = (6, 7, 9, 10, 11, 29, 30, 31, 200)


@pytest.fixture(scope="module")
def stats() -> Any:
    """scipy.stats: only the process that runs these tests takes the time to import it."""
    import scipy.stats

    return scipy.stats


@pytest.mark.parametrize("size", SIZES)
def test_means_equal_those_of_scipy_to_the_last_bit(stats: Any, size: int) -> None:
    rows = ROWS[:, :size]
    assert trim_mean(rows).tolist() == stats.trim_mean(rows, TRIM, axis=1).tolist()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.9999])
def test_intervals_equal_those_of_scipy(stats: Any, size: int, confidence: float) -> None:
    rows = ROWS[:, :size]
    theirs = stats.mstats.trimmed_mean_ci(rows, (TRIM, TRIM), alpha=1 - confidence, axis=1)
    ours = trim_mean_ends(rows, confidence)
    np.testing.assert_allclose(ours, [np.asarray(end) for end in theirs], rtol=1e-9)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("confidence", [0.95, 0.9999])
def test_differences_equal_those_of_scipy(stats: Any, size: int, confidence: float) -> None:
    after, before = 1 + 2 * ROWS[0, :size], ROWS[1]
    theirs = stats.ttest_ind(after, before, equal_var=False, trim=TRIM)
    ends = theirs.confidence_interval(confidence)
    value, low, high = difference(after, before, confidence)
    assert value == trim_mean(after) - trim_mean(before)
    np.testing.assert_allclose((low, high), (ends.low, ends.high), rtol=1e-8)


def test_the_difference_of_constant_samples_is_exact() -> None:
    assert difference(np.full(9, 3.0), np.full(9, 1.0), 0.95) == (2.0, 2.0, 2.0)


@pytest.mark.parametrize("freedom", [4.1, 5, 23, 123.4, 1_000, 10_000])
@pytest.mark.parametrize("confidence", [0.1, 0.95, 0.9999])
def test_quantiles_equal_those_of_scipy(stats: Any, freedom: float, confidence: float) -> None:
    theirs = stats.t.ppf((1 + confidence) / 2, freedom)
    assert student_quantile(confidence, freedom) == pytest.approx(theirs, rel=1e-8)
