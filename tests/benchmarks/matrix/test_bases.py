"""What each interpreter of a run is compared with."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from callcost.benchmarks.matrix.bases import bases


def facts_of(place: str) -> dict[str, str]:
    """Describes an interpreter by its name: 3.15t, pypy3.11, 3.15 again."""
    version = place.removeprefix("pypy").partition(" ")[0]
    return {
        "implementation": "pypy" if place.startswith("pypy") else "cpython",
        "python_version": f"{version.rstrip('t')}.0",
        "abi_flags": "t" if version.endswith("t") else "",
    }


@pytest.mark.parametrize(
    ("places", "first"),
    [
        (["3.13", "3.14", "3.15"], ["", "3.13", "3.14"]),
        # A free-threaded build is nobody's past but its own.
        (["3.14", "3.14t", "3.15", "3.15t"], ["", "3.14", "3.14", "3.15"]),
        (["3.14t", "3.15t", "3.15", "3.14"], ["3.14", "3.15", "", "3.15"]),
        (["3.14t", "3.15t"], ["", "3.14t"]),
        (["3.13", "3.14t"], ["", "3.13"]),
        (["3.15", "pypy3.11"], ["", "3.15"]),
        (["3.13", "pypy3.10", "3.15t", "pypy3.11"], ["", "3.13", "3.13", "pypy3.10"]),
        # The same interpreter under two names.
        (["3.15", "3.15 again"], ["", "3.15"]),
    ],
)
def test_what_an_interpreter_is_compared_with(places: Sequence[str], first: list[str]) -> None:
    found = bases(places, {place: facts_of(place) for place in places})
    assert [next(iter(found[place]), "") for place in places] == first


def test_a_mechanism_that_the_base_lacks_has_another_base() -> None:
    places = ["3.13", "3.14", "3.14t", "3.15", "3.15t"]
    found = bases(places, {place: facts_of(place) for place in places})
    assert found["3.15t"] == ["3.15", "3.14t", "3.14", "3.13"]
    assert found["3.15"] == ["3.14", "3.13"]
