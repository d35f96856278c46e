"""Names two sides so that a reader can tell them apart."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Sequence

from callcost.model.expression import UNREADABLE, Reading

LONGEST = 70
NUMBERS = ("first", "second")


def labels(sides: Sequence[Reading]) -> tuple[str, ...]:
    """Name each side by its expression or, if both have the same, by what differs."""
    calls = [_short(side.label) for side in sides]
    if len(sides) < 2:
        return tuple(calls)
    if sides[0].call != sides[1].call:
        numbered = [f"{call}, the {number} expression"
                    for call, number in zip(calls, NUMBERS, strict=True)]  # fmt: skip
        return _distinct(calls, numbered)
    (_, setup, python), (_, other_setup, other_python) = (side.what_it_does for side in sides)
    if setup != other_setup:
        return _by_set_ups(calls[0], [setup, other_setup])
    if python != other_python:
        versions = [f"{calls[0]} in {side.asked.interpreter}" for side in sides]
        return _distinct(versions, [f"{calls[0]} in {python}", f"{calls[0]} in {other_python}"])
    return calls[0], f"{calls[0]}, again"


def _by_set_ups(call: str, set_ups: Sequence[str]) -> tuple[str, ...]:
    """Name each side of the same call by the statements that only its set-up has."""
    own = [_own_lines(*set_ups), _own_lines(*reversed(set_ups))]
    named = [f"{call} after `{_short('; '.join(lines))}`" if lines else call for lines in own]
    numbered = [f"{call} with the {number} set-up" for number in NUMBERS]
    return _distinct(named, numbered)


def _own_lines(one: str, other: str) -> list[str]:
    """List the statements of the first set-up that the second does not have."""
    compared = difflib.ndiff(_statements(other), _statements(one))
    return [line[2:] for line in compared if line.startswith("+ ")]


def _statements(setup: str) -> list[str]:
    try:
        return [" ".join(ast.unparse(node).split()) for node in ast.parse(setup).body]
    except UNREADABLE:
        # It may be valid in another interpreter.
        return [line.strip() for line in setup.splitlines() if line.strip()]


def _distinct(names: Sequence[str], otherwise: Sequence[str]) -> tuple[str, ...]:
    return tuple(names if len(set(names)) == len(names) else otherwise)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
