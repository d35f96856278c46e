"""Files that are whole or not there at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


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
