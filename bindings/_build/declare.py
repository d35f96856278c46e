"""Collects what bindings/*/build.py declare, and adds what is the same for all."""

from __future__ import annotations

import importlib.util
import os
import shlex
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from setuptools import Extension
from setuptools.errors import PlatformError

from .damage import folders, why_unusable
from .places import CORE_NAME, DARWIN, DELAYS, ROOT
from .wording import reason, without_folders, without_path_tokens

# They come after the interpreter's own flags and override them: one optimisation level, no
# link-time optimisation and the same visibility for the core and every mechanism. Only a level that
# a tool sets for all its users overrides them: an extension's `last_flags`.
COMPILE_FLAGS = ["-O2", "-fno-lto", "-fvisibility=hidden"]
# DT_RPATH rather than DT_RUNPATH: LD_LIBRARY_PATH must not put another core in its place.
# From a mechanism's folder and from that of the ladder the way is the same.
RPATH_FLAGS = (
    ["-Wl,-rpath,@loader_path/../../native"]
    if DARWIN
    else ["-Wl,--disable-new-dtags", "-Wl,-rpath,$ORIGIN/../../native"]
)
# The programs of the ladder also load what lies beside them.
PROGRAM_RPATH_FLAGS = [*RPATH_FLAGS, f"-Wl,-rpath,{'@loader_path' if DARWIN else '$ORIGIN'}"]


class GeneratedModule(Extension):  # type: ignore[misc] # setuptools ships no types
    """A Python module that a tool writes, in the shape in which build_ext knows extensions."""

    file_suffix = ".py"

    def __init__(self, name: str, write: Callable[[str], object]) -> None:
        super().__init__(name, sources=[], language="python")
        self.write = write


class CargoExtension(Extension):  # type: ignore[misc] # setuptools ships no types
    """A RustExtension of setuptools-rust, in the shape in which build_ext knows extensions."""

    def __init__(self, rust: Any, package: str, folder: Path) -> None:
        rust.name = f"{package}.{rust.name}"
        rust.path = os.path.relpath(folder / rust.path, ROOT)
        rust.args = ("--target-dir", "build/cargo", *rust.args)
        link_args = (f"-Clink-arg={flag}" for flag in RPATH_FLAGS)
        rust.rustc_flags = (*rust.rustc_flags, *link_args)
        super().__init__(rust.name, sources=[], language="rust")
        self.extra_compile_args = ["--release", *rust.rustc_flags]
        self.rust = rust


def package_in(folder: Path) -> str:
    """Names the package of the folder that a build.py is in."""
    inside = folder.parent.name == "bindings"
    return f"callcost.bindings.{folder.name}" if inside else "callcost.run"


def declared_in(path: Path) -> Iterator[Extension]:
    """Yields the EXTENSIONS of a build.py, and its GENERATED: who writes a module, by its name."""
    folder = path.parent
    package = package_in(folder)
    declared = load_file(path)
    # What calls no C, or finds the core at run time, says so; the instrument is neither.
    links_core = folder.parent.name == "bindings" and getattr(declared, "LINKS_CORE", True)
    for extension in getattr(declared, "EXTENSIONS", []):
        yield _complete(extension, package, folder, links_core)
    for name, write in getattr(declared, "GENERATED", {}).items():
        yield GeneratedModule(f"{package}.{name}", write)


def _complete(extension: Any, package: str, folder: Path, links_core: bool) -> Extension:
    """Fills in what no mechanism declares for itself: full name, paths, flags, the core."""
    if not isinstance(extension, Extension):
        return CargoExtension(extension, package, folder)
    extension.name = f"{package}.{extension.name}"
    extension.sources = [_source_path(source, folder) for source in extension.sources]
    extension.depends = [_source_path(source, folder) for source in extension.depends]
    extension.include_dirs = [*extension.include_dirs, "native"]
    extension.extra_compile_args = [*extension.extra_compile_args, *COMPILE_FLAGS]
    if links_core:
        extension.libraries = [*extension.libraries, CORE_NAME]
        extension.extra_link_args = [*extension.extra_link_args, *RPATH_FLAGS]
    return extension


def _source_path(source: str, folder: Path) -> str:
    """Finds a declared source: beside its build.py, or where a generator has put it."""
    path = folder / source
    if not path.exists():
        path = Path(source)
    # What a tool brings along lies outside: a relative path would lead out of build/ as well.
    inside = path.resolve().is_relative_to(ROOT) or not path.is_absolute()
    return os.path.relpath(path, ROOT) if inside else str(path)


def flags_of(extension: Extension) -> list[str]:
    """Lists an extension's options, macros and flags, as far as they name no path."""
    macros = [
        f"-D{name}" if value is None else f"-D{name}={value}"
        for name, value in extension.define_macros
    ]
    return without_path_tokens([*extension.swig_opts, *macros, *extension.extra_compile_args])


def last_flags_of(extension: Extension, source: str) -> list[str]:
    """Returns the flags of the tool's own that override the suite's for one source."""
    by_name: dict[str, list[str]] = getattr(extension, "last_flags", {})
    return by_name.get(Path(source).name, [])


def load_file(path: Path) -> Any:
    """Runs a build.py and returns it as a module."""
    spec = importlib.util.spec_from_file_location(f"_build_{path.parent.name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def declared_extensions(
    patterns: Sequence[str] = ("*",),
) -> tuple[list[Extension], dict[str, str]]:
    """Collect the extensions of the chosen build.py, and why the others of them are missing."""
    extensions: list[Extension] = []
    missing: dict[str, str] = {}
    chosen = [path for path in folders(ROOT / "bindings") if _matches(path, patterns)]
    for folder in chosen:
        if damage := why_unusable(folder):
            missing[package_in(folder)] = without_folders(damage)
    usable = [folder for folder in chosen if package_in(folder) not in missing]
    paths = [folder / "build.py" for folder in usable if (folder / "build.py").exists()]
    # Imported late, as this module is what it runs.
    from .rehearsal import unfit

    missing |= {package_in(path.parent): why for path, why in unfit(paths).items()}
    for path in [*paths, DELAYS]:
        package = package_in(path.parent)
        if package in missing:
            continue
        try:
            declared = list(declared_in(path))
        # What cannot be had with this interpreter or platform: the build.py says all there is.
        except PlatformError as error:
            missing[package] = without_folders(str(error))
        # Whatever a tool raises while it is only declared must not cost the other mechanisms.
        except (Exception, SystemExit) as error:
            missing[package] = _why_undeclared(error)
        else:
            extensions += declared
    return extensions, missing


def not_chosen(patterns: Sequence[str]) -> dict[str, str]:
    """Give the reason for each mechanism that has a build.py and matches no pattern."""
    why = "the build was asked for few mechanisms: install callcost again without mechanisms=few"
    return {
        package_in(path): why
        for path in folders(ROOT / "bindings")
        if (path / "build.py").exists() and not _matches(path, patterns)
    }


def _matches(folder: Path, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(folder.name, pattern) for pattern in patterns)


def _why_undeclared(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError):
        tool = str(error.name).partition(".")[0]
        install = "pip install --config-settings mechanisms=all"
        return f"{tool} is not installed: {install} has it while it builds"
    return reason("its build.py failed", error)


def compiles(source: str, *flags: str) -> bool:
    """Tells whether C++ compiles and links with these flags: so a build.py looks for libraries.

    Raises PlatformError where there is no compiler.
    """
    compiler = shlex.split(os.environ.get("CXX") or sysconfig.get_config_var("CXX") or "c++")
    with tempfile.TemporaryDirectory() as folder:
        target = str(Path(folder, "probe"))
        command = [*compiler, "-shared", "-fPIC", "-x", "c++", "-", "-o", target, *flags]
        try:
            done = subprocess.run(command, input=source.encode(), capture_output=True, check=False)
        except OSError as error:
            raise PlatformError(f"the C++ compiler could not be used ({error})") from error
    return done.returncode == 0
