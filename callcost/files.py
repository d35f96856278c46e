"""Files that are whole or not there at all."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from callcost.errors import CallcostError


def probe_writable(folder: Path) -> None:
    """Raises OSError now if a file could not be written to the folder later."""
    probe = folder / f".writable-{os.getpid()}"
    probe.touch()
    probe.unlink()


def write_atomically(path: Path, content: str | bytes) -> None:
    """Writes a file beside its place and renames it, so that nobody ever sees half of it."""
    data = content.encode() if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        beside.chmod(0o644)
        beside.replace(path)
    except BaseException:
        beside.unlink()
        raise


class UnreadableError(CallcostError):
    """Why a file cannot be read, without its name: `Permission denied`, `it is a folder`."""


MAX_BYTES = 2**29
"""Larger files are refused. A record of a thousand rows has some 20 MB."""

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
        # A pipe that nobody writes to would keep a plain open waiting.
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
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from error


def shown(path: Path | str) -> str:
    """Returns a path as a message shows it: on one line, and in any encoding."""
    text = str(path)
    return text if text.isprintable() else ascii(text)
