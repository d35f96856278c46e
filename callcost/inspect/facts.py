"""What a library says of itself: plain facts, whatever its format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

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
    """A library that the loader brings along; `how` says if not in the ordinary way."""

    name: str
    how: str | None = None


@dataclass(frozen=True)
class SearchPath:
    """Folders that a library has its needed libraries looked for in; `kind` is the entry's name."""

    kind: str
    folders: tuple[str, ...]


@dataclass(frozen=True)
class Export:
    """What others find in a library.

    `name` is what a look-up wants (without the underscore that Mach-O puts before it), None for
    what has a number only. `superseded` is a version that a look-up by name does not return.
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
    """What a library expects to find elsewhere; `origin` is the library that the file names."""

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

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Makes it again from what `dataclasses.asdict` and JSON have made of it."""
        lists = {
            "needed": tuple(Needed(**each) for each in document["needed"]),
            "search": tuple(
                SearchPath(each["kind"], tuple(each["folders"])) for each in document["search"]
            ),
            "exports": tuple(Export(**each) for each in document["exports"]),
            "imports": tuple(Import(**each) for each in document["imports"]),
        }
        return cls(**{**document, **lists})


class RefusedError(CallcostError):
    """A file in which there is no library to be inspected; its text says what is there instead."""
