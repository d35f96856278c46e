"""Reads what a compiled file imports, exports and defines, and where it looks for libraries."""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import lief

from callcost.benchmarks.catalogue import WORKLOADS

lief.logging.disable()

Binary = lief.ELF.Binary | lief.MachO.Binary

CORE_FUNCTIONS = frozenset(w.c_name for w in WORKLOADS if w.name != "constant")
# Under its C name, with what a compiler adds to the parts and clones that it makes of one function
# (.part.0, .constprop.1, .cold; four letters or more, as fibonacci.c is a file); or mangled by C++.
DEFINITIONS = {
    name: re.compile(
        rf"{name}(?:\.[a-z_]{{4,}}|\.\d+)*|_Z(?:N12_GLOBAL__N_1)?L?{len(name)}{name}.*",
    )
    for name in CORE_FUNCTIONS
}
# Python's own link flags may name the folder of libpython, for every extension ever built.
PYTHON_RUN_PATH = set(
    re.findall(r"-rpath[,=](\S+)", " ".join(map(str, sysconfig.get_config_vars().values())))
)


def slices(path: Path) -> Iterator[Binary]:
    """Yields the file's code for each processor: one in ELF, several in a universal Mach-O.

    A generator, because what LIEF hands out lives no longer than the file it belongs to.
    """
    if lief.is_macho(str(path)):
        universal = lief.MachO.parse(str(path))
        assert universal is not None
        yield from universal
    else:
        binary = lief.ELF.parse(str(path))
        assert binary is not None
        yield binary


def c_name(symbol: lief.ELF.Symbol | lief.MachO.Symbol) -> str:
    name = str(symbol.name)
    return name.removeprefix("_") if isinstance(symbol, lief.MachO.Symbol) else name


def imported(binary: Binary) -> set[str]:
    return {c_name(symbol) for symbol in binary.imported_symbols}


def exported(binary: Binary) -> set[str]:
    return {c_name(symbol) for symbol in binary.exported_symbols}


def defined(binary: Binary) -> set[str]:
    """Returns which core functions the file has code for, local and mangled ones included."""
    names = {c_name(symbol) for symbol in binary.symbols if has_code(symbol)}
    return {
        function
        for function, pattern in DEFINITIONS.items()
        if any(pattern.fullmatch(name) for name in names)
    }


def has_code(symbol: lief.ELF.Symbol | lief.MachO.Symbol) -> bool:
    if isinstance(symbol, lief.ELF.Symbol):
        return bool(symbol.shndx != 0)
    debugging = symbol.raw_type & 0xE0  # N_STAB: a note for debuggers, on imported names too
    return not debugging and symbol.category != lief.MachO.Symbol.CATEGORY.UNDEFINED


def run_path(binary: Binary) -> list[str]:
    """Returns where the loader looks before it looks in LD_LIBRARY_PATH."""
    if isinstance(binary, lief.MachO.Binary):
        return [c.path for c in binary.commands if isinstance(c, lief.MachO.RPathCommand)]
    entries = binary.dynamic_entries
    return [p for e in entries if isinstance(e, lief.ELF.DynamicEntryRpath) for p in e.paths]


def overridable(binary: Binary) -> bool:
    """Tells whether LD_LIBRARY_PATH is looked at first: DT_RUNPATH also makes DT_RPATH void."""
    if isinstance(binary, lief.MachO.Binary):
        return False
    return any(isinstance(e, lief.ELF.DynamicEntryRunPath) for e in binary.dynamic_entries)


def needed(binary: Binary) -> set[str]:
    """Returns the names of the libraries that the loader loads with it."""
    names = (getattr(library, "name", library) for library in binary.libraries)
    return {str(name).rpartition("/")[2] for name in names}
