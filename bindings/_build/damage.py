"""Says what is wrong with a mechanism's folder, without running anything in it.

The build and everything that lists mechanisms leave a damaged folder out, and name it.
"""

from __future__ import annotations

import ast
import os
from functools import lru_cache
from pathlib import Path

BUILT = ("__pycache__", "_generated.py")
BUILT_SUFFIXES = (".so", ".dylib", ".pyd")


class DamagedError(Exception):
    """A mechanism's folder cannot be used; the text says which file and why.

    Not a CallcostError: it does not end a command, and callcost is not installed during a build.
    """


def folders(bindings: Path) -> list[Path]:
    """Lists the folders of mechanisms, usable or not."""
    named = (path for path in bindings.iterdir() if not path.name.startswith(("_", ".")))
    found = (path for path in named if path.is_dir() or path.is_symlink())
    return sorted(path for path in found if not _is_left_over(path))


def _is_left_over(folder: Path) -> bool:
    """Tells whether a folder only has build products: git does not remove them with a mechanism."""
    try:
        left = [path.name for path in folder.iterdir()]
    except OSError:
        return False
    return bool(left) and all(name in BUILT or name.endswith(BUILT_SUFFIXES) for name in left)


def why_unusable(folder: Path) -> str | None:
    """Returns why a folder cannot be used, or None if it can."""
    try:
        refuse(folder)
    except DamagedError as error:
        return str(error)
    return None


def refuse(folder: Path) -> None:
    """Raises DamagedError if a folder cannot be used."""
    if not folder.name.isidentifier():
        raise DamagedError(f"{folder.name} is not a name that Python can import")
    try:
        # Names with a leading dot are an editor's; they may be broken links.
        files = [path for path in folder.rglob("[!.]*") if "__pycache__" not in path.parts]
        present = [path.name for path in folder.iterdir() if path.name != "__pycache__"]
    except OSError as error:
        raise DamagedError(f"its folder cannot be read: {error.strerror}") from error
    if not present:
        raise DamagedError("its folder is empty")
    for path in files:
        if not os.access(path, os.R_OK):
            why = "permission denied" if path.exists() else "it is a link to nothing"
            raise DamagedError(f"{path.relative_to(folder)} cannot be read: {why}")
    if ast.get_docstring(parse(folder / "__init__.py")) is None:
        raise DamagedError("__init__.py has no docstring that says what it is")
    if (folder / "build.py").exists():
        parse(folder / "build.py")


def parse(path: Path) -> ast.Module:
    """Reads a Python file without running it; raises DamagedError."""
    try:
        if not path.is_file():
            raise DamagedError(f"{path.name} is {'not a file' if path.exists() else 'missing'}")
        status = path.stat()
        return _parsed(path, status.st_mtime_ns, status.st_size)
    except SyntaxError as error:
        at = f" in line {error.lineno}" if error.lineno else ""
        raise DamagedError(f"{path.name} has a syntax error{at}: {error.msg}") from error
    except OSError as error:
        raise DamagedError(f"{path.name} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        why = str(error) or "it is nested too deeply"
        raise DamagedError(f"{path.name} cannot be read: {why}") from error


@lru_cache(maxsize=256)
def _parsed(path: Path, modified_ns: int, size: int) -> ast.Module:
    """Parses each version of a file once, as bytes: its first lines may name the encoding."""
    return ast.parse(path.read_bytes(), path.name)
