"""Builds what bindings/*/build.py declare, all with the same flags, and writes down what was built.

Imported by setup.py, so nothing here may need callcost to be installed. A mechanism whose
tool or compiler is missing is left out with its reason; only the C core is indispensable.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterable, Iterator
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
    "Ubuntu: apt-get install build-essential; macOS: xcode-select --install), or name it in "
    "the environment variable CC, and run the same command again."
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
            module = _load(path)
        except ImportError as error:
            missing[package] = f"its build tool is not installed ({error})"
            continue
        extensions += [_complete(e, package, path.parent) for e in module.EXTENSIONS]
    return extensions, missing


class BuildMechanisms(build_ext):  # type: ignore[misc] # setuptools ships no types
    """Builds the C core, then every extension in parallel, then writes the manifest."""

    parallel: int | None
    extensions: list[Extension]

    def finalize_options(self) -> None:
        super().finalize_options()
        if self.parallel is None:
            self.parallel = os.cpu_count() or 1
        self._missing: dict[str, str] = dict(self.distribution.callcost_missing)
        self._lock = threading.Lock()

    def build_extensions(self) -> None:
        core = self._build_core()
        self.compiler.library_dirs.insert(0, str(core.parent))
        self._translate_cython()
        super().build_extensions()
        self.extensions = [e for e in self.extensions if _package(e) not in self._missing]
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
            self.compiler.link_shared_object(objects, str(target), extra_postargs=link_flags)
        except BUILD_ERRORS as error:
            raise PlatformError(COMPILER_MISSING.format(error=error)) from error
        return target

    def _translate_cython(self) -> None:
        """Turns .pyx into C one after the other: Cython's compiler is not made for threads."""
        for extension in self.extensions:
            if not any(source.endswith(".pyx") for source in extension.sources):
                continue
            from Cython.Build import cythonize

            (translated,) = cythonize([extension], build_dir="build/cython", quiet=True)
            extension.sources = translated.sources
            extension.depends = translated.depends

    def build_extension(self, ext: Extension) -> None:
        try:
            super().build_extension(ext)
        except BUILD_ERRORS as error:
            with self._lock:
                self._missing[_package(ext)] = f"it did not compile ({error})"
            self.warn(f"{_package(ext)} is left out: {error}")

    def _write_manifest(self, core: Path) -> None:
        """Records every file that was built by its hash, so that a stale one is recognised."""
        files = {"callcost/native/" + CORE_FILE: sha256(core)}
        for extension in self.extensions:
            path = Path(self.get_ext_fullpath(extension.name))
            files[path.relative_to(self.build_lib).as_posix()] = sha256(path)
        manifest = {
            "abi_tag": ABI_TAG,
            "compiler": compiler_version(self.compiler.compiler[0]),
            "compile_command": " ".join([*self.compiler.compiler_so, *COMPILE_FLAGS]),
            "tools": tool_versions(),
            "files": files,
            "sources": {name: sha256(ROOT / path) for name, path in source_files()},
            "missing": self._missing,
        }
        target = Path(self.build_lib, "callcost", "bindings", MANIFEST)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")

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


def compiler_version(command: str) -> str:
    """Returns the first line that the compiler prints about itself."""
    shown = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    return shown.stdout.partition("\n")[0] or command
