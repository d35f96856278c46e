"""Matches names with patterns such as 'add_*', and rejects a pattern that matches nothing."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from callcost.errors import CallcostError


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns the known name that a mistyped one probably means; empty if none is near."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1)), "")


class UnknownNameError(CallcostError):
    """A pattern matches nothing; the text names it and suggests a name."""


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Tells whether any pattern is the name or matches the whole of it.

    A name may have brackets, which mean something else in a pattern: test_add[1].
    """
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)


def tools_of(mechanisms: Iterable[str]) -> set[str]:
    """Names the tools of mechanisms: the part before the first underscore."""
    return {name.partition("_")[0] for name in mechanisms if "_" in name}


def with_tools(patterns: Iterable[str], present: Iterable[str]) -> list[str]:
    """Lets the name of a tool stand for all its mechanisms: add for add_*.

    A pattern that matches a name keeps its meaning.
    """
    names = set(present)
    tools = tools_of(names)
    return [
        f"{pattern.lower()}_*"
        if pattern.lower() in tools and not any(matches(name, [pattern]) for name in names)
        else pattern
        for pattern in patterns
    ]


def require_known(option: str, patterns: Iterable[str], present: Sequence[str]) -> None:
    """Raises UnknownNameError for the first pattern of an option that matches no name."""
    for pattern in patterns:
        if not any(matches(name, [pattern]) for name in present):
            near = nearest(pattern, present)
            hint = f"did you mean {near}?" if near else f"there is: {_some(present)}"
            raise UnknownNameError(f"{option} {pattern} matches nothing here: {hint}")


def _some(present: Sequence[str], limit: int = 8) -> str:
    names = sorted(set(filter(None, present)))
    return ", ".join(names[:limit]) + (", ..." if len(names) > limit else "") or "nothing"
