"""Finds the mechanisms, which are the packages in bindings/, and reads what each offers.

It does not import them: a broken extension must not crash the reader. A mechanism offers every
function that its docstring does not list as unsupported; a test imports each one and checks that.
The build's manifest tells whether a mechanism was built.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib.machinery
import importlib.util
import json
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from callcost import native
from callcost.bindings._build import damage
from callcost.bindings._build.damage import DamagedError
from callcost.errors import CallcostError

FOLDER = Path(__file__).resolve().parent
PACKAGE = "callcost.bindings"
# What all mechanisms call.
CORE = f"callcost/native/{native.LIBRARY.name}"
EVERYTHING, EVERYTHING_BUT = "everything", "everything but "
SECTIONS = (
    "In short:",
    "Through Python:",
    "Always takes keywords:",
    "One thread at a time:",
    "Not the same C:",
    "Stable ABI of:",
    "Legacy:",
    "Unsupported:",
)
INSTALL_AGAIN = "install callcost again (pip install -e . in a checkout)"


class StaleBuildError(CallcostError):
    """The compiled files do not match the sources or this interpreter."""


@dataclass(frozen=True)
class BuiltFile:
    """One compiled file as the build recorded it; `module` is empty for the core library."""

    name: str
    path: Path
    sha256: str
    module: str


# What a user of a mechanism writes.
WRITTEN = ("C", "C++", "Rust", "Python-like code", "declarations only", "Python")


@dataclass(frozen=True)
class Card:
    """What people call a mechanism and its tool; empty where its docstring does not say.

    you_write: one of WRITTEN.
    """

    label: str
    tool: str
    you_write: str
    home_page: str
    to_install: str


@dataclass(frozen=True)
class Mechanism:
    """A way to call C from Python: a folder in bindings/."""

    name: str
    folder: Path

    @property
    def tool(self) -> str:
        """The name of its tool."""
        return tool_of(self.name)

    @property
    def module(self) -> str:
        """The name to import."""
        return f"{PACKAGE}.{self.name}"

    @cached_property
    def _tree(self) -> ast.Module:
        return damage.parse(self.folder / "__init__.py")

    @cached_property
    def docstring(self) -> str:
        """The docstring of its package."""
        return ast.get_docstring(self._tree) or ""

    @property
    def summary(self) -> str:
        """The first line of its docstring: what it is, in one sentence."""
        return self.docstring.partition("\n")[0]

    @cached_property
    def card(self) -> Card:
        """What people call it, from the section `In short:` of its docstring."""
        told = _section(self.docstring, "In short:")
        return Card(
            label=told.get("label", self.name),
            tool=told.get("tool", self.tool),
            you_write=told.get("you write", ""),
            home_page=told.get("home page", ""),
            to_install=told.get("to install", ""),
        )

    @cached_property
    def unsupported(self) -> dict[str, str]:
        """The functions that it cannot express, each with the reason.

        One key may be `everything but` followed by the functions that it does offer.
        """
        return _section(self.docstring, "Unsupported:")

    def why_unsupported(self, function: str) -> str:
        """Returns the reason why it cannot express a function, or "" if it can."""
        for names, reason in self.unsupported.items():
            if names.startswith(EVERYTHING_BUT):
                if function not in names.removeprefix(EVERYTHING_BUT).split(", "):
                    return reason
            elif function == names:
                return reason
        return ""

    def offers(self, function: str) -> bool:
        """Tells whether its module has this function."""
        return not self.why_unsupported(function)

    @cached_property
    def through_python(self) -> dict[str, str]:
        """The functions with Python code around the tool's own call, each with the reason."""
        return _section(self.docstring, "Through Python:")

    def always_named(self, function: str) -> bool:
        """Tells whether a plain function takes keywords too: names are free or unavoidable."""
        return bool(
            {function, EVERYTHING} & _section(self.docstring, "Always takes keywords:").keys()
        )

    @cached_property
    def one_thread(self) -> dict[str, str]:
        """The classes whose objects threads must not share, each with the reason."""
        return _section(self.docstring, "One thread at a time:")

    @cached_property
    def stable_form_of(self) -> str | None:
        """The mechanism whose source it compiles for the stable ABI; None if it does not."""
        return next(iter(_section(self.docstring, "Stable ABI of:")), None)

    @cached_property
    def legacy(self) -> str | None:
        """Why its tool is a thing of the past; None if it is not."""
        return next(iter(_section(self.docstring, "Legacy:").values()), None)

    def same_c(self, function: str) -> bool:
        """Tells whether a function calls the C core, not the mechanism's own code."""
        return not {function, EVERYTHING} & _section(self.docstring, "Not the same C:").keys()

    @cached_property
    def _build_constants(self) -> dict[str, Any]:
        path = self.folder / "build.py"
        return _constants(damage.parse(path)) if path.exists() else {}

    @property
    def compiled(self) -> bool:
        """Whether the mechanism has anything to build."""
        declared = self._build_constants
        return any(declared.get(name, []) != [] for name in ("EXTENSIONS", "GENERATED"))

    @property
    def links_core(self) -> bool:
        """Whether its extensions link the core; others may find it at run time."""
        return self.compiled and bool(self._build_constants.get("LINKS_CORE", True))

    @property
    def requires(self) -> list[str]:
        """The packages that it needs at import, beyond those installed with callcost."""
        required = self._build_constants.get("REQUIRES", [])
        if not isinstance(required, list):
            raise DamagedError("REQUIRES in build.py must be a list of strings")
        return required

    def why_damaged(self) -> str | None:
        """Returns why its folder cannot be used, or None if it can."""
        try:
            damage.refuse(self.folder)
            # Read everything now, so that nothing fails later.
            for title in SECTIONS:
                _section(self.docstring, title)
            _ = self.requires
        except DamagedError as error:
            return str(error)
        return None


def tool_of(mechanism: str) -> str:
    """Returns the tool in a mechanism's name: the part before the first underscore."""
    return mechanism.partition("_")[0]


def _section(docstring: str, title: str) -> dict[str, str]:
    """Reads a section of a docstring: items `- name, name: text`, with continuation lines."""
    _, found, rest = docstring.partition(f"\n\n{title}\n")
    items: list[str] = []
    for line in rest.partition("\n\n")[0].splitlines() if found else []:
        if line.startswith("- "):
            items.append(line.removeprefix("- "))
        elif items:
            items[-1] += f" {line.strip()}"
        else:
            raise DamagedError(f"its section {title} must begin with '- name: reason'")
    pairs = (item.partition(": ") for item in items)
    return {name: text for names, _, text in pairs for name in _split(names)}


def _split(names: str) -> list[str]:
    return [names] if names.startswith(EVERYTHING_BUT) else names.split(", ")


def _constants(tree: ast.Module) -> dict[str, Any]:
    """Reads a module's assignments to single names; None for values that are not literals."""
    found: dict[str, Any] = {}
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name] = None
                with contextlib.suppress(ValueError):
                    found[name] = ast.literal_eval(value)
    return found


class Build:
    """The manifest of what was built for this interpreter, or for that of an ABI tag."""

    def __init__(self, folder: Path = FOLDER, abi_tag: str | None = None) -> None:
        self._folder = folder
        self._is_ours = abi_tag is None
        self.abi_tag = str(sysconfig.get_config_var("SOABI")) if abi_tag is None else abi_tag
        path = folder / f"built.{self.abi_tag}.json"
        try:
            self.facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise StaleBuildError(
                f"nothing was built for this interpreter ({self.abi_tag}): {INSTALL_AGAIN}"
            ) from None

    @property
    def about(self) -> dict[str, Any]:
        """What a record says about it: everything but the hashes of single files."""
        return {k: v for k, v in self.facts.items() if k not in ("files", "sources")}

    def missing(self, mechanism: Mechanism) -> str | None:
        """Returns why a mechanism cannot be imported here, or None if it can."""
        reason: str | None = self.facts["missing"].get(mechanism.module)
        if reason is None and mechanism.compiled and len(self.files(mechanism)) < 2:
            return f"it was added after the build: {INSTALL_AGAIN}"
        absent = [name for name in mechanism.requires if not self._has(name)]
        if reason is None and absent:
            return f"{absent[0]} is not installed (pip install {absent[0]})"
        return reason

    def _has(self, package: str) -> bool:
        """Tells whether a package can be imported by the interpreter that it was built for."""
        if self._is_ours:
            return importlib.util.find_spec(package) is not None
        site = [str(self._folder.parents[1])]
        return importlib.machinery.PathFinder.find_spec(package, site) is not None

    def files(self, mechanism: Mechanism) -> list[BuiltFile]:
        """Lists the core library and the mechanism's extensions, as recorded by the build."""
        own = mechanism.module.replace(".", "/") + "/"
        return [
            BuiltFile(name, self.path_of(name), digest, "" if name == CORE else module_of(name))
            for name, digest in self.facts["files"].items()
            if name == CORE or name.startswith(own)
        ]

    def check_sources(self, mechanism: Mechanism) -> None:
        """Raises StaleBuildError if a source changed after the build, or a built file is hidden."""
        self.check_package(native.__name__)
        own = mechanism.module.replace(".", "/") + "/"
        shared = self.facts["depends"].get(mechanism.module, ())
        self._check(n for n in self.facts["sources"] if n.startswith(own) or n in shared)
        for built in self.files(mechanism):
            self._check_tag(built)

    def check_package(self, package: str) -> None:
        """Raises StaleBuildError if a source in a package's folder changed after the build."""
        folder = package.replace(".", "/")
        self._check(n for n in self.facts["sources"] if n.rpartition("/")[0] == folder)

    def _check(self, sources: Iterable[str]) -> None:
        for name in sources:
            if _sha256(self.path_of(name)) != self.facts["sources"][name]:
                raise StaleBuildError(f"{name} was changed after it was built: {INSTALL_AGAIN}")

    def path_of(self, name: str) -> Path:
        """Returns the place of a file of the package `callcost`."""
        path = Path(name).relative_to("callcost")
        core = native.FOLDER if self._is_ours else self._folder.parent / "native"
        folder = core if path.parts[0] == "native" else self._folder
        return folder.joinpath(*path.parts[1:])

    def _check_tag(self, built: BuiltFile) -> None:
        """Raises StaleBuildError unless this interpreter would import exactly this file."""
        if not built.module or not self._is_ours:
            return
        stem, _, _ = built.path.name.partition(".")
        suffixes = list(importlib.machinery.EXTENSION_SUFFIXES)
        if built.path.suffix == ".py":  # Python looks for these last
            suffixes += importlib.machinery.SOURCE_SUFFIXES
        importable = [stem + suffix for suffix in suffixes]
        present = [name for name in importable if (built.path.parent / name).exists()]
        # No import finds a file that the mechanism loads itself: nothing may be found instead.
        if present != [name for name in importable if name == built.path.name]:
            found = ", ".join(present) or "nothing"
            raise StaleBuildError(
                f"the build made {built.path.name} in {built.path.parent.name}, "
                f"but this interpreter finds {found}: remove what is stale and {INSTALL_AGAIN}"
            )


def module_of(name: str) -> str:
    """Returns the module name of a compiled file from its installed path."""
    path = Path(name)
    return ".".join([*path.parent.parts, path.name.partition(".")[0]])


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "missing"


def mechanisms(folder: Path = FOLDER) -> list[Mechanism]:
    """Lists the mechanisms that are not damaged, sorted by name."""
    return [found for found in _candidates(folder) if found.why_damaged() is None]


@cache
def known() -> Mapping[str, Mechanism]:
    """Maps the names of the mechanisms that are not damaged to them; looks for them once."""
    return {mechanism.name: mechanism for mechanism in mechanisms()}


def damaged(folder: Path = FOLDER) -> dict[str, str]:
    """Names the folders that cannot be used, with the reasons."""
    reasons = {found.name: found.why_damaged() for found in _candidates(folder)}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def left_out(build: Build) -> dict[str, str]:
    """Names the mechanisms that are damaged, or only in the build's manifest, with the reasons."""
    reasons = damaged()
    usable = {found.module for found in _candidates(FOLDER) if found.name not in reasons}
    met = {name: why for name, why in build.facts["missing"].items() if name not in usable}
    own = {n.removeprefix(f"{PACKAGE}."): why for n, why in met.items() if n.startswith(PACKAGE)}
    return {**own, **reasons}


def _candidates(folder: Path) -> list[Mechanism]:
    return [Mechanism(path.name, path) for path in damage.folders(folder)]
