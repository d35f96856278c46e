"""Finds out what to compare: the contenders that a project offers on each side.

The running callcost and the project's working tree declare them, never the revisions: these only
need what is called.
"""

from __future__ import annotations

import tomllib
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Protocol

from callcost.errors import CallcostError
from callcost.model.contender import Contender
from callcost.model.patterns import matches, require_known, with_tools
from callcost.paired.rows import Cell, PairedRow
from callcost.revisions.project import nested

SUITES = "callcost.suites"
KEYS = {"workload", "mechanism", "setup", "call", "expect", "raises", "view"}
# How each source is compiled.
SOURCES = {"setup": "exec", "call": "eval", "expect": "eval", "raises": "eval", "view": "eval"}
HOW = (
    "say what to measure in [[tool.callcost.contender]] tables of its pyproject.toml, each with "
    'workload = "...", setup = "..." and call = "..."'
)


class SuiteError(CallcostError):
    """A project that does not declare correctly what to compare."""


@dataclass(frozen=True)
class Offer:
    """The contenders of one environment, and what it lacks with the reason."""

    contenders: Mapping[Cell, Contender]
    missing: Mapping[Cell, str] = field(default_factory=dict)

    @property
    def cells(self) -> set[Cell]:
        """Every row of it, also what the environment lacks."""
        return {*self.contenders, *self.missing}


class Suite(Protocol):
    """A project's contenders; a module registered under `callcost.suites` is one.

    DEFAULT_WORKLOADS are the patterns of what is compared by default.
    """

    @property
    def DEFAULT_WORKLOADS(self) -> tuple[str, ...]:  # noqa: N802 - a module's constant
        """The patterns."""
        ...

    def names(self, files: Collection[str]) -> Collection[Cell]:
        """Lists every cell that revisions with these files may have, before a build."""
        ...

    def offer(self, site: Path) -> Offer:
        """Lists what an environment can measure; `site` is its folder of packages."""
        ...

    def here(self) -> Offer:
        """Lists what the running interpreter can measure."""
        ...

    def rules(self) -> Sequence[Traversable]:
        """Names the tables that place the functions of its libraries (callcost explain)."""
        ...


@dataclass(frozen=True)
class Declared:
    """The contenders in a project's pyproject.toml: the same on both sides."""

    contenders: Mapping[Cell, Contender]
    DEFAULT_WORKLOADS: tuple[str, ...] = ("*",)

    def names(self, files: Collection[str]) -> Collection[Cell]:
        """Lists them all."""
        return self.contenders.keys()

    def offer(self, site: Path) -> Offer:
        """Lists them all: running a set-up shows what a side lacks."""
        return Offer(self.contenders)

    def here(self) -> Offer:
        """Lists them all."""
        return Offer(self.contenders)

    def rules(self) -> Sequence[Traversable]:
        """Names no table: callcost explain knows a project's extension by its file."""
        return ()


def find_suite(project: Path) -> Suite:
    """Finds the suite of the project in a folder; raises SuiteError."""
    path = project / "pyproject.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        name = str(nested(document, "project").get("name", project.name))
        tables = nested(document, "tool", "callcost").get("contender", [])
    except FileNotFoundError:
        raise SuiteError(f"{project} has no pyproject.toml: {HOW}") from None
    except (OSError, ValueError, TypeError) as error:
        raise SuiteError(f"{path} cannot be read: {error}") from error
    if not isinstance(tables, list):
        raise SuiteError(f"{path}: tool.callcost.contender is not a list of tables: {HOW}")
    if tables:
        return Declared(_declared(tables, name))
    if name in entry_points(group=SUITES).names:
        suite: Suite = entry_points(group=SUITES)[name].load()
        return suite
    raise SuiteError(f"{name} has nothing to compare: {HOW}")


def suite_here(folder: Path) -> Suite:
    """Finds the suite of a folder's project, or else the only installed one; raises SuiteError."""
    for parent in (folder, *folder.parents):
        if (parent / "pyproject.toml").is_file():
            try:
                return find_suite(parent)
            except SuiteError:
                break
    registered = list(entry_points(group=SUITES))
    if len(registered) != 1:
        names = ", ".join(entry.name for entry in registered) or "none"
        raise SuiteError(f"{folder} has nothing to measure. Installed suites: {names}.")
    suite: Suite = registered[0].load()
    return suite


def _declared(tables: Any, name: str) -> dict[Cell, Contender]:
    contenders: dict[Cell, Contender] = {}
    for number, table in enumerate(tables, start=1):
        where = f"[[tool.callcost.contender]] number {number}"
        if not isinstance(table, dict) or not {"workload", "call"} <= table.keys():
            raise SuiteError(f"{where} needs workload and call")
        if unknown := sorted(table.keys() - KEYS):
            raise SuiteError(f"{where} has {unknown[0]}. Known keys: {', '.join(sorted(KEYS))}.")
        if wrong := [key for key, value in table.items() if not isinstance(value, str)]:
            raise SuiteError(f"{where}: {wrong[0]} has to be a string of Python source")
        _require_python(where, table)
        cell = Cell(table["workload"], table.get("mechanism", name))
        if cell in contenders:
            raise SuiteError(f"{where} is a second {cell}")
        contenders[cell] = Contender(
            name=str(cell),
            setup=table.get("setup", ""),
            call=table["call"],
            expect=table.get("expect"),
            raises=table.get("raises"),
            view=table.get("view"),
        )
    return contenders


def _require_python(where: str, table: Mapping[str, str]) -> None:
    """Raises SuiteError for a source that is not Python."""
    for key, mode in SOURCES.items():
        if key not in table:
            continue
        try:
            with warnings.catch_warnings(action="ignore"):
                compile(table[key], f"<{key}>", mode)
        except (SyntaxError, ValueError) as error:
            kind = "an expression" if mode == "eval" else "Python"
            raise SuiteError(f"{where}: {key} is not {kind}: {error}") from error


@dataclass(frozen=True)
class Selection:
    """The rows to compare, and the cells that one or both sides lack, with the reason."""

    rows: tuple[PairedRow, ...]
    added: Mapping[Cell, str]
    removed: Mapping[Cell, str]
    nowhere: Mapping[Cell, str]


def matching(
    known: Collection[Cell],
    mechanisms: Sequence[str],
    workloads: Sequence[str],
    default: Sequence[str] = ("*",),
    option: str = "--workload",
) -> list[Cell]:
    """Lists the cells that match the patterns; raises UnknownNameError.

    `default` has the workloads if none is asked for; `option` names them in the error.
    """
    mechanisms = with_tools(mechanisms, (cell.mechanism for cell in known))
    require_known("--mechanism", mechanisms, [cell.mechanism for cell in known])
    require_known(option, workloads, [cell.workload for cell in known])
    return [
        cell
        for cell in sorted(known)
        if matches(cell.workload, workloads or default)
        and matches(cell.mechanism, mechanisms or ("*",))
    ]


def choose(
    suite: Suite, known: Collection[Cell], mechanisms: Sequence[str], workloads: Sequence[str]
) -> list[Cell]:
    """Chooses cells by patterns; raises UnknownNameError, or SuiteError if nothing is left."""
    chosen = matching(known, mechanisms, workloads, suite.DEFAULT_WORKLOADS)
    if not chosen:
        raise SuiteError("nothing to compare: no row matches both --workload and --mechanism")
    return chosen


def select(
    suite: Suite,
    base: Offer,
    head: Offer,
    mechanisms: Sequence[str],
    workloads: Sequence[str],
) -> Selection:
    """Chooses what to compare; raises UnknownNameError for a pattern that matches nothing."""
    chosen = choose(suite, base.cells | head.cells, mechanisms, workloads)
    return Selection(
        tuple(
            PairedRow(cell, base.contenders[cell], head.contenders[cell])
            for cell in chosen
            if cell in base.contenders and cell in head.contenders
        ),
        _only_in(head, base, chosen),
        _only_in(base, head, chosen),
        {
            cell: base.missing.get(cell) or head.missing[cell]
            for cell in chosen
            if cell not in base.contenders and cell not in head.contenders
        },
    )


def _only_in(one: Offer, other: Offer, chosen: Sequence[Cell]) -> dict[Cell, str]:
    return {
        cell: other.missing.get(cell, "it is not there")
        for cell in chosen
        if cell in one.contenders and cell not in other.contenders
    }
