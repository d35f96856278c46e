"""Tables of what a library exports and expects, the most important first."""

from __future__ import annotations

from collections.abc import Iterator

from callcost.console.numbers import listed
from callcost.console.tables import PlainTable
from callcost.inspect.calling import OBSTACLES, note, obstacle
from callcost.inspect.extension import ENTRIES, PythonApi, is_api, python_api
from callcost.inspect.facts import ELF, EXECUTABLE, Export, Import, Library

PLAIN = "Functions that ctypes calls by their plain name"
IN_PROGRAM = "Functions that a program exports to the libraries that it loads"


def tables(library: Library) -> Iterator[tuple[str, PlainTable]]:
    """Yield a heading and a table for each kind of export and of expected symbol."""
    for kind in (None, *OBSTACLES):
        exports = [export for export in library.exports if obstacle(export) == kind]
        plain = IN_PROGRAM if library.kind == EXECUTABLE else PLAIN
        if exports:
            heading = plain if kind is None else kind.heading
            yield f"{heading} ({len(exports):,}):", _export_table(exports)
    api = python_api(library)
    if api is not None:
        heading = "Symbols of Python's C API that it expects"
        yield f"{heading} ({len(api.since):,}):", _api_table(api)
    others = [each for each in library.imports if not is_api(each)]
    if others:
        heading = f"{'Other symbols' if api else 'Symbols'} that it expects from elsewhere"
        yield f"{heading} ({len(others):,}){_unnamed(library, others)}:", _import_table(others)


def _unnamed(library: Library, imports: list[Import]) -> str:
    """Say where symbols may be found if the file names no library for them."""
    if all(each.origin or each.weak for each in imports):
        return ""
    named = {each.origin for each in imports}
    left = [each.name for each in library.needed if each.name not in named]
    if library.format != ELF or not left:
        return "; without a library in the table, the process that loads it must have it"
    if len(left) == 1:
        return f"; without a library in the table, probably from {left[0]}, the only one left"
    return f"; without a library in the table, from {listed(left, 'or')}"


def _table(columns: dict[str, list[str]]) -> PlainTable:
    """Make a table of the columns that are not empty."""
    used = {heading: cells for heading, cells in columns.items() if any(cells)}
    table = PlainTable(*used)
    table.pad_edge = False
    for column in table.columns:
        column.no_wrap, column.overflow = False, "fold"
    for row in zip(*used.values(), strict=True):
        table.add(*row)
    return table


def _export_table(exports: list[Export]) -> PlainTable:
    ordered = sorted(exports, key=_export_order)
    columns = {
        "in the source": [export.source_name or "" for export in ordered],
        "exported as": [export.name or f"#{export.ordinal}" for export in ordered],
        "version": [export.version or "" for export in ordered],
        "note": [note(export) for export in ordered],
    }
    return _table(columns)


def _export_order(export: Export) -> tuple[bool, str, str, str]:
    """Sort entry points first, then by the name in the source."""
    name = export.name or f"{export.ordinal:6}"
    entry = name.startswith(ENTRIES)
    return not entry, export.source_name or name, name, export.version or ""


def _api_table(api: PythonApi) -> PlainTable:
    ordered = sorted(api.since.items(), key=lambda item: (item[1] is not None, item[0]))
    columns = {
        "expected": [name for name, _ in ordered],
        "in the stable ABI": [f"since {since}" if since else "no" for _, since in ordered],
    }
    return _table(columns)


def _import_table(imports: list[Import]) -> PlainTable:
    ordered = sorted(
        imports, key=lambda each: (each.weak, each.origin or "", each.source_name or each.name)
    )
    columns = {
        "expected": [each.source_name or each.name for each in ordered],
        "from": [each.origin or "" for each in ordered],
        "version": [each.version or "" for each in ordered],
        "as": [each.name if each.source_name else "" for each in ordered],
        "note": ["may be missing" if each.weak else "" for each in ordered],
    }
    return _table(columns)
