"""Builds what bindings/*/build.py declare, all with the same flags, and writes down what was built.

Imported by setup.py, so nothing here may need callcost to be installed. A mechanism whose tool
or compiler is missing is left out with its reason; only a C compiler and Python.h must be there.
"""

from __future__ import annotations

import copy
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from setuptools import Extension
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CompileError, LinkError, PlatformError

ROOT = Path(__file__).resolve().parent.parent
PACKAGE_FOLDERS = {
    "callcost": "callcost",
    "callcost.native": "native",
    "callcost.bindings": "bindings",
    "callcost.benchmarks": "benchmarks",
    "callcost.benchmarks.peers": "benchmarks/peers",
}
DARWIN = sys.platform == "darwin"
CORE_NAME = "callcost_core"
CORE_FILE = f"lib{CORE_NAME}{'.dylib' if DARWIN else '.so'}"
ABI_TAG = str(sysconfig.get_config_var("SOABI"))
MANIFEST = f"built.{ABI_TAG}.json"

# They come after the interpreter's own flags and override them: one optimisation level, no
# link-time optimisation and the same visibility for the core and every mechanism.
COMPILE_FLAGS = ["-O2", "-fno-lto", "-fvisibility=hidden"]
# DT_RPATH rather than DT_RUNPATH: LD_LIBRARY_PATH must not put another core in its place.
RPATH_FLAGS = (
    ["-Wl,-rpath,@loader_path/../../native"]
    if DARWIN
    else ["-Wl,--disable-new-dtags", "-Wl,-rpath,$ORIGIN/../../native"]
)
BUILD_TOOLS = ("setuptools", "cffi", "Cython", "pybind11")
SOURCE_SUFFIXES = {".c", ".cpp", ".h", ".pyx"}
# What a compiler that fails, or is not there, may raise: its errors have no common base.
BUILD_ERRORS = (BaseError, CompileError, LinkError, OSError)
COMPILER_MISSING = (
    "callcost needs a C compiler and could not use one: {error}. Install one (Debian and "
    "Ubuntu: apt-get install build-essential python3-dev; macOS: xcode-select --install), or "
    "name it in the environment variable CC, and run the same command again."
)
HEADERS_MISSING = (
    "callcost needs the C headers of Python {version} and the compiler could not use Python.h: "
    "install them (Debian and Ubuntu: apt-get install python3-dev) and run the same command again."
)
# A path from the root or from home, up to its last part; within quotes it may hold spaces. A
# slash after a word belongs to a relative path, unless the word is a compiler's -I or -L.
FOLDERS = re.compile(
    r"""(?<=['"]) ~?/[^'"\n]*/ | (?:(?<![\w.])|(?<=-[IL])) ~?/(?=\S)(?:[^\s'"/]*/)*""", re.VERBOSE
)


def packages() -> list[str]:
    """Names every package to install: the four folders, and each mechanism in bindings/."""
    return [*PACKAGE_FOLDERS, *(f"callcost.bindings.{name}" for name in mechanism_names())]


def mechanism_names() -> list[str]:
    """Names the folders in bindings/ that are mechanisms."""
    return sorted(path.parent.name for path in (ROOT / "bindings").glob("*/__init__.py"))


def sha256(path: Path) -> str:
    """Hashes one file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _complete(extension: Extension, package: str, folder: Path) -> Extension:
    """Fills in what no mechanism declares for itself: full name, paths, flags, the core."""
    extension.name = f"{package}.{extension.name}"
    extension.sources = [_source_path(source, folder) for source in extension.sources]
    extension.include_dirs = [*extension.include_dirs, "native"]
    extension.extra_compile_args = [*extension.extra_compile_args, *COMPILE_FLAGS]
    if package.startswith("callcost.bindings."):
        extension.libraries = [*extension.libraries, CORE_NAME]
        extension.extra_link_args = [*extension.extra_link_args, *RPATH_FLAGS]
    return extension


def _package(extension: Extension) -> str:
    return str(extension.name).rpartition(".")[0]


def _source_path(source: str, folder: Path) -> str:
    """Finds a declared source: beside its build.py, or where a generator has put it."""
    beside = folder / source
    return os.path.relpath(beside if beside.exists() else source, ROOT)


def _load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"_build_{path.parent.name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def declared_extensions() -> tuple[list[Extension], dict[str, str]]:
    """Collects the extensions of every build.py, and the reason for each that cannot be had."""
    extensions: list[Extension] = []
    missing: dict[str, str] = {}
    for path in sorted([ROOT / "callcost" / "build.py", *ROOT.glob("bindings/*/build.py")]):
        inside = path.parent.parent == ROOT / "bindings"
        package = f"callcost.bindings.{path.parent.name}" if inside else "callcost"
        try:
            declared = [_complete(e, package, path.parent) for e in _load(path).EXTENSIONS]
        # Whatever a tool raises while it is only declared must not cost the other mechanisms.
        except Exception as error:
            missing[package] = reason(_why_undeclared(error), error)
        else:
            extensions += declared
    return extensions, missing


def _why_undeclared(error: Exception) -> str:
    is_absent = isinstance(error, ImportError)
    return "its build tool is not installed" if is_absent else "its build.py failed"


def reason(what: str, error: Exception) -> str:
    """Tells in one line, which names no folder of this machine, what an exception prevented."""
    cause = error.args[0] if error.args else None
    if isinstance(cause, subprocess.CalledProcessError):
        # Its own text is the whole command; the compiler has said on the terminal what was wrong.
        text = f"{Path(cause.cmd[0]).name} ended with exit status {cause.returncode}"
    else:
        text = without_folders(str(error))
    first_line = text.strip().partition("\n")[0]
    return f"{what} ({type(error).__name__}: {first_line})"


def without_folders(text: str) -> str:
    """Shortens paths: inside the checkout to what is below it, any other to its last part."""
    text = text.replace(f"{ROOT}/", "")
    # A home folder on its own has the user's name as its last part; in a container it may be "/".
    if home := os.environ.get("HOME", "").rstrip("/"):
        text = text.replace(home, "~")
    return FOLDERS.sub("", text)


def without_path_tokens(command: Sequence[str]) -> list[str]:
    """Leaves out the arguments that hold a path: they tell where, not how, a file was compiled."""
    return [token for token in command if "/" not in token]


def dylib_command(bundle_command: Sequence[str]) -> list[str]:
    """Turns macOS's command for an extension, a bundle, into that for a library to link against.

    Only a dylib has an install name. It has no need of `-undefined dynamic_lookup`, by which an
    extension leaves Python's symbols to the process that loads it.
    """
    command = ["-dynamiclib" if token == "-bundle" else token for token in bundle_command]
    lookup = ["-undefined", "dynamic_lookup"]
    starts = [i for i in range(len(command)) if command[i : i + 2] == lookup]
    for start in reversed(starts):
        del command[start : start + 2]
    return [token for token in command if token != "-Wl,-undefined,dynamic_lookup"]


def remove_stale(library: Path) -> None:
    """Removes from an earlier build's folder what it compiled, and mechanisms that are gone."""
    for pattern in ("*.so", "*.dylib", "built.*.json"):
        for path in list(library.rglob(pattern)):
            path.unlink()
    for path in list(library.glob("bindings/*")):
        if path.is_dir() and path.name not in mechanism_names():
            shutil.rmtree(path)


def _cythonize(extension: Extension) -> None:
    """Puts the C that Cython makes of it in the place of an extension's .pyx."""
    from Cython.Build import cythonize

    (translated,) = cythonize([extension], build_dir="build/cython", force=True, quiet=True)
    extension.sources = translated.sources
    extension.depends = translated.depends


class BuildMechanisms(build_ext):  # type: ignore[misc] # setuptools ships no types
    """Builds the C core, then every extension in parallel, then writes the manifest."""

    force: bool
    parallel: int | None
    extensions: list[Extension]

    def finalize_options(self) -> None:
        super().finalize_options()
        # Dates do not tell of a changed header or flag, and the manifest vouches for every file.
        self.force = True
        if self.parallel is None:
            self.parallel = os.cpu_count() or 1
        self._missing: dict[str, str] = dict(self.distribution.callcost_missing)
        self._lock = threading.Lock()

    def build_extensions(self) -> None:
        # What is in build_lib goes into the wheel, whoever has put it there.
        remove_stale(Path(self.build_lib, "callcost"))
        core = self._build_core()
        self._require_python_headers()
        self.compiler.library_dirs.insert(0, str(core.parent))
        self._translate_cython()
        super().build_extensions()
        self._drop_left_out()
        self._write_manifest(core)

    def _build_core(self) -> Path:
        """Compiles native/*.c into the one shared library that every mechanism calls."""
        target = Path(self.build_lib, "callcost", "native", CORE_FILE)
        target.parent.mkdir(parents=True, exist_ok=True)
        link_flags = ["-Wl,-install_name,@rpath/" + CORE_FILE] if DARWIN else []
        try:
            objects = self.compiler.compile(
                sorted(str(path.relative_to(ROOT)) for path in (ROOT / "native").glob("*.c")),
                output_dir=self.build_temp,
                include_dirs=["native"],
                extra_postargs=COMPILE_FLAGS,
            )
            self._core_linker().link_shared_object(objects, str(target), extra_postargs=link_flags)
        except BUILD_ERRORS as error:
            raise PlatformError(COMPILER_MISSING.format(error=error)) from error
        return target

    def _core_linker(self) -> Any:
        """Returns the compiler as it links a library, where that is not how it links extensions."""
        if not DARWIN:
            return self.compiler
        linker = copy.copy(self.compiler)
        linker.linker_so = dylib_command(linker.linker_so)
        return linker

    def _require_python_headers(self) -> None:
        """Raises PlatformError without Python.h: the core builds, and every extension would not."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "headers.c")
            source.write_text("#include <Python.h>\n")
            try:
                self.compiler.compile([str(source)], output_dir=folder)
            except BUILD_ERRORS as error:
                version = sysconfig.get_python_version()
                raise PlatformError(HEADERS_MISSING.format(version=version)) from error

    def _translate_cython(self) -> None:
        """Turns .pyx into C one after the other: Cython's compiler is not made for threads."""
        for extension in self.extensions:
            if not any(source.endswith(".pyx") for source in extension.sources):
                continue
            try:
                _cythonize(extension)
            # Cython may be absent, reject the source, or crash on it: its errors are its own.
            except Exception as error:
                self._leave_out(extension, "Cython did not translate it", error)
        self._drop_left_out()

    def build_extension(self, ext: Extension) -> None:
        try:
            super().build_extension(ext)
        except BUILD_ERRORS as error:
            self._leave_out(ext, "it did not compile", error)

    def _leave_out(self, extension: Extension, what: str, error: Exception) -> None:
        with self._lock:
            self._missing[_package(extension)] = reason(what, error)
        self.warn(f"{_package(extension)} is left out: {what} ({error})")

    def _drop_left_out(self) -> None:
        """Forgets every extension of a mechanism of which one failed, and removes its file."""
        for extension in self.extensions:
            if _package(extension) in self._missing:
                Path(self.get_ext_fullpath(extension.name)).unlink(missing_ok=True)
        self.extensions = [e for e in self.extensions if _package(e) not in self._missing]

    def _write_manifest(self, core: Path) -> None:
        """Records every file that was built by its hash, so that a stale one is recognised."""
        files = {"callcost/native/" + CORE_FILE: sha256(core)}
        for extension in self.extensions:
            path = Path(self.get_ext_fullpath(extension.name))
            files[path.relative_to(self.build_lib).as_posix()] = sha256(path)
        manifest = {
            **self._compiler_facts(),
            "abi_tag": ABI_TAG,
            "tools": tool_versions(),
            "files": files,
            "sources": {name: sha256(ROOT / path) for name, path in source_files()},
            "missing": self._missing,
        }
        target = Path(self.build_lib, "callcost", "bindings", MANIFEST)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")

    def _compiler_facts(self) -> dict[str, Any]:
        """Tells how things were compiled: for all in common, and each extension's own flags."""
        program, *flags = self.compiler.compiler_so
        command = [Path(program).name, *without_path_tokens([*flags, *COMPILE_FLAGS])]
        return {
            "compiler": compiler_version(self.compiler.compiler),
            "cxx_compiler": compiler_version(self.compiler.compiler_cxx),
            "compile_command": " ".join(command),
            "flags": {e.name: without_path_tokens(e.extra_compile_args) for e in self.extensions},
            "languages": {e.name: self._language(e) for e in self.extensions},
        }

    def _language(self, extension: Extension) -> str:
        return str(extension.language or self.compiler.detect_language(extension.sources))

    def get_outputs(self) -> list[str]:
        return [*super().get_outputs(), *(str(built) for built, _ in self._extra_files())]

    def get_output_mapping(self) -> dict[str, str]:
        mapping = dict(super().get_output_mapping())
        if self.inplace:
            mapping.update((str(built), str(inplace)) for built, inplace in self._extra_files())
        return mapping

    def copy_extensions_to_source(self) -> None:
        super().copy_extensions_to_source()
        for built, inplace in self._extra_files():
            self.copy_file(str(built), str(inplace))

    def _extra_files(self) -> Iterator[tuple[Path, Path]]:
        """Pairs what is built beside the extensions with its place in the checkout."""
        library = Path(self.build_lib, "callcost")
        yield library / "native" / CORE_FILE, Path("native", CORE_FILE)
        yield library / "bindings" / MANIFEST, Path("bindings", MANIFEST)


def source_files() -> Iterable[tuple[str, Path]]:
    """Pairs the installed name and the path of every hand-written file that is compiled."""
    for package, folder in (("callcost", "callcost"), ("callcost/native", "native")):
        yield from _sources_in(ROOT / folder, package)
    for name in mechanism_names():
        yield from _sources_in(ROOT / "bindings" / name, f"callcost/bindings/{name}")


def _sources_in(folder: Path, package: str) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.iterdir()):
        if path.suffix in SOURCE_SUFFIXES or path.name == "build.py":
            yield f"{package}/{path.name}", path.relative_to(ROOT)


def tool_versions() -> dict[str, str]:
    """Tells the version of each Python package that took part in the build."""
    versions = {}
    for name in BUILD_TOOLS:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def compiler_version(command: Sequence[str]) -> str:
    """Returns the first line that a compiler prints about itself, or "none" if it does not answer.

    The whole command is asked: its first word may be ccache.
    """
    try:
        shown = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return "none"
    return without_folders(shown.partition("\n")[0])
