"""Temporary folders that a later run removes, where the run that made them was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from functools import cache
from pathlib import Path

PREFIX = "callcost-"
# Locked for as long as the process lives that the folder belongs to.
LOCK = "alive"


class Scratch:
    """A temporary folder, and a lock in it that goes with this process."""

    def __init__(self) -> None:
        sweep_once()
        self._folder = tempfile.TemporaryDirectory(prefix=PREFIX)
        self.path = Path(self._folder.name)
        new = self.path / f"{LOCK}.new"
        self._lock_fd = os.open(new, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._lock_fd, fcntl.LOCK_EX)
        # Nobody ever sees it unlocked.
        new.rename(self.path / LOCK)

    def remove(self) -> None:
        """Removes the folder."""
        os.close(self._lock_fd)
        self._folder.cleanup()


@cache
def sweep_once() -> None:
    """Removes what dead runs have left, the first time that it is called in this process."""
    sweep(Path(tempfile.gettempdir()))


def sweep(temporary: Path) -> None:
    """Removes this user's folders whose lock nobody holds; no link is followed."""
    with os.scandir(temporary) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX) and _is_own_folder(entry):
                _remove_dead(Path(entry.path))


def _is_own_folder(entry: os.DirEntry[str]) -> bool:
    try:
        about = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        # Its run has just ended.
        return False
    return stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid()


def _remove_dead(folder: Path) -> None:
    try:
        lock_fd = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        # Not one of these folders, or somebody else is just removing it.
        return
    try:
        if stat.S_ISREG(os.fstat(lock_fd).st_mode):
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # What cannot be removed is left: it costs room, and no result.
            shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        pass  # its run is alive
    finally:
        os.close(lock_fd)
