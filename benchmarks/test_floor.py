"""What a call of the same C costs without Python: the floor of each workload."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from callcost.benchmarks.ladder import floor_rows


@pytest.mark.parametrize(("workload", "mechanism"), floor_rows())
def test_floor(callcost: Callable[[], None], workload: str, mechanism: str) -> None:
    callcost()
