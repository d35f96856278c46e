"""Describes in sentences what was found in a library."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator

from callcost.console.numbers import count, listed
from callcost.inspect import facts
from callcost.inspect.calling import obstacle
from callcost.inspect.extension import (
    Extension,
    FileName,
    PythonApi,
    exports_api,
    extension,
    python_api,
    read_name,
)
from callcost.model.abi import stable_tag

SYSTEMS = {facts.ELF: "Linux and many other systems", facts.PE: "Windows", facts.MACH_O: "macOS"}
WINDOWS_PROGRAM = (facts.PE, facts.EXECUTABLE)
OWN_NAMES = {facts.ELF: "soname", facts.PE: "own name", facts.MACH_O: "install name"}
KINDS = {
    facts.SHARED_LIBRARY: "A shared library",
    facts.BUNDLE: "A bundle (a library that is only loaded at run time)",
    facts.EXECUTABLE: "A program",
}
HERE = {"linux": facts.ELF, "darwin": facts.MACH_O, "win32": facts.PE}
# The same processors, as the three formats and Python call them.
PROCESSORS = {"amd64": "x86_64", "arm64": "aarch64", "i386": "x86", "i686": "x86"}
NAMED_OUTSIDE = 6

SEARCHES = {
    "DT_RPATH": "It has a DT_RPATH: the loader looks there before it looks in LD_LIBRARY_PATH, "
    "which therefore cannot replace a library that is found there. The path also applies to what "
    "the needed libraries need in turn. It is",
    "DT_RUNPATH": "It has a DT_RUNPATH: the loader looks there after it has looked in "
    "LD_LIBRARY_PATH, which can therefore replace a needed library. The path does not apply to "
    "what the needed libraries need in turn. It is",
    "LC_RPATH": "It has an LC_RPATH, which replaces @rpath in the names of needed libraries; a "
    "library in DYLD_LIBRARY_PATH comes first. The path is",
}
OVERRIDDEN = "It also has a DT_RPATH, which the DT_RUNPATH overrides"
ORIGINS = {
    "$ORIGIN": "$ORIGIN is the folder of this library",
    "@loader_path": "@loader_path is the folder of this library",
    "@executable_path": "@executable_path is the folder of the program that is running",
}
NO_SEARCH = {
    facts.ELF: "It has no search path: the loader looks in LD_LIBRARY_PATH, in its cache and in "
    "the system's folders.",
    facts.MACH_O: "It has no LC_RPATH: the loader looks for needed libraries in "
    "DYLD_LIBRARY_PATH, then where their names say.",
    facts.PE: "A PE file has no search path: when Python imports it, the loader looks in its own "
    "folder, the system's folders and those of os.add_dll_directory, but not in PATH.",
}


def describe(library: facts.Library, file_name: str) -> Iterator[str]:
    """Say what a library is, needs and offers, and what it expects of Python."""
    yield from _identity(library)
    yield from _needs(library)
    found, api = extension(library, file_name), python_api(library)
    if found is not None:
        yield from _module(found, read_name(file_name))
    if api is not None:
        yield _api_supplier(library, api, found)
        if library.kind != facts.EXECUTABLE:
            yield limited_api(api, read_name(file_name) if found else None)
    elif found is not None and not found.entry.startswith("HPy"):
        yield "It expects nothing of Python's C API by name."
    yield from _offers(library)


def _identity(library: facts.Library) -> Iterator[str]:
    word = OWN_NAMES[library.format]
    named = f"Its {word} is {library.name}." if library.name else f"It has no {word}."
    yield (
        f"{KINDS[library.kind]} in {library.format}, the format of {SYSTEMS[library.format]}, for "
        f"{library.architecture}. {named}"
    )
    if library.kind == facts.EXECUTABLE:
        yield "It is a program: neither ctypes nor import can load it."
    elif not _fits(library):
        yield f"It is not for this interpreter, which runs on {sys.platform}, {_processor()}."


def _fits(library: facts.Library) -> bool:
    architecture = PROCESSORS.get(library.architecture, library.architecture)
    return HERE.get(sys.platform) == library.format and architecture == _processor()


def _processor() -> str:
    machine = platform.machine().lower()
    return PROCESSORS.get(machine, machine)


def _needs(library: facts.Library) -> Iterator[str]:
    if library.needed:
        names = (f"{each.name} ({each.how})" if each.how else each.name for each in library.needed)
        yield f"It needs {listed(names)}."
    else:
        yield "It needs no other library."
    runpath = any(each.kind == "DT_RUNPATH" for each in library.search)
    for search in library.search:
        void = runpath and search.kind == "DT_RPATH"
        yield f"{OVERRIDDEN}." if void else _search(search)
    if not library.search and library.needed and (library.format, library.kind) != WINDOWS_PROGRAM:
        yield NO_SEARCH[library.format]


def _search(search: facts.SearchPath) -> str:
    folders = ", then ".join(search.folders)
    meanings = [said for word, said in ORIGINS.items() if word in folders]
    meaning = f" ({listed(meanings)})" if meanings else ""
    return f"{SEARCHES[search.kind]} {folders}{meaning}."


def _module(found: Extension, name: FileName) -> Iterator[str]:
    yield f"It is the Python extension module {found.module}; import calls its {found.entry}."
    if found.module != name.module:
        yield (
            f"But its file is called {name.module}, and import {name.module} looks for another "
            f"entry point than {found.entry}: only other means can import it."
        )
    if found.others:
        yield f"Other entry points: {listed(found.others)}."
    phases = found.phases or "single-phase or multi-phase"
    yield f"Initialisation: {phases}; {found.evidence}."
    yield f"Its file name {name.meaning}."


def _api_supplier(library: facts.Library, api: PythonApi, found: Extension | None) -> str:
    symbols = f"{count(len(api.since), 'symbol')} of Python's C API"
    if api.supplier:
        return (
            f"It expects {symbols}, which {api.supplier} supplies: the interpreter's own library."
        )
    by = "the interpreter that imports it" if found else "the interpreter that loads it"
    if library.format == facts.MACH_O:
        return f"It expects {symbols}, but names no library for this API: {by} supplies it."
    return f"It expects {symbols}, but needs no library with this API: {by} supplies it."


def limited_api(api: PythonApi, name: FileName | None) -> str:
    """Say whether all symbols are in the stable ABI, and what that shows."""
    tag = name.tag if name else None
    promised = stable_tag(tag) is not None or (api.supplier or "").lower() == "python3.dll"
    total, outside = len(api.since), api.outside
    if outside:
        some = outside[:NAMED_OUTSIDE]
        more = len(outside) - len(some)
        names = listed([*some, f"{more:,} more (listed below)"] if more else some)
        verdict = (
            "it breaks the limited API, which it promises to keep" if promised else "it is not kept"
        )
        are = "is" if len(outside) == 1 else "are"
        return (
            f"Limited API: {verdict}. {len(outside):,} of the {total:,} symbols {are} outside of "
            f"the stable ABI: {names}."
        )
    promise = "as it promises, " if promised else "though its name does not say so, " * bool(name)
    return (
        f"Limited API: kept, {promise}as far as a file can show: all symbols are in the stable "
        f"ABI, the newest since Python {api.least}, so that it needs this version or later. (A "
        "macro that accesses fields of an object would leave no trace here.)"
    )


def _offers(library: facts.Library) -> Iterator[str]:
    functions = [export for export in library.exports if export.kind == facts.FUNCTION]
    data = len(library.exports) - len(functions)
    callable_ = sum(obstacle(export) is None for export in functions)
    if not library.exports:
        yield "It exports nothing."
        return
    which = "" if library.kind == facts.EXECUTABLE else _share(callable_, len(functions))
    pieces = f"{count(data, 'piece')} of data" if data else "no data"
    yield f"It exports {count(len(functions), 'function')}{which} and {pieces}."
    if exports_api(library):
        yield (
            "It is a Python interpreter, whose functions need the GIL: ctypes.pythonapi calls "
            "those of the running interpreter, ctypes.PyDLL those of another."
        )


def _share(callable_: int, functions: int) -> str:
    if functions <= 1:
        return f" (which ctypes can{'' if callable_ else 'not'} call by its plain name)" * functions
    share = "all" if callable_ == functions else f"{callable_:,}" if callable_ else "none"
    return f" ({share} of which ctypes can call by the plain name)"
