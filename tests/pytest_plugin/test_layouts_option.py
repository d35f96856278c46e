"""How many layouts a run loads: all that were linked, fewer, or none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from callcost.errors import CallcostError
from callcost.model.layout import Layout
from callcost.pytest_plugin.session import MeasuringSession


def chosen(linked: int, asked: int | None) -> int:
    layouts = [Layout("", {}, str(number)) for number in range(linked)]
    config: Any = SimpleNamespace(
        hook=SimpleNamespace(pytest_callcost_layouts=lambda config: layouts),
        getoption={"callcost_layouts": asked}.get,
    )
    return len(MeasuringSession(config, [])._layouts)


@pytest.mark.parametrize(
    ("linked", "asked", "loaded"),
    [(16, None, 16), (16, 8, 8), (16, 0, 0), (0, None, 0), (0, 0, 0), (5, None, 0)],
)
def test_all_layouts_are_loaded_unless_fewer_are_asked_for(
    linked: int, asked: int | None, loaded: int
) -> None:
    assert chosen(linked, asked) == loaded


@pytest.mark.parametrize(
    ("linked", "asked", "said"),
    [
        (16, 17, "--callcost-layouts=17 asks for more layouts than the 16 that were linked"),
        (16, 5, "--callcost-layouts=5 is too few for an interval: ask for 6 or more"),
        (0, 6, "asks for more layouts than the 0 that were linked. Install again with"),
    ],
)
def test_a_number_of_layouts_that_cannot_be_is_refused(linked: int, asked: int, said: str) -> None:
    with pytest.raises(CallcostError) as caught:
        chosen(linked, asked)
    assert said in str(caught.value)
