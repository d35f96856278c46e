"""Names are selected by patterns, and a mechanism also by its tool."""

from __future__ import annotations

import pytest

from callcost.model.patterns import matches, with_tools

NAMES = ("nanobind_module", "nanobind_split", "fast", "fast_c", "test_add[1]")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("nanobind", ["nanobind_module", "nanobind_split"]),
        ("Nanobind", ["nanobind_module", "nanobind_split"]),
        ("nanobind_s*", ["nanobind_split"]),
        # A mechanism of that name comes first.
        ("fast", ["fast"]),
        ("nano", []),
        ("test_add[1]", ["test_add[1]"]),
    ],
)
def test_the_name_of_a_tool_selects_all_its_mechanisms(pattern: str, found: list[str]) -> None:
    patterns = with_tools([pattern], NAMES)
    assert [name for name in NAMES if matches(name, patterns)] == found
