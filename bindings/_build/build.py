"""Builds what bindings/*/build.py declare, all with the same flags, and records what was built.

setup.py imports this, so it must not need an installed callcost. A mechanism whose tool or compiler
is missing is left out, with the reason. Only a C compiler and Python.h are required.
"""

from __future__ import annotations

import copy
import json
import os
import shlex
import shutil
import sysconfig
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from setuptools import Extension
from setuptools.command.build import build
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CompileError, LinkError, PlatformError

from .declare import (
    COMPILE_FLAGS,
    PROGRAM_RPATH_FLAGS,
    RPATH_FLAGS,
    CargoExtension,
    GeneratedModule,
    flags_of,
    last_flags_of,
    load_file,
)
from .places import (
    ABI_TAG,
    CORE_FILE,
    DARWIN,
    LADDER,
    LIBRARY_SUFFIX,
    MANIFEST,
    ROOT,
)
from .sources import declared_sources, sha256, source_files
from .translate import TRANSLATORS, package_of
from .wording import (
    compiler_version,
    library_versions,
    reason,
    tool_versions,
    without_path_tokens,
)

# What a failing or missing compiler may raise: the errors have no common base.
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


def dylib_command(bundle_command: Sequence[str]) -> list[str]:
    """Turns macOS's command for a bundle (an extension) into that for a library to link against.

    Only a dylib has an install name. It does not need `-undefined dynamic_lookup`, with which an
    extension expects Python's symbols in the process that loads it.
    """
    command = ["-dynamiclib" if token == "-bundle" else token for token in bundle_command]
    lookup = ["-undefined", "dynamic_lookup"]
    starts = [i for i in range(len(command)) if command[i : i + 2] == lookup]
    for start in reversed(starts):
        del command[start : start + 2]
    return [token for token in command if token != "-Wl,-undefined,dynamic_lookup"]


def built_rungs(folder: Path) -> list[Path]:
    """Lists what was compiled into the ladder's folder: its programs have no suffix."""
    return sorted(
        path for path in folder.glob("*") if path.suffix in ("", LIBRARY_SUFFIX) and path.is_file()
    )


class FreshBuild(build):  # type: ignore[misc] # setuptools ships no types
    """Build into an empty folder: files of an earlier build would be installed too."""

    def run(self) -> None:
        shutil.rmtree(Path(self.build_lib, "callcost"), ignore_errors=True)
        super().run()


class BuildMechanisms(build_ext):  # type: ignore[misc] # setuptools ships no types
    """Builds the C core, then every extension in parallel, then writes the manifest."""

    force: bool
    parallel: int | None
    extensions: list[Extension]

    def finalize_options(self) -> None:
        super().finalize_options()
        # Always: dates do not show a changed header or flag, and the manifest vouches for every file.
        self.force = True
        if self.parallel is None:
            self.parallel = os.cpu_count() or 1
        self._missing: dict[str, str] = dict(self.distribution.callcost_missing)
        self._lock = threading.Lock()

    def build_extensions(self) -> None:
        core = self._build_core()
        self._require_python_headers()
        self.compiler.library_dirs.insert(0, str(core.parent))
        self._build_ladder()
        self._translate()
        super().build_extensions()
        self._drop_left_out()
        self._write_manifest(core)

    def _build_core(self) -> Path:
        """Compiles native/*.c into the one shared library that every mechanism calls."""
        target = Path(self.build_lib, "callcost", "native", CORE_FILE)
        sources = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "native").glob("*.c"))
        try:
            self._link_library(target, self._compile(sources))
        except BUILD_ERRORS as error:
            raise PlatformError(COMPILER_MISSING.format(error=error)) from error
        return target

    def _build_ladder(self) -> None:
        """Builds the rungs below Python; one that does not build is left out, with the reason."""
        declared = load_file(ROOT / LADDER / "build.py")
        folder = Path(self.build_lib, "callcost", LADDER)
        for rung in (*declared.PROGRAMS, *declared.LIBRARIES):
            is_library = rung in declared.LIBRARIES
            target = folder / (f"lib{rung.name}{LIBRARY_SUFFIX}" if is_library else rung.name)
            try:
                objects = self._compile([f"{LADDER}/{source}" for source in rung.sources])
                if is_library:
                    self._link_library(target, objects, rung.libraries, RPATH_FLAGS)
                else:
                    self._link_program(target, objects, rung.libraries)
            except BUILD_ERRORS as error:
                needed = declared.NEEDS.get(rung.name)
                what = "it did not compile" + (f" and needs {needed}" if needed else "")
                name = f"callcost.native.ladder.{target.name}"
                self._missing[name] = reason(what, error)
                self.warn(f"{name} is left out: {self._missing[name]}")

    def _compile(self, sources: list[str]) -> list[str]:
        """Compiles C that belongs to no extension, with the common flags."""
        objects: list[str] = self._plain_compiler().compile(
            sources,
            output_dir=self.build_temp,
            include_dirs=["native"],
            extra_postargs=COMPILE_FLAGS,
        )
        return objects

    def _link_library(
        self,
        target: Path,
        objects: list[str],
        libraries: Sequence[str] = (),
        flags: Sequence[str] = (),
    ) -> None:
        """Links a plain library, which loaders find by its name."""
        target.parent.mkdir(parents=True, exist_ok=True)
        name_flags = [f"-Wl,-install_name,@rpath/{target.name}"] if DARWIN else []
        self._library_linker().link_shared_object(
            objects, str(target), libraries=list(libraries), extra_postargs=[*name_flags, *flags]
        )

    def _link_program(self, target: Path, objects: list[str], libraries: Sequence[str]) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        self._plain_compiler().link_executable(
            objects,
            str(target),
            libraries=list(libraries),
            extra_postargs=PROGRAM_RPATH_FLAGS,
        )

    def _plain_compiler(self) -> Any:
        """Returns the compiler without the flags of the interpreter, which differ between Pythons.

        So all interpreters call the same machine code. macOS needs those that name the system.
        """
        if DARWIN:
            return self.compiler
        plain = copy.copy(self.compiler)
        command = plain.compiler[:1] + shlex.split(os.environ.get("CFLAGS", ""))
        plain.compiler_so = [*command, "-fPIC"]
        plain.linker_exe = [*command, *shlex.split(os.environ.get("LDFLAGS", ""))]
        plain.linker_so = [*plain.linker_exe, "-shared"]
        return plain

    def _library_linker(self) -> Any:
        """Returns the compiler, set up to link a plain library instead of an extension."""
        linker = self._plain_compiler()
        if DARWIN:
            linker = copy.copy(linker)
            linker.linker_so = dylib_command(linker.linker_so)
        return linker

    def _require_python_headers(self) -> None:
        """Raises PlatformError without Python.h: no extension would build."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "headers.c")
            source.write_text("#include <Python.h>\n")
            try:
                self.compiler.compile([str(source)], output_dir=folder)
            except BUILD_ERRORS as error:
                version = sysconfig.get_python_version()
                raise PlatformError(HEADERS_MISSING.format(version=version)) from error

    def _translate(self) -> None:
        """Translates other languages into C, one file after the other: the tools are not thread-safe."""
        for extension in self.extensions:
            for suffix in {Path(source).suffix for source in extension.sources} & {*TRANSLATORS}:
                tool, translate = TRANSLATORS[suffix]
                try:
                    translate(extension)
                # A tool may be missing, reject the source, or crash; its errors may be of any type.
                except Exception as error:
                    self._leave_out(extension, f"{tool} did not translate it", error)
        self._drop_left_out()

    def get_ext_fullpath(self, ext_name: str) -> str:
        # By the full name: setuptools looks up the stable ABI by the last part alone, which
        # mechanisms may have in common.
        return str(Path(self.build_lib, self.get_ext_filename(ext_name)))

    def build_extension(self, ext: Extension) -> None:
        if isinstance(ext, GeneratedModule):
            self._generate(ext)
            return
        try:
            if isinstance(ext, CargoExtension):
                self._build_with_cargo(ext.rust)
            else:
                self._build_with_compiler(ext)
        except BUILD_ERRORS as error:
            self._leave_out(ext, "it did not compile", error)

    def _build_with_compiler(self, extension: Extension) -> None:
        """Builds an extension in its own folder: two may share a source with different macros."""
        command = copy.copy(self)
        command.build_temp = str(Path(self.build_temp, extension.name))
        command._compile_apart(extension)
        build_ext.build_extension(command, extension)

    def _build_with_cargo(self, rust: Any) -> None:
        """Builds an extension with setuptools-rust, which knows what each system needs."""
        if shutil.which(os.environ.get("CARGO", "cargo")) is None:
            raise PlatformError("cargo is not installed")
        core = Path(self.build_lib, "callcost", "native").resolve()
        rust.rustc_flags = (f"-Lnative={core}", *rust.rustc_flags)
        self.get_finalized_command("build_rust").run_for_extension(rust)

    def _compile_apart(self, extension: Extension) -> None:
        """Compiles the sources that have `last_flags`, which their tool sets itself."""
        for source in [source for source in extension.sources if last_flags_of(extension, source)]:
            extension.sources.remove(source)
            extension.extra_objects += self.compiler.compile(
                [source],
                output_dir=self.build_temp,
                macros=extension.define_macros,
                include_dirs=extension.include_dirs,
                debug=self.debug,
                extra_postargs=[*extension.extra_compile_args, *last_flags_of(extension, source)],
            )

    def _generate(self, module: GeneratedModule) -> None:
        target = Path(self.get_ext_fullpath(module.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            module.write(str(target))
        # A tool's errors may be of any type.
        except Exception as error:
            self._leave_out(module, "it was not generated", error)

    def _leave_out(self, extension: Extension, what: str, error: Exception) -> None:
        with self._lock:
            self._missing[package_of(extension)] = reason(what, error)
        self.warn(f"{package_of(extension)} is left out: {what} ({error})")

    def _drop_left_out(self) -> None:
        """Drops all extensions of a mechanism if one failed, and removes their files."""
        for extension in self.extensions:
            if package_of(extension) in self._missing:
                Path(self.get_ext_fullpath(extension.name)).unlink(missing_ok=True)
        self.extensions = [e for e in self.extensions if package_of(e) not in self._missing]

    def _write_manifest(self, core: Path) -> None:
        """Records the hash of every built file, so that stale files are recognised."""
        extensions = [Path(self.get_ext_fullpath(e.name)) for e in self.extensions]
        rungs = built_rungs(Path(self.build_lib, "callcost", LADDER))
        paths = [*rungs, *extensions]
        # Not by its path: another interpreter's build uses the existing core.
        files = {f"callcost/native/{CORE_FILE}": sha256(core)}
        files |= {path.relative_to(self.build_lib).as_posix(): sha256(path) for path in paths}
        manifest = {
            **self._compiler_facts(),
            "abi_tag": ABI_TAG,
            "tools": tool_versions() | library_versions(),
            "files": files,
            "sources": {
                name: sha256(ROOT / path)
                for name, path in (*source_files(), *declared_sources(self.extensions))
            },
            "depends": {
                package: [name for name, _ in declared_sources(own)]
                for package, own in self._by_package().items()
            },
            "missing": self._missing,
        }
        target = Path(self.build_lib, "callcost", "bindings", MANIFEST)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")

    def _by_package(self) -> dict[str, list[Extension]]:
        found: dict[str, list[Extension]] = {}
        for extension in self.extensions:
            found.setdefault(package_of(extension), []).append(extension)
        return found

    def get_source_files(self) -> list[str]:
        """Lists what belongs into an sdist: not a tool's own sources."""
        return [path for path in super().get_source_files() if not Path(path).is_absolute()]

    def get_ext_filename(self, fullname: str) -> str:
        """Returns setuptools' name, unless the build.py gave the extension a `file_suffix`."""
        suffix = getattr(self.ext_map.get(fullname), "file_suffix", None)
        if suffix is None:
            return str(super().get_ext_filename(fullname))
        return fullname.replace(".", os.sep) + str(suffix)

    def _compiler_facts(self) -> dict[str, Any]:
        """Returns how things were compiled: in common, and each extension's own flags."""
        program, *flags = self.compiler.compiler_so
        command = [Path(program).name, *without_path_tokens([*flags, *COMPILE_FLAGS])]
        return {
            "compiler": compiler_version(self.compiler.compiler),
            "cxx_compiler": compiler_version(self.compiler.compiler_cxx),
            "rust_compiler": compiler_version([os.environ.get("RUSTC", "rustc")]),
            "compile_command": " ".join(command),
            "flags": {e.name: flags_of(e) for e in self.extensions},
            "last_flags": {
                e.name: e.last_flags for e in self.extensions if hasattr(e, "last_flags")
            },
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
        self._remove_stale_rungs()
        for built, inplace in self._extra_files():
            self.copy_file(str(built), str(inplace))

    def _remove_stale_rungs(self) -> None:
        for stale in built_rungs(Path(LADDER)):
            stale.unlink()

    def _extra_files(self) -> Iterator[tuple[Path, Path]]:
        """Pairs each file built beside the extensions with its place in the checkout."""
        library = Path(self.build_lib, "callcost")
        yield library / "native" / CORE_FILE, Path("native", CORE_FILE)
        yield from ((path, Path(LADDER, path.name)) for path in built_rungs(library / LADDER))
        yield library / "bindings" / MANIFEST, Path("bindings", MANIFEST)
