"""What makes a library a Python extension module, and what it needs from the interpreter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from callcost.inspect.facts import FUNCTION, Import, Library
from callcost.model import abi

if TYPE_CHECKING:
    from abi3info.models import PyVersion

ENTRIES = ("PyInit_", "PyInitU_", "PyModExport_", "PyModExportU_", "HPyInit_")
API_NAME = re.compile(r"_{0,2}Py[A-Z_]\w*")
INTERPRETER = re.compile(r"(?:lib)?python\d[\w.]*|Python")

SINGLE_PHASE = "single-phase"
MULTI_PHASE = "multi-phase"

CPYTHON_TAG = re.compile(r"(?:cpython-|cp)(\d)(\d+)([a-z]*)(?:-(.+))?")
# The first versions that import files of the stable ABI: abi3, and abi3t or any with a platform in
# the name (which Debian's 3.14 also imports).
STABLE_SINCE, PLATFORM_SINCE = "3.2", "3.15"
BUILDS = {"t": "free-threaded ", "d": "debug "}


@dataclass(frozen=True)
class Extension:
    """An extension module; `phases` is None if the file does not show it."""

    entry: str
    module: str
    others: tuple[str, ...]
    phases: str | None
    evidence: str


@dataclass(frozen=True)
class FileName:
    """What the name of a file says: the module for import, and the ABI tag."""

    module: str
    tag: str | None
    meaning: str


@dataclass(frozen=True)
class PythonApi:
    """What a library expects of Python's C API; `since` is None outside of the stable ABI."""

    since: dict[str, PyVersion | None]
    supplier: str | None

    @property
    def outside(self) -> list[str]:
        """The symbols outside of the stable ABI."""
        return sorted(name for name, since in self.since.items() if since is None)

    @property
    def least(self) -> PyVersion | None:
        """The first version whose stable ABI has all symbols of any stable ABI."""
        return max((since for since in self.since.values() if since), default=None)


def extension(library: Library, file_name: str) -> Extension | None:
    """Return the extension module in a library; None if it is not one."""
    found = {
        export.name: _module(export.name)
        for export in library.exports
        if export.kind == FUNCTION and export.name is not None and export.name.startswith(ENTRIES)
    }
    if not found or exports_api(library):
        return None
    called = read_name(file_name).module
    entry = next((name for name, module in found.items() if module == called), min(found))
    others = tuple(sorted(name for name in found if name != entry))
    phases, evidence = _phases(entry, {each.name for each in library.imports})
    return Extension(entry, found[entry], others, phases, evidence)


def _module(entry: str) -> str:
    """Return the name of the module; a name that is not ASCII is encoded (PEP 489)."""
    prefix, _, name = entry.partition("_")
    if not prefix.endswith("U"):
        return name
    try:
        return name.replace("_", "-").encode("ascii").decode("punycode")
    except UnicodeError:
        return name


def _phases(entry: str, imports: set[str]) -> tuple[str | None, str]:
    """Tell how a module is initialised, and the evidence."""
    if entry.startswith("HPyInit"):
        return MULTI_PHASE, "HPy modules always are"
    if entry.startswith("PyModExport"):
        return MULTI_PHASE, f"{entry} returns slots, which is another form of it (PEP 793)"
    multi = "PyModuleDef_Init" in imports
    created = sorted(imports & {"PyModule_Create2", "PyModule_Create2TraceRefs"})
    if multi and created:
        return None, (
            f"this file does not show which: it expects both PyModuleDef_Init, which only "
            f"multi-phase initialisation calls, and {created[0]}, which single-phase calls"
        )
    if multi:
        return MULTI_PHASE, (
            "it expects PyModuleDef_Init, which only this kind calls, and not PyModule_Create2, "
            "which creates the module in the other kind"
        )
    if created:
        return SINGLE_PHASE, (
            f"it expects {created[0]}, which creates the module in this kind, and not "
            "PyModuleDef_Init, which the other kind needs"
        )
    return None, (
        "this file does not show which: it expects neither PyModuleDef_Init nor PyModule_Create2, "
        "so another library or module creates its module"
    )


def read_name(file_name: str) -> FileName:
    """Read the name of the module and the ABI tag from the name of a file."""
    tag = abi.tag_of(file_name)
    return FileName(file_name.partition(".")[0], tag, _meaning(tag))


def _meaning(tag: str | None) -> str:
    if tag is None:
        return (
            "has no ABI tag: any interpreter that finds it tries to import it, whatever it was "
            "built for"
        )
    if stable := abi.stable_tag(tag):
        return f"has the ABI tag {tag}, the stable ABI{_of_stable(stable)} tries to import it"
    if found := CPYTHON_TAG.fullmatch(tag):
        major, minor, flags, platform = found.groups()
        build = "".join(BUILDS.get(flag, "") for flag in flags)
        where = f" on {platform}" if platform else ""
        return f"has the ABI tag {tag}: only {build}CPython {major}.{minor}{where} imports it"
    return f"has the ABI tag {tag}, which is not CPython's: CPython alone does not import it"


def _of_stable(tag: abi.StableTag) -> str:
    """Say which builds import a file of the stable ABI, as part of a sentence."""
    shared = tag.abi.endswith(abi.FREE_THREADED_FLAG)
    since = PLATFORM_SINCE if shared or tag.platform else STABLE_SINCE
    builds = " that free-threaded builds have too" if shared else ""
    where = f" on {tag.platform}" if tag.platform else ""
    return f"{builds}{where}: CPython {since} or later{'' if shared else ' with a GIL'}"


def exports_api(library: Library) -> bool:
    """Tell whether a library is the interpreter, which has modules but is no extension."""
    return any(export.name == "PyModule_Create2" for export in library.exports)


def python_api(library: Library) -> PythonApi | None:
    """Return what a library expects of Python's C API; None if nothing."""
    used = [each for each in library.imports if is_api(each)]
    if not used:
        return None
    import abi3info

    known = {
        symbol.name: found.added
        for table in (abi3info.FUNCTIONS, abi3info.DATAS)
        for symbol, found in table.items()
    }
    return PythonApi({each.name: known.get(each.name) for each in used}, _supplier(library, used))


def is_api(expected: Import) -> bool:
    """Tell whether a symbol is part of Python's C API, by its name and origin."""
    if not API_NAME.fullmatch(expected.name):
        return False
    return expected.origin is None or is_interpreter(expected.origin)


def is_interpreter(library: str) -> bool:
    """Tell by its name whether a library is the interpreter's own."""
    base = library.rpartition("/")[2].removesuffix(".dll").removesuffix(".dylib")
    return INTERPRETER.fullmatch(base.partition(".so")[0]) is not None


def _supplier(library: Library, used: list[Import]) -> str | None:
    """Return the library that supplies the API; None if the loading process does."""
    origins = {each.origin for each in used if each.origin}
    needed = (each.name for each in library.needed if is_interpreter(each.name))
    return next(iter(sorted(origins)), None) or next(needed, None)
