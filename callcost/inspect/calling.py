"""Whether ctypes can call an exported function by its plain name, and why not."""

from __future__ import annotations

import re
from dataclasses import dataclass

from callcost.inspect.extension import ENTRIES
from callcost.inspect.facts import FUNCTION, THREAD_DATA, Export
from callcost.inspect.names import RUST

# What is left of a function's declaration before its arguments, if it belongs to nothing.
FREE_NAME = re.compile(r"\w+(?:\[abi:\w+\])?")
# ctypes looks no such attribute up.
RESERVED = re.compile(r"__\w+__")
# How 32-bit Windows decorates what callers find as `name`, with the number of bytes of arguments.
STDCALL = re.compile(r"_(\w+)@\d+")


@dataclass(frozen=True)
class Obstacle:
    """Why a name cannot be called plainly: said of one, and of all that share it."""

    reason: str
    heading: str


DATA = Obstacle(
    'it is data and no function: read it with c_int.in_dll(library, "name") or another type',
    "Data: ctypes does not call but reads it, as in c_int.in_dll(library, name)",
)
MADE_BY_CPP = Obstacle(
    "it is data that C++ has mangled",
    "Data that C++ has mangled, most of it made by the compiler for classes",
)
MANGLED = Obstacle(
    'mangled by C++: declare it extern "C"',
    'Functions that C++ has mangled: not found by their plain name; declare them extern "C"',
)
MEMBER = Obstacle(
    'mangled by C++ with the class, namespace or template that it belongs to: declare extern "C" '
    "a plain function that calls it",
    "Functions that C++ has mangled with their class, namespace or template: not found by their "
    'plain name; declare extern "C" plain functions that call them',
)
MANGLED_BY_RUST = Obstacle(
    'mangled by Rust: declare it #[unsafe(no_mangle)] extern "C"',
    "Functions that Rust has mangled: not found by their plain name; declare them "
    '#[unsafe(no_mangle)] extern "C"',
)
SUPERSEDED = Obstacle(
    "an old version, kept for programs that were linked with it: a look-up by name does not "
    "return it",
    "Functions in old versions, kept for programs that were linked with them: a look-up by name "
    "does not return them",
)
NUMBERED = Obstacle(
    "it has a number only: library[number] finds it",
    "Functions that have a number and no name: library[number] finds them",
)
OBSTACLES = (MANGLED, MEMBER, MANGLED_BY_RUST, NUMBERED, SUPERSEDED, DATA, MADE_BY_CPP)


def obstacle(export: Export) -> Obstacle | None:
    """Returns what keeps ctypes from calling an export by its plain name, None if nothing does."""
    if export.kind != FUNCTION:
        return DATA if export.source_name is None else MADE_BY_CPP
    if export.name is None:
        return NUMBERED
    if export.source_name is not None:
        return _mangled(export.language, export.source_name)
    return SUPERSEDED if export.superseded else None


def _mangled(language: str | None, source_name: str) -> Obstacle:
    if language == RUST:
        return MANGLED_BY_RUST
    before = source_name.partition("(")[0]
    free = FREE_NAME.fullmatch(before.rpartition(" ")[2]) and "operator" not in before
    return MANGLED if free else MEMBER


def note(export: Export) -> str:
    """Says what else a caller of an export should know; empty if nothing."""
    notes = []
    if export.name is not None and export.name.startswith(ENTRIES):
        notes.append("import calls it")
    if export.name is not None and RESERVED.fullmatch(export.name):
        notes.append(f'as library["{export.name}"], since such attributes are Python\'s own')
    if export.forwarded_to is not None:
        notes.append(f"passed on to {export.forwarded_to}")
    if export.name is not None and (decorated := STDCALL.fullmatch(export.name)):
        notes.append(f"WinDLL also finds it as {decorated[1]}")
    if export.kind == THREAD_DATA:
        notes.append("one for each thread")
    return "; ".join(notes)
