"""Finds out what to compare: the contenders that a project offers on one side and on the other.

Which they are is said by the running callcost and by the project's working tree, never by the
revisions that are compared: those only have to hold what is called.
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
from callcost.model.patterns import matches, require_known
from callcost.paired.rows import Cell, PairedRow

SUITES = "callcost.suites"
KEYS = {"workload", "mechanism", "setup", "call", "expect", "raises", "view"}
# The entries that are sources, and how each is compiled.
SOURCES = {"setup": "exec", "call": "eval", "expect": "eval", "raises": "eval", "view": "eval"}
HOW = (
    "say what to measure in [[tool.callcost.contender]] tables of its pyproject.toml, each with "
    'workload = "...", setup = "..." and call = "..."'
)


class SuiteError(CallcostError):
    """A project that does not say, or says wrongly, what is to be compared."""


@dataclass(frozen=True)
class Offer:
    """What one environment has: its contenders, and what it lacks with the reason."""

    contenders: Mapping[Cell, Contender]
    missing: Mapping[Cell, str] = field(default_factory=dict)


class Suite(Protocol):
    """What knows a project's contenders; a module registered under `callcost.suites` is one.

    DEFAULT_WORKLOADS are patterns for what is compared if nothing is named.
    """

    @property
    def DEFAULT_WORKLOADS(self) -> tuple[str, ...]:  # noqa: N802 - a module's constant
        """The patterns."""
        ...

    def names(self, files: Collection[str]) -> Collection[Cell]:
        """Lists every cell that revisions with these files may have, before they are built."""
        ...

    def offer(self, site: Path) -> Offer:
        """Lists what the environment whose packages are in `site` can measure."""
        ...

    def here(self) -> Offer:
        """Lists what the running interpreter can measure."""
        ...

    def rules(self) -> Sequence[Traversable]:
        """Names the tables that say what the functions of its libraries are to a call."""
        ...


@dataclass(frozen=True)
class Declared:
    """The contenders that a project declares in its pyproject.toml: the same on both sides."""

    contenders: Mapping[Cell, Contender]
    DEFAULT_WORKLOADS: tuple[str, ...] = ("*",)

    def names(self, files: Collection[str]) -> Collection[Cell]:
        """Lists them all."""
        return self.contenders.keys()

    def offer(self, site: Path) -> Offer:
        """Lists them all; what a side lacks shows when its set-up is run there."""
        return Offer(self.contenders)

    def here(self) -> Offer:
        """Lists them all."""
        return Offer(self.contenders)

    def rules(self) -> Sequence[Traversable]:
        """Names no table: what a project's own extension does is known by its file."""
        return ()


def find_suite(project: Path) -> Suite:
    """Finds the suite of the project in a folder; raises SuiteError."""
    path = project / "pyproject.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SuiteError(f"{project} has no pyproject.toml: {HOW}") from None
    except (OSError, ValueError) as error:
        raise SuiteError(f"{path} cannot be read: {error}") from error
    name = str(_table(document, path, "project").get("name", project.name))
    tables = _table(document, path, "tool", "callcost").get("contender", [])
    if not isinstance(tables, list):
        raise SuiteError(f"{path}: tool.callcost.contender is not a list of tables: {HOW}")
    if tables:
        return Declared(_declared(tables, name))
    if name in entry_points(group=SUITES).names:
        suite: Suite = entry_points(group=SUITES)[name].load()
        return suite
    raise SuiteError(f"{name} has nothing to compare: {HOW}")


def _table(document: Mapping[str, Any], path: Path, *names: str) -> Mapping[str, Any]:
    """Returns a table within tables, empty where there is none; raises SuiteError."""
    table: Any = document
    for number, name in enumerate(names, start=1):
        table = table.get(name, {})
        if not isinstance(table, dict):
            raise SuiteError(f"{path}: {'.'.join(names[:number])} is not a table")
    return dict(table)


def suite_here(folder: Path) -> Suite:
    """Finds the suite of the project that a folder is in, or else the one that is installed.

    Raises SuiteError where there is neither, or more than one of the latter.
    """
    for parent in (folder, *folder.parents):
        if (parent / "pyproject.toml").is_file():
            try:
                return find_suite(parent)
            except SuiteError:
                break
    registered = list(entry_points(group=SUITES))
    if len(registered) != 1:
        names = ", ".join(entry.name for entry in registered) or "none"
        raise SuiteError(f"{folder} has nothing to measure, and of suites is installed: {names}")
    suite: Suite = registered[0].load()
    return suite


def _declared(tables: Any, name: str) -> dict[Cell, Contender]:
    contenders: dict[Cell, Contender] = {}
    for number, table in enumerate(tables, start=1):
        where = f"[[tool.callcost.contender]] number {number}"
        if not isinstance(table, dict) or not {"workload", "call"} <= table.keys():
            raise SuiteError(f"{where} needs workload and call")
        if unknown := sorted(table.keys() - KEYS):
            raise SuiteError(
                f"{where} has {unknown[0]}, which is none of {', '.join(sorted(KEYS))}"
            )
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
    """Raises SuiteError for a source that is not Python, before anything is built."""
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
    """What is compared, and what one side or both lack: the cell with the reason."""

    rows: tuple[PairedRow, ...]
    added: Mapping[Cell, str]
    removed: Mapping[Cell, str]
    nowhere: Mapping[Cell, str]


def choose(
    suite: Suite, known: Collection[Cell], mechanisms: Sequence[str], workloads: Sequence[str]
) -> list[Cell]:
    """Chooses cells by patterns; raises UnknownNameError, or SuiteError if none fits them all."""
    require_known("--mechanism", mechanisms, [cell.mechanism for cell in known])
    require_known("--workload", workloads, [cell.workload for cell in known])
    chosen = [
        cell
        for cell in sorted(known)
        if matches(cell.workload, workloads or suite.DEFAULT_WORKLOADS)
        and matches(cell.mechanism, mechanisms or ("*",))
    ]
    if not chosen:
        raise SuiteError("nothing to compare: no row fits both --workload and --mechanism")
    return chosen


def select(
    suite: Suite,
    base: Offer,
    head: Offer,
    mechanisms: Sequence[str],
    workloads: Sequence[str],
) -> Selection:
    """Chooses by patterns what to compare; raises UnknownNameError for one that matches nothing."""
    known = {*base.contenders, *head.contenders, *base.missing, *head.missing}
    chosen = choose(suite, known, mechanisms, workloads)
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
