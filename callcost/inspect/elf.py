"""Reads ELF libraries."""

from __future__ import annotations

from collections.abc import Iterator

import lief

from callcost.inspect import facts
from callcost.inspect.names import processor, source_name, text

Symbol = lief.ELF.Symbol
FileType = lief.ELF.Header.FILE_TYPE

UNDEFINED = 0
ABSOLUTE = 0xFFF1
# The top bit of a symbol's version: a look-up without a version does not return it.
HIDDEN = 0x8000

KINDS = {
    Symbol.TYPE.FUNC: facts.FUNCTION,
    Symbol.TYPE.GNU_IFUNC: facts.FUNCTION,
    Symbol.TYPE.OBJECT: facts.DATA,
    Symbol.TYPE.COMMON: facts.DATA,
    Symbol.TYPE.TLS: facts.THREAD_DATA,
}
NO_LIBRARY = {FileType.REL: facts.OBJECT_FILE, FileType.CORE: facts.CORE_DUMP}


def read(path: str, size_bytes: int) -> facts.Library:
    """Read a library; raise RefusedError if the file is not one, or is cut off."""
    config = lief.ELF.ParserConfig()
    config.parse_relocations = config.parse_notes = config.parse_overlay = False
    config.parse_symtab_symbols = False
    binary = lief.ELF.parse(path, config)
    if binary is None:
        raise facts.RefusedError("has a damaged ELF header: make or fetch it again")
    _refuse(binary, size_bytes)
    exports = [symbol for symbol in binary.dynamic_symbols if _is_exported(symbol)]
    imports = [s for s in binary.dynamic_symbols if _is_visible(s) and s.shndx == UNDEFINED]
    origins = _origins(binary)
    return facts.Library(
        format=facts.ELF,
        architecture=processor(binary.header.machine_type),
        kind=facts.EXECUTABLE if _is_program(binary) else facts.SHARED_LIBRARY,
        name=_soname(binary),
        needed=tuple(facts.Needed(text(name)) for name in binary.libraries),
        search=tuple(_search(binary)),
        exports=tuple(_export(binary, symbol) for symbol in exports),
        imports=tuple(_import(symbol, origins) for symbol in imports),
    )


def _refuse(binary: lief.ELF.Binary, size_bytes: int) -> None:
    header = binary.header
    if header.file_type in NO_LIBRARY:
        raise facts.RefusedError(NO_LIBRARY[header.file_type])
    ends = [
        header.program_header_offset + header.numberof_segments * header.program_header_size,
        header.section_header_offset + header.numberof_sections * header.section_header_size,
        *(segment.file_offset + segment.physical_size for segment in binary.segments),
    ]
    facts.refuse_cut_off(max(ends), size_bytes)
    loaded = [s for s in binary.segments if s.type == lief.ELF.Segment.TYPE.LOAD]
    if header.file_type not in (FileType.DYN, FileType.EXEC) or not loaded:
        raise facts.RefusedError(
            "begins like an ELF file, but has nothing that a loader would load: it is damaged; "
            "make or fetch it again"
        )


def _is_program(binary: lief.ELF.Binary) -> bool:
    """Tell a program from a library: both may be position-independent, or name a loader."""
    if binary.header.file_type == FileType.EXEC:
        return True
    flags = binary.get(lief.ELF.DynamicEntry.TAG.FLAGS_1)
    if isinstance(flags, lief.ELF.DynamicEntryFlags):
        return lief.ELF.DynamicEntryFlags.FLAG.PIE in flags.flags
    return binary.has_interpreter and _soname(binary) is None


def _soname(binary: lief.ELF.Binary) -> str | None:
    entry = binary.get(lief.ELF.DynamicEntry.TAG.SONAME)
    return text(entry.name) if isinstance(entry, lief.ELF.DynamicSharedObject) else None


def _search(binary: lief.ELF.Binary) -> Iterator[facts.SearchPath]:
    for entry in binary.dynamic_entries:
        if isinstance(entry, lief.ELF.DynamicEntryRunPath):
            yield facts.SearchPath("DT_RUNPATH", tuple(text(path) for path in entry.paths))
        elif isinstance(entry, lief.ELF.DynamicEntryRpath):
            yield facts.SearchPath("DT_RPATH", tuple(text(path) for path in entry.paths))


def _is_visible(symbol: Symbol) -> bool:
    return bool(symbol.name) and symbol.binding != Symbol.BINDING.LOCAL


def _is_exported(symbol: Symbol) -> bool:
    if not _is_visible(symbol) or symbol.shndx == UNDEFINED:
        return False
    # The name of a version, which is listed among the symbols.
    if symbol.shndx == ABSOLUTE and symbol.name == _version(symbol):
        return False
    return symbol.visibility in (Symbol.VISIBILITY.DEFAULT, Symbol.VISIBILITY.PROTECTED)


def _version(symbol: Symbol) -> str | None:
    version = symbol.symbol_version
    if version is None or version.symbol_version_auxiliary is None:
        return None
    return text(version.symbol_version_auxiliary.name)


def _kind(binary: lief.ELF.Binary, symbol: Symbol) -> str:
    """Tell code from data: by the type of the symbol, or else by its segment (assembly)."""
    if symbol.type in KINDS:
        return KINDS[symbol.type]
    segment = binary.segment_from_virtual_address(symbol.value)
    runs = segment is not None and segment.has(lief.ELF.Segment.FLAGS.X)
    return facts.FUNCTION if runs else facts.DATA


def _export(binary: lief.ELF.Binary, symbol: Symbol) -> facts.Export:
    name = text(symbol.name)
    demangled, language = source_name(name)
    version = symbol.symbol_version
    return facts.Export(
        name,
        _kind(binary, symbol),
        demangled,
        language,
        _version(symbol),
        superseded=version is not None and bool(version.value & HIDDEN),
    )


def _import(symbol: Symbol, origins: dict[int, str]) -> facts.Import:
    name = text(symbol.name)
    version = symbol.symbol_version
    origin = None if version is None else origins.get(version.value & ~HIDDEN)
    weak = symbol.binding == Symbol.BINDING.WEAK
    return facts.Import(name, *source_name(name), origin, _version(symbol), weak)


def _origins(binary: lief.ELF.Binary) -> dict[int, str]:
    """Return the library of each required version, by the number of the version."""
    return {
        version.other & ~HIDDEN: text(requirement.name)
        for requirement in binary.symbols_version_requirement
        for version in requirement.get_auxiliary_symbols()
    }
