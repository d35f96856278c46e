"""Tells whether ctypes can call an exported function by its plain name, and why not."""

from __future__ import annotations

import re
from dataclasses import dataclass

from callcost.inspect.extension import ENTRIES
from callcost.inspect.facts import FUNCTION, THREAD_DATA, Export
from callcost.inspect.names import RUST

# A free function: its declaration before the arguments, without class or namespace.
FREE_NAME = re.compile(r"\w+(?:\[abi:\w+\])?")
# ctypes does not look up such attributes.
RESERVED = re.compile(r"__\w+__")
# 32-bit Windows adds the bytes of the arguments to the name that callers use.
STDCALL = re.compile(r"_(\w+)@\d+")


@dataclass(frozen=True)
class Obstacle:
    """Why a name cannot be called plainly: for one export, and as a heading for several."""

    reason: str
    heading: str


DATA = Obstacle(
    'it is data, not a function: read it with c_int.in_dll(library, "name") or another type',
    "Data: ctypes reads it instead of calling it, as in c_int.in_dll(library, name)",
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
    "mangled by C++ with its class, namespace or template: declare a plain function extern "
    '"C" that calls it',
    "Functions that C++ has mangled with their class, namespace or template: not found by their "
    'plain name; declare extern "C" plain functions that call them',
)
MANGLED_BY_RUST = Obstacle(
    'mangled by Rust: declare it #[unsafe(no_mangle)] extern "C"',
    "Functions that Rust has mangled: not found by their plain name; declare them "
    '#[unsafe(no_mangle)] extern "C"',
)
SUPERSEDED = Obstacle(
    "an old version, kept for programs linked with it: a look-up by name does not return it",
    "Functions in old versions, kept for programs linked with them: a look-up by name does not "
    "return them",
)
NUMBERED = Obstacle(
    "it only has a number: library[number] finds it",
    "Functions with a number and no name: library[number] finds them",
)
OBSTACLES = (MANGLED, MEMBER, MANGLED_BY_RUST, NUMBERED, SUPERSEDED, DATA, MADE_BY_CPP)


def obstacle(export: Export) -> Obstacle | None:
    """Return why ctypes cannot call an export by its plain name; None if it can."""
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
    """Say what else a caller of an export should know; empty if nothing."""
    notes = []
    if export.name is not None and export.name.startswith(ENTRIES):
        notes.append("import calls it")
    if export.name is not None and RESERVED.fullmatch(export.name):
        notes.append(f'look it up as library["{export.name}"]: such attributes belong to Python')
    if export.forwarded_to is not None:
        notes.append(f"forwarded to {export.forwarded_to}")
    if export.name is not None and (decorated := STDCALL.fullmatch(export.name)):
        notes.append(f"WinDLL also finds it as {decorated[1]}")
    if export.kind == THREAD_DATA:
        notes.append("one for each thread")
    return "; ".join(notes)
