"""The parts that a call's instructions are divided into, and the rules by which they are.

The rules are tables in TOML, a line each. This package has those of CPython and of the C library;
a suite adds those of the libraries that its contenders go through.
"""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePath
from types import MappingProxyType
from typing import Any

from callcost.errors import CallcostError
from callcost.model.instructions import Frame, Spent, Stack

PARTS: Mapping[str, str] = MappingProxyType(
    {
        "dispatch": "interpreter dispatch",
        "protocol": "call protocol",
        "arguments": "argument conversion",
        "marshalling": "marshalling for the ABI",
        "gil": "the GIL",
        "errno": "errno and thread-locals",
        "binding": "the binding's own dispatch",
        "function": "the C function itself",
        "result": "boxing of the result",
        "memory": "memory management",
        "other": "other",
    }
)
"""What people call each part, in the order in which a call meets them."""

OTHER = "other"
# What serves many ends, such as copying bytes or looking up a type's attribute, counts as what it
# is done for.
AS_CALLER = "caller"
OWN_RULES = files(__package__).joinpath("rules.toml")
ANYTHING = "*"
INTERPRETER = ("python*", "libpython*")
# A part or a variant of a function that the compiler has made, or a symbol's version.
ADDED = re.compile(r"(\.(constprop|isra|part|cold|localalias|lto_priv)(\.\d+)?)+$|@.*$")


class RulesError(CallcostError):
    """A table of rules that cannot be read; the text says which line and why."""


@dataclass(frozen=True)
class Rule:
    """Says which part the functions of an object file belong to, and why.

    `object` and `function` are patterns; the object file is known by its name without folders, or
    is `python` where it is the interpreter's. `under` are patterns for the named callers, from the
    nearest outwards, where the part depends on them.
    """

    part: str
    object: str
    function: str
    why: str
    under: tuple[str, ...] = ()

    def fits(self, frame: Frame, callers: Sequence[str]) -> bool:
        """Tells whether the rule is about a function that was called by these."""
        if not frame.named and self.function != ANYTHING:
            return False
        return (
            _like(object_name(frame.object), self.object)
            and _like(function_name(frame.function), self.function)
            and len(callers) >= len(self.under)
            and all(map(_like, callers, self.under))
        )


@cache
def _like(name: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(name, pattern)


@cache
def function_name(symbol: str) -> str:
    """Takes from a symbol what compilers and versions have added to the function's name."""
    return ADDED.sub("", symbol)


@cache
def object_name(path: str) -> str:
    """Shortens an object file's path to what rules call it."""
    name = PurePath(path).name
    # libpython as well, and the program under whatever name it was started.
    return "python" if any(fnmatch.fnmatchcase(name, like) for like in INTERPRETER) else name


def read_rules(tables: Iterable[Traversable]) -> tuple[Rule, ...]:
    """Reads tables of rules, and this package's own behind them; raises RulesError."""
    return tuple(rule for table in (*tables, OWN_RULES) for rule in _read(table))


def _read(table: Traversable) -> tuple[Rule, ...]:
    try:
        document = tomllib.loads(table.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RulesError(f"{table} cannot be read: {error}") from error
    lines = document.get("rules", [])
    return tuple(_rule(line, f"{table}, rule {at}") for at, line in enumerate(lines, start=1))


def _rule(line: Mapping[str, Any], where: str) -> Rule:
    under = line.get("under", [])
    try:
        rule = Rule(**{**line, "under": tuple([under] if isinstance(under, str) else under)})
    except TypeError as error:
        raise RulesError(f"{where}: it needs part, object, function and why") from error
    if rule.part not in (*PARTS, AS_CALLER):
        raise RulesError(f"{where}: there is no part {rule.part}; there are {', '.join(PARTS)}")
    return rule


@dataclass(frozen=True)
class Placed:
    """What a function took, and the part that it was placed in."""

    part: str
    stack: Stack
    instructions: float


class Attribution:
    """Places instructions by rules; the first rule that fits a function decides."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules

    def place(self, spent: Spent) -> list[Placed]:
        """Places everything that a call has spent, the dearest first."""
        placed = [Placed(self.part_of(stack), stack, took) for stack, took in spent.items()]
        return sorted(placed, key=lambda one: (-one.instructions, one.stack))

    def part_of(self, stack: Stack) -> str:
        """Finds the part of the function that a stack begins with."""
        for depth, frame in enumerate(stack):
            part = self._part(frame, stack[depth + 1 :])
            if part != AS_CALLER:
                return part
        return OTHER

    def _part(self, frame: Frame, callers: Stack) -> str:
        names = [function_name(caller.function) for caller in callers if caller.named]
        for rule in self._rules:
            if rule.fits(frame, names):
                return rule.part
        # Code without a symbol is a piece of something: a stub of the linker, a static function
        # of a stripped library, machine code made at run time.
        return OTHER if frame.named else AS_CALLER
