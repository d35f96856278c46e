"""What fibonacci(n) costs for rising n, until the mechanism stops mattering."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from callcost.benchmarks.catalogue import BREAK_EVEN_RESULTS, break_even_workload
from callcost.benchmarks.contenders import BREAK_EVEN, rows

SWEEP = [break_even_workload(n) for n in BREAK_EVEN_RESULTS]


@pytest.mark.break_even
@pytest.mark.parametrize(("workload", "mechanism"), rows(SWEEP, prefix=BREAK_EVEN))
def test_break_even(callcost: Callable[[], None], workload: str, mechanism: str) -> None:
    callcost()
