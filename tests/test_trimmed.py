"""Trimmed means and their intervals are what SciPy says they are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from callcost import trimmed


@pytest.mark.parametrize("share", [0.1, 0.25])
@pytest.mark.parametrize("size", [2, 5, 9, 10, 11, 30, 59])
@pytest.mark.parametrize("rows", [(), (1,), (7,)], ids=str)
def test_means_and_intervals_are_those_of_scipy(
    size: int, rows: tuple[int, ...], share: float
) -> None:
    samples = np.random.default_rng(size).lognormal(1, 0.5, (*rows, size))
    means = stats.trim_mean(samples, share, axis=-1)
    assert trimmed.mean(samples, share) == pytest.approx(means, rel=1e-14)
    for confidence in (0.95, 0.999):
        ends = stats.mstats.trimmed_mean_ci(
            samples, (share, share), alpha=1 - confidence, axis=len(rows)
        )
        found = np.array(trimmed.interval(samples, share, confidence))
        assert found == pytest.approx(ends, rel=1e-12)


def test_the_samples_stay_as_they_were() -> None:
    samples = np.array([3.0, 1.0, 2.0, 9.0, 5.0])
    trimmed.interval(samples, 0.2, 0.95)
    assert samples.tolist() == [3.0, 1.0, 2.0, 9.0, 5.0]
