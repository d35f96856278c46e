"""Finds the mechanisms: every folder in bindings/ that is a package, without importing any.

What a mechanism offers is read from its source, and whether it could be built from the
manifest that the build wrote, so that a broken extension cannot take the reader down with it.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.machinery
import json
import sysconfig
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from callcost import native

FOLDER = Path(__file__).resolve().parent
PACKAGE = "callcost.bindings"
INSTALL_AGAIN = "install callcost again (pip install -e . in a checkout)"


class StaleBuildError(Exception):
    """Compiled files that are not those of the present sources or of this interpreter."""


@dataclass(frozen=True)
class BuiltFile:
    """One compiled file as the build recorded it; `module` is empty for the core library."""

    name: str
    path: Path
    sha256: str
    module: str


@dataclass(frozen=True)
class Mechanism:
    """One way to call C from Python: a folder in bindings/."""

    name: str
    folder: Path

    @property
    def family(self) -> str:
        """The tool, without its mode: the part of the name before the first underscore."""
        return self.name.partition("_")[0]

    @property
    def module(self) -> str:
        """The name to import it by."""
        return f"{PACKAGE}.{self.name}"

    @cached_property
    def _tree(self) -> ast.Module:
        return ast.parse((self.folder / "__init__.py").read_text(encoding="utf-8"))

    @property
    def summary(self) -> str:
        """The first line of its docstring: what it is, in a sentence."""
        return (ast.get_docstring(self._tree) or "").partition("\n")[0]

    @cached_property
    def functions(self) -> frozenset[str]:
        """The public names that its module binds; a workload's name among them means support."""
        names: set[str] = set()
        for statement in self._tree.body:
            names.update(_bound_names(statement))
        return frozenset(name for name in names if not name.startswith("_"))

    @property
    def compiled(self) -> bool:
        """Whether the mechanism has anything to build."""
        return (self.folder / "build.py").exists()


def _bound_names(statement: ast.stmt) -> set[str]:
    match statement:
        case ast.Assign(targets=targets):
            return {target.id for target in targets if isinstance(target, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.ImportFrom(names=aliases):
            return {alias.asname or alias.name for alias in aliases}
        case ast.If(body=body, orelse=orelse) | ast.Try(body=body, orelse=orelse):
            return {name for inner in [*body, *orelse] for name in _bound_names(inner)}
    return set()


class Build:
    """What the build made for this interpreter, read from the manifest it wrote."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self.abi_tag = str(sysconfig.get_config_var("SOABI"))
        path = folder / f"built.{self.abi_tag}.json"
        try:
            self.facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise StaleBuildError(
                f"nothing was built for this interpreter ({self.abi_tag}): {INSTALL_AGAIN}"
            ) from None

    def missing(self, mechanism: Mechanism) -> str | None:
        """Returns why a mechanism was not built, or None where it was."""
        reason: str | None = self.facts["missing"].get(mechanism.module)
        if reason is None and mechanism.compiled and len(self.files(mechanism)) < 2:
            return f"it was added after the build: {INSTALL_AGAIN}"
        return reason

    def files(self, mechanism: Mechanism) -> list[BuiltFile]:
        """Lists the core library and the mechanism's extensions as they were built."""
        own = mechanism.module.replace(".", "/") + "/"
        core = f"callcost/native/{native.LIBRARY.name}"
        return [
            self._file(name, digest)
            for name, digest in self.facts["files"].items()
            if name == core or name.startswith(own)
        ]

    def _file(self, name: str, digest: str) -> BuiltFile:
        if name == f"callcost/native/{native.LIBRARY.name}":
            return BuiltFile(name, native.LIBRARY, digest, module="")
        relative = Path(name).relative_to(PACKAGE.replace(".", "/"))
        stem = relative.name.partition(".")[0]
        module = ".".join([PACKAGE, *relative.parent.parts, stem])
        return BuiltFile(name, self._folder / relative, digest, module)

    def check_sources(self, mechanism: Mechanism) -> None:
        """Raises StaleBuildError for a source changed since the build, or a shadowed file."""
        for folder in (mechanism.folder, native.FOLDER):
            is_core = folder == native.FOLDER
            package = "callcost/native" if is_core else mechanism.module.replace(".", "/")
            for name, digest in self.facts["sources"].items():
                path = folder / Path(name).name
                if name == f"{package}/{path.name}" and _sha256(path) != digest:
                    raise StaleBuildError(f"{name} was changed after it was built: {INSTALL_AGAIN}")
        for built in self.files(mechanism):
            self._check_tag(built)

    def _check_tag(self, built: BuiltFile) -> None:
        """The file's tag must be this interpreter's, and no other file may be importable as it."""
        if not built.module:
            return
        stem, _, _ = built.path.name.partition(".")
        importable = [stem + suffix for suffix in importlib.machinery.EXTENSION_SUFFIXES]
        present = [name for name in importable if (built.path.parent / name).exists()]
        if present != [built.path.name]:
            found = ", ".join(present) or "nothing"
            raise StaleBuildError(
                f"the build made {built.path.name} in {built.path.parent.name}, "
                f"but this interpreter finds {found}: remove what is stale and {INSTALL_AGAIN}"
            )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "missing"


def mechanisms(folder: Path = FOLDER) -> list[Mechanism]:
    """Lists every mechanism, in the order of their names."""
    found = sorted(folder.glob("*/__init__.py"))
    return [Mechanism(path.parent.name, path.parent) for path in found]
