"""Plain facts about a library, the same for all formats."""

from __future__ import annotations

from dataclasses import dataclass

from callcost.errors import CallcostError

FUNCTION = "function"
DATA = "data"
THREAD_DATA = "data, one for each thread"

SHARED_LIBRARY = "shared library"
BUNDLE = "bundle"
EXECUTABLE = "executable"

ELF = "ELF"
PE = "PE"
MACH_O = "Mach-O"


@dataclass(frozen=True)
class Needed:
    """A library that the loader also loads; `how` says what is special about it."""

    name: str
    how: str | None = None


@dataclass(frozen=True)
class SearchPath:
    """Folders in which the loader looks for needed libraries; `kind` names the entry."""

    kind: str
    folders: tuple[str, ...]


@dataclass(frozen=True)
class Export:
    """A symbol that a library exports.

    `name` is the name for a look-up (without Mach-O's leading underscore), None for an export that
    only has a number. `superseded`: a look-up by name does not return this version.
    """

    name: str | None
    kind: str
    source_name: str | None = None
    language: str | None = None
    version: str | None = None
    superseded: bool = False
    ordinal: int | None = None
    forwarded_to: str | None = None


@dataclass(frozen=True)
class Import:
    """A symbol that a library expects elsewhere; `origin` is the library that the file names."""

    name: str
    source_name: str | None = None
    language: str | None = None
    origin: str | None = None
    version: str | None = None
    weak: bool = False


@dataclass(frozen=True)
class Library:
    """A library for one processor; a universal Mach-O file holds several."""

    format: str
    architecture: str
    kind: str
    name: str | None
    needed: tuple[Needed, ...]
    search: tuple[SearchPath, ...]
    exports: tuple[Export, ...]
    imports: tuple[Import, ...]


class RefusedError(CallcostError):
    """A file that cannot be inspected; the text says what it is instead, and what to do."""


OBJECT_FILE = "is an object file, which is not linked yet: link it to a shared library (cc -shared)"
CORE_DUMP = (
    "is a core dump, the memory of a process that died: inspect the libraries that the process "
    "had loaded"
)


def refuse_cut_off(end: int, size_bytes: int) -> None:
    """Raise RefusedError if the headers of a file name an end beyond its size."""
    if end > size_bytes:
        raise RefusedError(
            f"ends after {size_bytes:,} bytes, but its headers describe {end:,}: it is cut off or "
            "damaged; make or fetch it again"
        )
