"""Reads Mach-O libraries: .dylib and .so of macOS, universal ones included."""

from __future__ import annotations

from collections.abc import Iterator

import lief

from callcost.inspect import facts
from callcost.inspect.names import processor, source_name, text

FileType = lief.MachO.Header.FILE_TYPE
Command = lief.MachO.LoadCommand.TYPE
Section = lief.MachO.Section
ExportInfo = lief.MachO.ExportInfo

KINDS = {
    FileType.DYLIB: facts.SHARED_LIBRARY,
    FileType.BUNDLE: facts.BUNDLE,
    FileType.EXECUTE: facts.EXECUTABLE,
}
NO_LIBRARY = {
    FileType.OBJECT: facts.OBJECT_FILE,
    FileType.CORE: facts.CORE_DUMP,
    FileType.DSYM: "only has notes for debuggers: inspect the library that it belongs to",
}
LOADS = {
    Command.LOAD_DYLIB: None,
    Command.LOAD_WEAK_DYLIB: "may be missing",
    Command.REEXPORT_DYLIB: "its names are passed on",
    Command.LAZY_LOAD_DYLIB: "loaded when it is first called",
    Command.LOAD_UPWARD_DYLIB: "which needs this one in turn",
}
WEAK_REFERENCE = 0x40  # N_WEAK_REF
DEBUGGING = 0xE0  # N_STAB: a note for debuggers
PRIVATE = 0x10  # N_PEXT: known to the linker only


def read(path: str, size_bytes: int) -> list[facts.Library]:
    """Read the library for each processor; raise RefusedError if it is not one, or is cut off."""
    universal = lief.MachO.parse(path)
    if universal is None or not len(universal):
        raise facts.RefusedError("has a damaged Mach-O header: make or fetch it again")
    return [_read(binary, size_bytes) for binary in universal]


def _read(binary: lief.MachO.Binary, size_bytes: int) -> facts.Library:
    file_type = binary.header.file_type
    if file_type in NO_LIBRARY:
        raise facts.RefusedError(NO_LIBRARY[file_type])
    if file_type not in KINDS:
        raise facts.RefusedError(
            "is a Mach-O file, but neither a library nor a program: inspect a .dylib or .so"
        )
    end = binary.fat_offset + max((s.file_offset + s.file_size for s in binary.segments), default=0)
    facts.refuse_cut_off(end, size_bytes)
    loads = [command for command in binary.libraries if command.command in LOADS]
    folders = tuple(text(command.path) for command in binary.rpaths)
    return facts.Library(
        format=facts.MACH_O,
        architecture=processor(binary.header.cpu_type),
        kind=KINDS[file_type],
        name=_install_name(binary),
        needed=tuple(facts.Needed(text(load.name), LOADS[load.command]) for load in loads),
        search=(facts.SearchPath("LC_RPATH", folders),) if folders else (),
        exports=tuple(_export(binary, s) for s in binary.symbols if _is_exported(binary, s)),
        imports=tuple(_imports(binary, [text(load.name) for load in loads])),
    )


def _install_name(binary: lief.MachO.Binary) -> str | None:
    names = [text(each.name) for each in binary.libraries if each.command == Command.ID_DYLIB]
    return names[0] if names else None


def _plain(name: str | bytes) -> str:
    """Remove the underscore that a look-up adds to the name."""
    return text(name).removeprefix("_")


def _is_exported(binary: lief.MachO.Binary, symbol: lief.MachO.Symbol) -> bool:
    """Tell whether a look-up finds a symbol: in the trie, or else in the table."""
    if symbol.has_export_info:
        return True
    if binary.has_dyld_exports_trie or (binary.dyld_info and binary.dyld_info.export_info[1]):
        return False
    external = symbol.category == lief.MachO.Symbol.CATEGORY.EXTERNAL
    return external and not symbol.raw_type & (DEBUGGING | PRIVATE)


def _export(binary: lief.MachO.Binary, symbol: lief.MachO.Symbol) -> facts.Export:
    name = _plain(symbol.name)
    forward = None
    info = symbol.export_info
    if info is not None and info.has(ExportInfo.FLAGS.REEXPORT) and info.alias_library is not None:
        forward = text(info.alias_library.name)
    return facts.Export(name, _kind(binary, symbol), *source_name(name), forwarded_to=forward)


def _kind(binary: lief.MachO.Binary, symbol: lief.MachO.Symbol) -> str:
    info = symbol.export_info
    if info is not None and info.kind == ExportInfo.KIND.THREAD_LOCAL_KIND:
        return facts.THREAD_DATA
    section = binary.section_from_virtual_address(symbol.value)
    if section is None:
        return facts.DATA
    if section.type == Section.TYPE.THREAD_LOCAL_VARIABLES:
        return facts.THREAD_DATA
    code = (Section.FLAGS.PURE_INSTRUCTIONS, Section.FLAGS.SOME_INSTRUCTIONS)
    return facts.FUNCTION if any(section.has(flag) for flag in code) else facts.DATA


def _imports(binary: lief.MachO.Binary, loads: list[str]) -> Iterator[facts.Import]:
    two_level = lief.MachO.Header.FLAGS.TWOLEVEL in binary.header.flags_list
    for symbol in binary.imported_symbols:
        name = _plain(symbol.name)
        # Numbers beyond the list of libraries mean "anywhere" or "in the program".
        ordinal = symbol.library_ordinal
        origin = loads[ordinal - 1] if two_level and 0 < ordinal <= len(loads) else None
        weak = bool(symbol.description & WEAK_REFERENCE)
        yield facts.Import(name, *source_name(name), origin, weak=weak)
