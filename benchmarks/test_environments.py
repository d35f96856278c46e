"""What each call costs in the interpreters that --python names. Each has groups of its own."""

from __future__ import annotations

from collections.abc import Callable


def test_call_elsewhere(callcost: Callable[[], None], workload: str, mechanism: str) -> None:
    callcost()
