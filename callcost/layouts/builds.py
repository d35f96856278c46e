"""Has a build link its files in further layouts, and makes folders that have them.

In such a folder, all but the relinked files are links to another folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from callcost.layouts import linker

# Functions and data can be moved one by one. rustc compiles them so by itself.
SECTIONS = ("-ffunction-sections", "-fdata-sections")
RUST_LINKER = "-Clink-arg=-fuse-ld=bfd"
# Functions begin at cache lines: code that did not change then lies alike on both sides.
ALIGNED = ("-falign-functions=64",)
RUST_ALIGNED = "-Cllvm-args=-align-all-functions=6"
COMPILERS = ("cc", "gcc", "clang", "c++", "g++", "clang++")
VARIABLES = ("CC", "CXX")
# A compiler looks for either.
LINKERS = ("ld", "ld.bfd")
GNU = "GNU ld"
UNSEEN = "it was not linked by GNU ld through a compiler on PATH"
ALTERED = "it was changed after it was linked"
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
    """The layouts of one build, in a folder of its own.

    `aligned`: functions begin at cache lines, as no project's own flags have it. `programs`: they
    have layouts too, not only shared libraries.
    """

    def __init__(
        self, folder: Path, count: int, *, aligned: bool = True, programs: bool = False
    ) -> None:
        self.folder = folder
        self.count = count
        self._aligned = aligned
        self._kinds = linker.PROGRAMS if programs else linker.LIBRARIES
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
            python = (sys.executable, "-I", "-S", linker.__file__)
            told = (ld, self._store, self.count, self._kinds)
            for name in LINKERS:
                self._write(name, path, *map(str, (*python, *told)))
        made = {"PATH": f"{self._programs}{os.pathsep}{path}"}
        for name in COMPILERS:
            self._imitate(name, path)
        for name, default in zip(VARIABLES, compilers, strict=True):
            command = shlex.split(chosen.get(name) or default)
            # A folder's compiler is only replaced if the variable names the replacement.
            if command and self._imitate(command[0], path) and "/" in command[0]:
                command[0] = str(self._programs / Path(command[0]).name)
                made[name] = shlex.join(command)
        rust = [chosen.get("RUSTFLAGS", ""), RUST_LINKER, RUST_ALIGNED * self._aligned]
        made["RUSTFLAGS"] = " ".join(filter(None, rust))
        return made

    def _imitate(self, name: str, path: str) -> bool:
        """Makes a compiler that adds flags to the one of this name; tells whether that exists."""
        compiler = shutil.which(name, path=path)
        if compiler is not None:
            after = (*ALIGNED * self._aligned, *SECTIONS, f"-B{self._programs}")
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

    def moved(self, files: Iterable[Path]) -> tuple[list[dict[Path, Path]], dict[Path, str]]:
        """Returns each layout's file for each of these, and why others have no layouts."""
        linked = list(self._linked())
        found: dict[Path, Linked] = {}
        unmoved: dict[Path, str] = {}
        for path in files:
            try:
                found[path] = _source(path, linked)
            except linker.UnmovableError as error:
                unmoved[path] = str(error)
        numbers = range(1, self.count + 1) if found else ()
        layouts = [
            {path: each.folder / str(number) for path, each in found.items()} for number in numbers
        ]
        return layouts, unmoved

    def clean(self) -> None:
        """Removes what only the build needed."""
        for folder in (self._programs, self._store):
            shutil.rmtree(folder, ignore_errors=True)

    def _linked(self) -> Iterator[Linked]:
        for path in self._store.glob(f"*/{linker.FACTS_FILE}"):
            facts = json.loads(path.read_text(encoding="utf-8"))
            yield Linked(path.parent, Path(facts["output"]).name, facts["reason"])


def digest(path: Path) -> str:
    """Returns a file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def is_gnu(ld: str) -> bool:
    """Tells whether a linker is GNU ld, whose script can be replaced."""
    done = subprocess.run([ld, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.startswith(GNU)


def _source(path: Path, linked: list[Linked]) -> Linked:
    """Finds the link that made a file; raises UnmovableError if it has no layouts."""
    # cargo's libraries get another name when they are installed.
    named = [each for each in linked if each.name == path.name]
    likely_first = (*named, *(other for other in linked if other not in named))
    for is_same in (_is_equal, _is_stripped):
        for each in likely_first:
            if is_same(path, each.folder / "0"):
                if each.reason:
                    raise linker.UnmovableError(each.reason)
                return each
    raise linker.UnmovableError(ALTERED if named else UNSEEN)


def _is_equal(installed: Path, linked: Path) -> bool:
    return installed.read_bytes() == linked.read_bytes()


def _is_stripped(installed: Path, linked: Path) -> bool:
    """Tells whether a file only lost its symbols after it was linked."""
    try:
        # Late: slow to import, and only needed if a build strips its libraries.
        import lief
    except ImportError:
        # A build environment need not have it.
        return False
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
