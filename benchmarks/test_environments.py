"""What each call costs in another interpreter. Each interpreter has groups of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.environments import environment_rows


@pytest.mark.parametrize(("workload", "mechanism"), environment_rows(WORKLOADS))
def test_call_elsewhere(callcost: Callable[[], None], workload: str, mechanism: str) -> None:
    callcost()
