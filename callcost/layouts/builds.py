"""Makes an environment's layouts: environments that differ only in how its libraries are linked.

A layout is a virtual environment, in which all but the relinked files are links to the first one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from callcost.layouts import linker
from callcost.model.layout import Layout

# Functions begin at cache lines and can be moved one by one: code that did not change then lies
# alike on both sides.
FLAGS = ("-falign-functions=64", "-ffunction-sections", "-fdata-sections")
RUST_FLAGS = "-Cllvm-args=-align-all-functions=6 -Clink-arg=-fuse-ld=bfd"
COMPILERS = ("cc", "gcc", "clang", "c++", "g++", "clang++")
VARIABLES = ("CC", "CXX")
# A compiler looks for either.
LINKERS = ("ld", "ld.bfd")
GNU = "GNU ld"
UNSEEN = "it was not linked by GNU ld through a compiler on PATH"
ALTERED = "it was changed after it was linked"
READY_MADE = 'it was built elsewhere; from-source = ["{name}"] builds it here'
# The sections that show whether a file was changed after it was linked.
TELLING = (".text", ".dynstr")
COMPILED = (".so", ".pyd", ".dylib")


@dataclass(frozen=True)
class Linked:
    """A library that was linked in several layouts: the folder of linker.py, and its facts."""

    folder: Path
    name: str
    reason: str


class Layouts:
    """The layouts of one environment, in a folder of its own."""

    def __init__(self, folder: Path, count: int) -> None:
        self._folder = folder
        self._count = count
        self._programs = folder / "bin"
        self._store = folder / "store"

    def variables(self, chosen: Mapping[str, str], compilers: Sequence[str]) -> dict[str, str]:
        """Returns the variables of a build that makes layouts.

        `chosen` are the variables that it would have, `compilers` the C and C++ commands of the
        interpreter. Compilers of the same names are made, which add flags to the project's own.
        """
        self._programs.mkdir(parents=True)
        self._store.mkdir()
        path = chosen.get("PATH", os.defpath)
        ld = shutil.which("ld", path=path)
        if ld is not None and is_gnu(ld):
            words = [sys.executable, "-I", "-S", linker.__file__, ld, self._store, self._count]
            for name in LINKERS:
                self._write(name, path, *map(str, words))
        made = {"PATH": f"{self._programs}{os.pathsep}{path}"}
        for name in COMPILERS:
            self._imitate(name, path)
        for name, default in zip(VARIABLES, compilers, strict=True):
            command = shlex.split(chosen.get(name) or default)
            # A folder's compiler is only replaced if the variable names the replacement.
            if command and self._imitate(command[0], path) and "/" in command[0]:
                command[0] = str(self._programs / Path(command[0]).name)
                made[name] = shlex.join(command)
        made["RUSTFLAGS"] = f"{chosen.get('RUSTFLAGS', '')} {RUST_FLAGS}".strip()
        return made

    def _imitate(self, name: str, path: str) -> bool:
        """Makes a compiler that adds flags to the one of this name; tells whether that exists."""
        compiler = shutil.which(name, path=path)
        if compiler is not None:
            after = (*FLAGS, f"-B{self._programs}")
            self._write(Path(name).name, path, compiler, after=after)
        return compiler is not None

    def _write(self, name: str, path: str, *words: str, after: Sequence[str] = ()) -> None:
        """Writes a program that runs another one, with the variable PATH as the build has it.

        A compiler such as ccache's looks there for the next one of its name.
        """
        program = self._programs / name
        command = f'exec {shlex.join(words)} "$@" {shlex.join(after)}'
        text = f"#!/bin/sh\nPATH={shlex.quote(path)}\nexport PATH\n{command}\n"
        program.write_text(text, encoding="utf-8")
        program.chmod(0o700)

    def arrange(
        self,
        venv: Path,
        site: Path,
        worktree: str,
        built: Collection[str] = (),
        named: Collection[str] = (),
    ) -> dict[str, object]:
        """Makes a virtual environment for each layout of what was built here.

        That is the project that was built in a worktree, and the distributions `built`. Those in
        `named` that were not built here have one layout. Returns `digests`, those of the relinked
        files of each layout by their places in it, and `unmoved`, why compiled files have no
        layouts, by their names.
        """
        linked = list(self._linked())
        found: dict[Path, Linked] = {}
        unmoved = _ready_made(site, set(named) - set(built)) if self._count else {}
        for path in compiled_files(site, worktree, built) if self._count else ():
            try:
                found[path] = _source(path, linked)
            except linker.UnmovableError as error:
                unmoved[str(path.relative_to(site))] = str(error)
        digests = []
        for number in range(1, self._count + 1) if found else ():
            replaced = {path: each.folder / str(number) for path, each in found.items()}
            digests.append(
                {str(path.relative_to(venv)): _digest(moved) for path, moved in replaced.items()}
            )
            link_tree(venv, self._folder / str(number), replaced)
        for folder in (self._programs, self._store):
            shutil.rmtree(folder, ignore_errors=True)
        return {"digests": digests, "unmoved": unmoved}

    def _linked(self) -> Iterator[Linked]:
        for path in self._store.glob(f"*/{linker.FACTS_FILE}"):
            facts = json.loads(path.read_text(encoding="utf-8"))
            yield Linked(path.parent, Path(facts["output"]).name, facts["reason"])


def read(venv: Path, folder: Path, facts: Mapping[str, Any]) -> Iterator[Layout]:
    """Yields the layouts in a folder, from the facts that `arrange` returned."""
    for number, digests in enumerate(facts["digests"], start=1):
        place = folder / str(number)
        libraries = {
            str(venv / name): (str(place / name), sha256) for name, sha256 in digests.items()
        }
        yield Layout(str(place / "bin" / "python"), libraries)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def is_gnu(ld: str) -> bool:
    """Tells whether a linker is GNU ld, whose script can be replaced."""
    done = subprocess.run([ld, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.startswith(GNU)


def compiled_files(site: Path, worktree: str, built: Collection[str] = ()) -> list[Path]:
    """Lists the compiled files of distributions from a worktree, and of others that were built."""
    mark = Path(worktree).parent.name
    return sorted(
        path
        for distribution in distributions(path=[str(site)])
        if mark in (distribution.read_text("direct_url.json") or "")
        or canonicalize_name(distribution.name) in built
        for path in _compiled(distribution)
    )


def _ready_made(site: Path, named: Collection[str]) -> dict[str, str]:
    """Says why the compiled files of distributions have one layout, by their names."""
    return {
        str(path.relative_to(site)): READY_MADE.format(name=name)
        for distribution in distributions(path=[str(site)])
        if (name := canonicalize_name(distribution.name)) in named
        for path in _compiled(distribution)
        if path.is_relative_to(site)
    }


def _compiled(distribution: Distribution) -> Iterator[Path]:
    for file in distribution.files or ():
        path = Path(str(distribution.locate_file(file)))
        if path.suffix in COMPILED:
            yield path


def _source(path: Path, linked: list[Linked]) -> Linked:
    """Finds the link that made a file; raises UnmovableError if it has no layouts."""
    # cargo's libraries get another name when they are installed.
    named = [each for each in linked if each.name == path.name]
    for each in (*named, *(other for other in linked if other not in named)):
        if _is_same(path, each.folder / "0"):
            if each.reason:
                raise linker.UnmovableError(each.reason)
            return each
    raise linker.UnmovableError(ALTERED if named else UNSEEN)


def _is_same(installed: Path, linked: Path) -> bool:
    """Tells whether a file is as it was linked, or only lost its symbols."""
    if installed.read_bytes() == linked.read_bytes():
        return True
    # Late: slow to import, and only needed if a build strips its libraries.
    import lief

    files = [lief.ELF.parse(str(path)) for path in (installed, linked)]
    parts = [
        [bytes(section.content) for section in file.sections if section.name in TELLING]
        for file in files
        if file is not None
    ]
    return len(parts) == len(files) and parts[0] == parts[1] != []


def link_tree(folder: Path, target: Path, replaced: Mapping[Path, Path]) -> None:
    """Makes a folder of links to everything in another one, except for replaced files."""
    target.mkdir(parents=True)
    for path in folder.iterdir():
        place = target / path.name
        if path in replaced:
            shutil.move(replaced[path], place)
        elif any(file.is_relative_to(path) for file in replaced):
            link_tree(path, place, replaced)
        else:
            place.symlink_to(path)
