"""Chooses what each interpreter of a run is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from callcost.model import abi

RULE = (
    "An interpreter is compared with the CPython before it on the command line; a free-threaded "
    "build with the normal build of its own version, or else with the free-threaded one before it."
)
CPYTHON, FREE_THREADED = "cpython", "free-threaded"
Facts = Mapping[str, str]


def bases(places: Sequence[str], facts: Mapping[str, Facts]) -> dict[str, list[str]]:
    """Lists for each interpreter what it may be compared with, the best one first.

    `places` are in the order of the command line. The second one is for a mechanism that the first
    one lacks.
    """
    kinds = {place: _kind(facts[place]) for place in places}
    found = {}
    for number, place in enumerate(places):
        before = places[:number][::-1]
        wanted = [
            *(_normal_builds(place, places, facts, kinds) if kinds[place] == FREE_THREADED else ()),
            *(each for each in before if kinds[each] == kinds[place]),
            *(each for each in before if kinds[each] == CPYTHON),
        ]
        found[place] = list(dict.fromkeys(wanted))
    return found


def _kind(facts: Facts) -> str:
    if facts.get("implementation") != CPYTHON:
        return facts.get("implementation", "")
    return FREE_THREADED if abi.FREE_THREADED_FLAG in facts.get("abi_flags", "") else CPYTHON


def _normal_builds(
    place: str, places: Sequence[str], facts: Mapping[str, Facts], kinds: Mapping[str, str]
) -> Iterator[str]:
    """Yields the normal builds of a free-threaded one's version, wherever they are."""
    for each in places:
        if kinds[each] == CPYTHON and _version(facts[each]) == _version(facts[place]):
            yield each


def _version(facts: Facts) -> list[str]:
    return facts.get("python_version", "").split(".")[:2]
