"""Writes files whole or not at all, and reads files without waiting."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from callcost.errors import CallcostError
from callcost.model.patterns import nearest

# A name may have 255 bytes; a character takes up to four.
NAME_CHARACTERS = 40


def probe_writable(folder: Path) -> None:
    """Raises OSError if a file cannot be written to the folder."""
    probe = _beside(folder / "probe")
    probe.touch()
    probe.unlink()


def probe_file(path: Path) -> None:
    """Raises OSError if write_atomically cannot write this file."""
    if path.is_dir():
        raise IsADirectoryError(0, "it is a folder", str(path))
    if not is_special(path):
        probe_writable(_target(path).parent)
    elif not os.access(path, os.W_OK):
        raise PermissionError(0, "permission denied", str(path))


@contextlib.contextmanager
def results_folder(folder: Path, option: str) -> Iterator[None]:
    """Makes a folder, and removes it again if it stays empty; raises CallcostError."""
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe_writable(folder)
    except OSError as error:
        raise CallcostError(
            f"the run could not be saved: {folder} cannot be written ({error.strerror}). Name "
            f"another folder with {option} DIR."
        ) from error
    try:
        yield
    finally:
        if is_new:
            # It is not empty if anything was saved.
            with contextlib.suppress(OSError):
                folder.rmdir()


def is_special(path: Path) -> bool:
    """Tells whether a path leads to a device or a pipe, which must not be replaced."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False


def write_atomically(path: Path, content: str | bytes) -> None:
    """Writes a temporary file and renames it, so that no reader ever sees half of it.

    A link stays: its target is replaced. A device or a pipe is written directly.
    """
    data = content.encode() if isinstance(content, str) else content
    if is_special(path):
        path.write_bytes(data)
        return
    target = _target(path)
    beside = _beside(target)
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            # Some file systems only report here that they are full.
            os.fsync(file.fileno())
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_new(path: Path, content: str) -> Path:
    """Writes a new file and returns its path: a.json or, if that is taken, a-2.json.

    Two runs may end in the same second.
    """
    for number in itertools.count(1):
        place = path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        with contextlib.suppress(FileExistsError):
            place.touch(exist_ok=False)
            break
    try:
        write_atomically(place, content)
    except BaseException:
        place.unlink(missing_ok=True)
        raise
    return place


def _target(path: Path) -> Path:
    return path.resolve() if path.is_symlink() else path


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name[:NAME_CHARACTERS]}.{secrets.token_hex(4)}")


class UnreadableError(CallcostError):
    """Why a file cannot be read, without its name: `Permission denied`, `it is a folder`."""


MAX_BYTES = 2**29
"""Larger files are refused. A record of a thousand rows has about 17 MB."""

_KINDS = {
    stat.S_IFDIR: "it is a folder",
    stat.S_IFIFO: "it is a pipe; save it to a file first",
    stat.S_IFCHR: "it is a device",
    stat.S_IFBLK: "it is a device",
    stat.S_IFSOCK: "it is a socket",
}


def read_bytes(path: Path) -> bytes:
    """Reads a regular file of at most MAX_BYTES; raises UnreadableError, and never waits."""
    try:
        # A plain open would wait for a pipe that nobody writes to.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            about = os.fstat(handle)
            if (kind := stat.S_IFMT(about.st_mode)) in _KINDS:
                raise UnreadableError(_KINDS[kind])
            if about.st_size > MAX_BYTES:
                raise UnreadableError(f"it has more than {MAX_BYTES // 2**20} MiB")
            with os.fdopen(handle, "rb", closefd=False) as file:
                return file.read() or b""
        finally:
            os.close(handle)
    except FileNotFoundError as error:
        if path.is_symlink():
            raise UnreadableError(
                f"it is a link to {shown(path.readlink())}, which is not there: make the link again"
            ) from error
        raise UnreadableError(f"it does not exist{mistyped(path)}") from error
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from error


def mistyped(path: Path) -> str:
    """Suggests a file of the same folder for a name that does not exist; empty if none is near."""
    near = ""
    with contextlib.suppress(OSError):
        near = nearest(path.name, (found.name for found in path.parent.iterdir()))
    return f" (did you mean {shown(path.with_name(near))}?)" if near else ""


def shown(path: Path | str) -> str:
    """Returns a path or a name as it is printed: on one line, in any encoding."""
    text = str(path)
    return text if text.isprintable() else ascii(text)


def file_stems(names: Iterable[str]) -> dict[str, str]:
    """Gives each name a file name without an ending, whatever its characters; never `index`."""
    taken: set[str] = {"index"}
    found = {}
    for name in sorted(names):
        stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip(".-")[:80] or "unnamed"
        unique, number = stem, 2
        while unique.lower() in taken:
            unique, number = f"{stem}-{number}", number + 1
        taken.add(unique.lower())
        found[name] = unique
    return found
