"""Divides the instructions of a call into parts, by rules.

The rules are TOML tables, one line for functions of an object file that have a part and a reason in
common. This package has the rules of CPython and of the C library; a suite adds those of the
libraries that its contenders use.
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
"""The name of each part, in the order in which a call reaches them."""

OTHER = "other"
# Functions with many purposes, such as copying bytes or looking up an attribute of a type, count as
# their caller.
AS_CALLER = "caller"
OWN_RULES = files(__package__).joinpath("rules.toml")
ANYTHING = "*"
INTERPRETER = ("python*", "libpython*")
# A part or variant of a function made by the compiler, or the version of a symbol.
ADDED = re.compile(r"(\.(constprop|isra|part|cold|localalias|lto_priv)(\.\d+)?)+$|@.*$")


class RulesError(CallcostError):
    """A malformed table of rules; the text says which line and why."""


@dataclass(frozen=True)
class Rule:
    """Says which part functions of an object file belong to, and why.

    `object` and `function` are patterns. An object file is known by its name without folders; the
    interpreter's is `python`. `under` has patterns for the named callers, the nearest first, if the
    part depends on them.
    """

    part: str
    object: str
    function: str
    why: str
    under: tuple[str, ...] = ()

    def fits(self, frame: Frame, callers: Sequence[str]) -> bool:
        """Tell whether the rule covers a function with these callers."""
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
    """Remove what compilers and versions add to the name of a function."""
    return ADDED.sub("", symbol)


@cache
def object_name(path: str) -> str:
    """Shorten the path of an object file to the name that rules use."""
    name = PurePath(path).name
    # Also libpython, and the program under any name.
    return "python" if any(fnmatch.fnmatchcase(name, like) for like in INTERPRETER) else name


def read_rules(tables: Iterable[Traversable]) -> tuple[Rule, ...]:
    """Read tables of rules, followed by this package's own; raise RulesError."""
    return tuple(rule for table in (*tables, OWN_RULES) for rule in _read(table))


def _read(table: Traversable) -> tuple[Rule, ...]:
    try:
        document = tomllib.loads(table.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RulesError(f"{table} cannot be read: {error}") from error
    lines = document.get("rules", [])
    read = (_rules(line, f"{table}, rule {at}") for at, line in enumerate(lines, start=1))
    return tuple(rule for rules in read for rule in rules)


def _rules(line: Mapping[str, Any], where: str) -> list[Rule]:
    """Make a rule for each function of a line."""
    try:
        under, functions = tuple(_listed(line.get("under", []))), _listed(line["function"])
        rules = [Rule(**{**line, "function": one, "under": under}) for one in functions]
    except (KeyError, TypeError) as error:
        raise RulesError(f"{where}: it needs part, object, function and why") from error
    part = line.get("part")
    if part not in (*PARTS, AS_CALLER):
        raise RulesError(f"{where}: there is no part {part}; there are {', '.join(PARTS)}")
    return rules


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@dataclass(frozen=True)
class Placed:
    """The instructions of a function, and the part that it belongs to."""

    part: str
    stack: Stack
    instructions: float


class Attribution:
    """Assigns instructions to parts; the first rule that fits a function decides."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules

    def place(self, spent: Spent) -> list[Placed]:
        """Assign all instructions of a call, the largest number first."""
        placed = [Placed(self.part_of(stack), stack, took) for stack, took in spent.items()]
        return sorted(placed, key=lambda one: (-one.instructions, one.stack))

    def part_of(self, stack: Stack) -> str:
        """Find the part of the first function of a stack."""
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
        # Code without a symbol belongs to something: a stub of the linker, a static function of a
        # stripped library, machine code made at run time.
        return OTHER if frame.named else AS_CALLER
