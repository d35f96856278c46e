"""Reads PE libraries: .dll, .pyd and .exe of Windows."""

from __future__ import annotations

from collections.abc import Iterator

import lief

from callcost.inspect import facts
from callcost.inspect.names import processor, source_name, text

DELAYED = "loaded when it is first called"


def read(path: str, size_bytes: int) -> facts.Library:
    """Read a library; raise RefusedError if the file is not one, or is cut off."""
    config = lief.PE.ParserConfig()
    config.parse_signature = config.parse_rsrc = config.parse_reloc = False
    binary = lief.PE.parse(path, config)
    if binary is None:
        raise facts.RefusedError("has a damaged PE header: make or fetch it again")
    end = max((s.pointerto_raw_data + s.sizeof_raw_data for s in binary.sections), default=0)
    facts.refuse_cut_off(end, size_bytes)
    export = binary.get_export()
    library = lief.PE.Header.CHARACTERISTICS.DLL in binary.header.characteristics_list
    return facts.Library(
        format=facts.PE,
        architecture=processor(binary.header.machine),
        kind=facts.SHARED_LIBRARY if library else facts.EXECUTABLE,
        name=text(export.name) or None if export is not None else None,
        needed=(
            *(facts.Needed(text(each.name)) for each in binary.imports),
            *(facts.Needed(text(each.name), DELAYED) for each in binary.delay_imports),
        ),
        search=(),
        exports=tuple(_exports(binary, export)) if export is not None else (),
        imports=tuple(_imports(binary)),
    )


def _exports(binary: lief.PE.Binary, export: lief.PE.Export) -> Iterator[facts.Export]:
    for entry in export.entries:
        name = text(entry.name) or None
        if name is None and not entry.address:
            continue  # an unused number
        demangled, language = source_name(name or "")
        forward = None
        if entry.is_forwarded:
            to = entry.forward_information
            forward = text(f"{to.library}.{to.function}")
        runs = forward is not None or _is_code(binary, entry.address)
        yield facts.Export(
            name,
            facts.FUNCTION if runs else facts.DATA,
            demangled,
            language,
            ordinal=entry.ordinal,
            forwarded_to=forward,
        )


def _is_code(binary: lief.PE.Binary, address: int) -> bool:
    section = binary.section_from_rva(address)
    return section is not None and section.has_characteristic(
        lief.PE.Section.CHARACTERISTICS.MEM_EXECUTE
    )


def _imports(binary: lief.PE.Binary) -> Iterator[facts.Import]:
    for library in (*binary.imports, *binary.delay_imports):
        for entry in library.entries:
            name = f"#{entry.ordinal}" if entry.is_ordinal else text(entry.name)
            yield facts.Import(name, *source_name(name), origin=text(library.name))
