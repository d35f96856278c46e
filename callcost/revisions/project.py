"""Reads a pyproject.toml: how a project is built, and what it requires."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.dependency_groups import resolve_dependency_groups
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from callcost.revisions.errors import SpecError
from callcost.revisions.source import (
    WORKING_TREE,
    Files,
    Folder,
    NoRepositoryError,
    Repository,
    Source,
)

# The default for an undeclared build system (PEP 517).
DEFAULT_REQUIRES = ("setuptools>=40.8.0",)
DEFAULT_BACKEND = "setuptools.build_meta:__legacy__"
# A pyproject.toml with none of these tables, and no older file beside it, builds nothing.
BUILT = {"project", "build-system"}
OLD_FILES = ("setup.py", "setup.cfg")
MAX_THRESHOLD_PERCENT = 1000
COMPARE = "compare"
OWN_KEYS = {"from-source", "groups", "sources", "variables"}


@dataclass(frozen=True)
class Project:
    """A project's declarations; `dependencies` is None if only a build reveals them.

    `backend` is empty if there is nothing to build: only a pyproject.toml that says what to
    measure. `variables` are environment variables for the build, `from_source` the requirements
    that are built here. `thresholds` has the change, as a share, below which rows are not slower,
    by patterns of their names. `sources` are the files and folders that the build uses; if there
    are none, it may use all.
    """

    build_requires: tuple[str, ...]
    backend: str
    backend_path: tuple[str, ...]
    dependencies: tuple[str, ...] | None
    requires_python: str
    variables: Mapping[str, str]
    from_source: tuple[str, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    sources: tuple[str, ...] = ()

    @property
    def requirements(self) -> tuple[str, ...]:
        """All requirements that are known before the build."""
        return (*self.build_requires, *(self.dependencies or ()))

    def fits(self, python_version: str) -> bool:
        """Tells whether the project accepts this version of Python."""
        return SpecifierSet(self.requires_python).contains(python_version, prereleases=True)


def find(folder: Path) -> Files:
    """Finds a project's repository, or takes its folder if there is nothing to build; SpecError."""
    try:
        return Repository.around(folder)
    except NoRepositoryError:
        alone = Folder(folder)
        source = alone.source(WORKING_TREE, folder)
        if alone.show("", "pyproject.toml") is None or read(alone, source).backend:
            raise
        return alone


def read(repository: Files, source: Source, table: str = COMPARE) -> Project:
    """Reads a tree's pyproject.toml, if it has one; raises SpecError if it cannot be installed.

    [tool.callcost.TABLE] has the project's own wishes; without it, the one of `callcost compare`.
    """
    text = repository.show(source.tree, "pyproject.toml")
    old = any(repository.show(source.tree, name) is not None for name in OLD_FILES)
    if text is None and not old:
        place = f"the folder {repository.prefix} of " if repository.prefix else ""
        raise SpecError(
            f"{place}{source.phrase} has neither pyproject.toml nor setup.py: nothing to install"
        )
    try:
        return _from_table(tomllib.loads(text or ""), old, table)
    except (ValueError, TypeError, ExceptionGroup, InvalidRequirement, InvalidSpecifier) as error:
        # A bad requirement is shown on further lines.
        said = str(error).partition("\n")[0]
        raise SpecError(f"the pyproject.toml of {source.phrase} cannot be used: {said}") from error


def _from_table(document: Mapping[str, Any], old: bool, table: str) -> Project:
    system = nested(document, "build-system")
    about = nested(document, "project")
    table = table if table in nested(document, "tool", "callcost") else COMPARE
    own = nested(document, "tool", "callcost", table)
    if unknown := sorted(own.keys() - OWN_KEYS):
        raise ValueError(
            f"tool.callcost.{table} has {unknown[0]}. Known keys: {', '.join(sorted(OWN_KEYS))}."
        )
    requires = str(about.get("requires-python", ""))
    SpecifierSet(requires)
    variables = {name: str(value) for name, value in nested(own, "variables").items()}
    from_source = tuple(
        canonicalize_name(Requirement(text).name) for text in _requirements(own, "from-source", ())
    )
    thresholds = dict(_thresholds(nested(document, "tool", "callcost", "thresholds")))
    if not old and not document.keys() & BUILT:
        return Project((), "", (), (), requires, variables, from_source, thresholds)
    return Project(
        _requirements(system, "requires", DEFAULT_REQUIRES),
        str(system.get("build-backend", DEFAULT_BACKEND)),
        tuple(map(str, system.get("backend-path", ()))),
        _dependencies(document, about, own),
        requires,
        variables,
        from_source,
        thresholds,
        _texts(own, "sources"),
    )


def _thresholds(table: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for pattern, value in table.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value <= MAX_THRESHOLD_PERCENT:
            raise ValueError(
                f"tool.callcost.thresholds: {pattern!r} is {value!r:.80}, not a number of percent "
                f"from 0 to {MAX_THRESHOLD_PERCENT}"
            )
        yield pattern, value / 100


def _dependencies(
    document: Mapping[str, Any], about: Mapping[str, Any], own: Mapping[str, Any]
) -> tuple[str, ...] | None:
    """Returns the run-time requirements, or the groups that stand for dynamic ones."""
    if "project" in document and "dependencies" not in about.get("dynamic", ()):
        return _requirements(about, "dependencies", ())
    if "groups" not in own:
        return None
    return resolve_dependency_groups(nested(document, "dependency-groups"), *own["groups"])


def nested(document: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """Returns a nested table, empty if it is missing; raises TypeError."""
    found: Any = document
    for number, name in enumerate(names, start=1):
        found = found.get(name, {})
        if not isinstance(found, dict):
            raise TypeError(f"{'.'.join(names[:number])} is not a table")
    return dict(found)


def _texts(table: Mapping[str, Any], name: str) -> tuple[str, ...]:
    listed = table.get(name, [])
    if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
        raise TypeError(f"{name} is not a list of strings")
    return tuple(listed)


def _requirements(table: Mapping[str, Any], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    listed = table.get(name, default)
    if not isinstance(listed, list | tuple):
        raise TypeError(f"{name} is not a list")
    return tuple(str(Requirement(text)) for text in listed)
