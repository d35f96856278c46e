"""Lists the hand-written files that the build depends on, for the manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from setuptools import Extension

from .places import LADDER, ROOT, mechanism_names
from .translate import inputs_of

SOURCE_SUFFIXES = {".c", ".cpp", ".h", ".i", ".pxd", ".pyx", ".rs", ".toml"}


def sha256(path: Path) -> str:
    """Hashes a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def source_files() -> Iterable[tuple[str, Path]]:
    """Pairs each compiled source's installed name with its path."""
    yield from _sources_in(ROOT / "callcost" / "run", "callcost/run")
    for folder in ("native", LADDER):
        yield from _sources_in(ROOT / folder, f"callcost/{folder}")
    for name in mechanism_names():
        yield from _sources_in(ROOT / "bindings" / name, f"callcost/bindings/{name}")


def declared_sources(extensions: Iterable[Extension]) -> Iterator[tuple[str, Path]]:
    """Pairs the installed name and path of each extension's sources, also in other folders."""
    for extension in extensions:
        for path in map(Path, inputs_of(extension)):
            if path.parts[0] == "bindings":
                yield f"callcost/{path.as_posix()}", path


def _sources_in(folder: Path, package: str) -> Iterator[tuple[str, Path]]:
    for path in sorted([*folder.iterdir(), *folder.glob("src/*")]):
        if path.suffix in SOURCE_SUFFIXES or path.name == "build.py":
            yield f"{package}/{path.relative_to(folder).as_posix()}", path.relative_to(ROOT)
