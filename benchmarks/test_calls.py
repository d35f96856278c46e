"""What each call costs: every workload of the catalogue through every mechanism."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.contenders import rows


@pytest.mark.parametrize(("workload", "mechanism"), rows(WORKLOADS))
def test_call(callcost: Callable[[], None], workload: str, mechanism: str) -> None:
    callcost()
