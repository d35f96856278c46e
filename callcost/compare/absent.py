"""Distinguishes a contender that a side lacks from one that fails there.

A side lacks a contender if the set-up itself names something that cannot be found. The same error
from a module that the set-up imports is that module's failure.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from callcost.paired.rows import BASE, HEAD, SIDES, Cell, PairedRow, RowFailure

# A missing contender fails in its set-up: what it calls does not exist.
KIND = "setup failed"
NO_MODULE = re.compile(r"raised ModuleNotFoundError: No module named '(?P<module>[^']+)'")
NO_NAME = re.compile(
    r"raised ImportError: cannot import name '(?P<name>[^']+)' from '(?P<module>[^']+)'"
)
NO_ATTRIBUTE = re.compile(r"raised AttributeError: .*has no attribute '(?P<name>[^']+)'")
# A module in a circular import exists, and is broken.
CIRCULAR = "partially initialized module"


def is_absent(failure: RowFailure, setup: str) -> bool:
    """Tells whether a set-up failed because of a name that it uses itself."""
    if failure.kind != KIND or CIRCULAR in failure.message:
        return False
    try:
        nodes = list(ast.walk(ast.parse(setup)))
    except (SyntaxError, ValueError):
        return False
    if found := NO_MODULE.search(failure.message):
        return any(f"{name}.".startswith(f"{found['module']}.") for name in _modules(nodes))
    if found := NO_NAME.search(failure.message):
        return (found["module"], found["name"]) in _imported(nodes)
    if found := NO_ATTRIBUTE.search(failure.message):
        return any(isinstance(n, ast.Attribute) and n.attr == found["name"] for n in nodes)
    return False


def _modules(nodes: Sequence[ast.AST]) -> set[str]:
    """Lists the modules that a source imports, including names that may be modules."""
    direct = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    fronts = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return direct | fronts | {f"{module}.{name}" for module, name in _imported(nodes)}


def _imported(nodes: Sequence[ast.AST]) -> set[tuple[str, str]]:
    return {
        (node.module or "", alias.name)
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


@dataclass(frozen=True)
class Sorted:
    """What each side lacks, with the reason, and what fails."""

    absent: Mapping[str, Mapping[Cell, str]]
    failures: list[RowFailure]

    def only_on(self, side: str) -> dict[Cell, str]:
        """Lists what only one side has, with the other's reason."""
        other = HEAD if side == BASE else BASE
        return {
            cell: why for cell, why in self.absent[other].items() if cell not in self.absent[side]
        }

    @property
    def nowhere(self) -> dict[Cell, str]:
        """Lists what neither side has, with the base's reason."""
        return {cell: why for cell, why in self.absent[BASE].items() if cell in self.absent[HEAD]}


def sort_out(failures: Sequence[RowFailure], rows: Sequence[PairedRow]) -> Sorted:
    """Separates what a side lacks from real failures."""
    by_cell = {row.cell: row for row in rows}
    absent: dict[str, dict[Cell, str]] = {side: {} for side in SIDES}
    real = []
    for failure in failures:
        if is_absent(failure, by_cell[failure.cell].on(failure.side).setup):
            absent[failure.side][failure.cell] = failure.message
        else:
            real.append(failure)
    return Sorted(absent, real)
