"""Collects what bindings/*/build.py declare, and adds what all have in common."""

from __future__ import annotations

import importlib.util
import os
import shlex
import subprocess
import sysconfig
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from setuptools import Extension
from setuptools.errors import PlatformError

from .damage import folders, why_unusable
from .places import CORE_NAME, DARWIN, DELAYS, ROOT
from .wording import reason, without_folders, without_path_tokens

# They override the interpreter's own flags: the core and every mechanism have the same optimisation
# level and visibility, and no link-time optimisation. Only an extension's `last_flags` override
# them, with the level that a tool sets for all its users.
COMPILE_FLAGS = ["-O2", "-fno-lto", "-fvisibility=hidden"]
# DT_RPATH rather than DT_RUNPATH: LD_LIBRARY_PATH must not replace the core.
# The way is the same from a mechanism's folder and from the ladder's.
RPATH_FLAGS = (
    ["-Wl,-rpath,@loader_path/../../native"]
    if DARWIN
    else ["-Wl,--disable-new-dtags", "-Wl,-rpath,$ORIGIN/../../native"]
)
# The ladder's programs also load libraries from their own folder.
PROGRAM_RPATH_FLAGS = [*RPATH_FLAGS, f"-Wl,-rpath,{'@loader_path' if DARWIN else '$ORIGIN'}"]


class GeneratedModule(Extension):  # type: ignore[misc] # setuptools ships no types
    """A Python module that a tool writes, as an extension for build_ext."""

    file_suffix = ".py"

    def __init__(self, name: str, write: Callable[[str], object]) -> None:
        super().__init__(name, sources=[], language="python")
        self.write = write


class CargoExtension(Extension):  # type: ignore[misc] # setuptools ships no types
    """A RustExtension of setuptools-rust, as an extension for build_ext."""

    def __init__(self, rust: Any, package: str, folder: Path) -> None:
        rust.name = f"{package}.{rust.name}"
        rust.path = os.path.relpath(folder / rust.path, ROOT)
        rust.args = ("--target-dir", "build/cargo", *rust.args)
        link_args = (f"-Clink-arg={flag}" for flag in RPATH_FLAGS)
        rust.rustc_flags = (*rust.rustc_flags, *link_args)
        super().__init__(rust.name, sources=[], language="rust")
        self.depends = _crate_files(Path(rust.path))
        # setuptools names the file here; setuptools-rust would replace the end of that name again.
        self.py_limited_api, rust.py_limited_api = rust.py_limited_api is True, False
        self.extra_compile_args = ["--release", *rust.rustc_flags]
        self.rust = rust


def _crate_files(manifest: Path) -> list[str]:
    """Lists what a crate is made from, also in the folder of another mechanism."""
    crate = tomllib.loads((ROOT / manifest).read_text(encoding="utf-8"))
    source = ROOT / manifest.parent / crate["lib"]["path"]
    paths = [ROOT / manifest, *sorted(source.parent.glob("*.rs"))]
    return [os.path.relpath(path, ROOT) for path in paths]


def package_in(folder: Path) -> str:
    """Names the package of a build.py's folder."""
    inside = folder.parent.name == "bindings"
    return f"callcost.bindings.{folder.name}" if inside else "callcost.run"


def declared_in(path: Path) -> Iterator[Extension]:
    """Yields the EXTENSIONS of a build.py, and the modules that its GENERATED write."""
    folder = path.parent
    package = package_in(folder)
    declared = load_file(path)
    # A mechanism that does not link the core says so; the instrument never does.
    links_core = folder.parent.name == "bindings" and getattr(declared, "LINKS_CORE", True)
    for extension in getattr(declared, "EXTENSIONS", []):
        yield _complete(extension, package, folder, links_core)
    for name, write in getattr(declared, "GENERATED", {}).items():
        yield GeneratedModule(f"{package}.{name}", write)


def _complete(extension: Any, package: str, folder: Path, links_core: bool) -> Extension:
    """Adds what mechanisms do not declare themselves: full name, paths, flags, the core."""
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
    """Finds a declared source: beside its build.py, or where a generator wrote it."""
    path = folder / source
    if not path.exists():
        path = Path(source)
    # A tool's own sources are elsewhere: their relative path would lead out of build/ as well.
    inside = path.resolve().is_relative_to(ROOT) or not path.is_absolute()
    return os.path.relpath(path, ROOT) if inside else str(path)


def flags_of(extension: Extension) -> list[str]:
    """Lists an extension's options, macros and flags, without those that have a path."""
    macros = [
        f"-D{name}" if value is None else f"-D{name}={value}"
        for name, value in extension.define_macros
    ]
    return without_path_tokens([*extension.swig_opts, *macros, *extension.extra_compile_args])


def last_flags_of(extension: Extension, source: str) -> list[str]:
    """Returns the tool's own flags that override the suite's for one source."""
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
    """Collect the chosen extensions, and the reason for each one that is missing."""
    extensions: list[Extension] = []
    missing: dict[str, str] = {}
    chosen = [path for path in folders(ROOT / "bindings") if _matches(path, patterns)]
    for folder in chosen:
        if damage := why_unusable(folder):
            missing[package_in(folder)] = without_folders(damage)
    usable = [folder for folder in chosen if package_in(folder) not in missing]
    paths = [folder / "build.py" for folder in usable if (folder / "build.py").exists()]
    # Imported late: rehearsal runs this module.
    from .rehearsal import unfit

    missing |= {package_in(path.parent): why for path, why in unfit(paths).items()}
    for path in [*paths, DELAYS]:
        package = package_in(path.parent)
        if package in missing:
            continue
        try:
            declared = list(declared_in(path))
        # Not available for this interpreter or platform: the build.py's text says why.
        except PlatformError as error:
            missing[package] = without_folders(str(error))
        # Whatever a tool raises here must not lose the other mechanisms.
        except (Exception, SystemExit) as error:
            missing[package] = _why_undeclared(error)
        else:
            extensions += declared
    return extensions, missing


def not_chosen(patterns: Sequence[str]) -> dict[str, str]:
    """Give the reason for each mechanism that has a build.py and matches no pattern."""
    why = "only few mechanisms were built: install callcost again without mechanisms=few"
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
        return f"{tool} is not installed: {install} installs it for the build"
    return reason("its build.py failed", error)


def compiles(source: str, *flags: str) -> bool:
    """Tells whether C++ source compiles and links with these flags, to look for a library.

    Raises PlatformError if there is no compiler.
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
