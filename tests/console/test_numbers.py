"""How figures are written."""

from __future__ import annotations

import math

import pytest

from callcost.console.numbers import plus_minus
from callcost.model.interval import Interval


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        (Interval(8.4123, 8.39, 8.44), "8.41 ns ± 0.03"),
        (Interval(451.8, 451.6, 452.1), "451.8 ns ± 0.3"),
        (Interval(22.11, 18.2, 25), "22.1 ns ± 4.0"),
        (Interval(1250.0, 1230.0, 1270.0), "1.25 µs ± 0.02"),
        # It is never shown as exact.
        (Interval(8.4, 8.39999, 8.40001), "8.400 ns ± 0.001"),
        (Interval(0.0, -0.1, 0.1), "0.0 ns ± 0.1"),
        (Interval(3.0, math.nan, math.nan), "3.00 ns"),
        (Interval(math.nan, math.nan, math.nan), "?"),
    ],
)
def test_a_time_and_the_wider_side_of_its_interval(interval: Interval, said: str) -> None:
    assert plus_minus(interval) == said
