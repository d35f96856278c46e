"""The key of an environment: a digest of everything that decides what is in it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.requirements import Requirement

from callcost.revisions.interpreter import Interpreter, compiler_versions

# Changes with every change of the steps in builder.py that changes what comes out.
RECIPE = 2
FLAGS = (
    *("CC", "CXX", "AR", "LD", "LDSHARED", "LDCXXSHARED"),
    *("CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "ARCHFLAGS", "RUSTFLAGS", "OPT"),
    *("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "PKG_CONFIG_PATH"),
    *("MACOSX_DEPLOYMENT_TARGET", "SDKROOT", "SOURCE_DATE_EPOCH", "RUSTUP_TOOLCHAIN"),
)
FLAG_PREFIXES = ("CMAKE_", "SKBUILD", "MESON", "CARGO_PROFILE_", "CARGO_BUILD_", "DISTUTILS_")


def key_of(
    tree: str,
    prefix: str,
    interpreter: Interpreter,
    pins: Sequence[str],
) -> str:
    """Digests a tree, the project's folder in it, the interpreter, its packages and the flags.

    Of the requirements only the versions count that they come to, however they were written.
    """
    matters = {
        "recipe": RECIPE,
        "tree": tree,
        "prefix": prefix,
        "interpreter": interpreter.digest,
        "pins": list(pins),
        "local": local_states(pins),
        "flags": flags(),
        "compilers": compiler_versions(interpreter),
    }
    return hashlib.sha256(json.dumps(matters, sort_keys=True).encode()).hexdigest()[:20]


def flags() -> dict[str, str]:
    """Returns the variables that compilers and build backends heed."""
    return {
        name: value
        for name, value in sorted(os.environ.items())
        if name in FLAGS or name.startswith(FLAG_PREFIXES)
    }


def local_states(pins: Iterable[str]) -> list[str]:
    """Digests what is required by the path of a file or folder, as its name says nothing of it."""
    urls = (urlsplit(Requirement(pin).url or "") for pin in pins)
    return [_state(Path(unquote(url.path))) for url in urls if url.scheme.endswith("file")]


def _state(path: Path) -> str:
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    for file in files:
        if file.is_file() and ".git" not in file.parts:
            status = file.stat()
            digest.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()
