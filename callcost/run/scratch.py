"""Temporary folders; a later run removes the folders of a killed run."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from functools import cache
from pathlib import Path

PREFIX = "callcost-"
# Locked while the process that owns the folder is alive.
LOCK = "alive"


class Scratch:
    """A temporary folder that contains a lock, which is released when this process ends."""

    def __init__(self) -> None:
        sweep_once()
        self._folder = tempfile.TemporaryDirectory(prefix=PREFIX)
        self.path = Path(self._folder.name)
        new = self.path / f"{LOCK}.new"
        self._lock_fd = os.open(new, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._lock_fd, fcntl.LOCK_EX)
        # Renamed after locking: no other process ever sees it unlocked.
        new.rename(self.path / LOCK)

    def remove(self) -> None:
        """Removes the folder, also if an interrupt arrives meanwhile."""
        os.close(self._lock_fd)
        try:
            self._folder.cleanup()
        except BaseException:
            # No later run would remove a folder that has lost its lock.
            shutil.rmtree(self.path, ignore_errors=True)
            raise


@cache
def sweep_once() -> None:
    """Removes the folders of killed runs, once per process."""
    sweep(Path(tempfile.gettempdir()))


def sweep(temporary: Path) -> None:
    """Removes this user's folders whose lock no process holds; does not follow links."""
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
        # Another kind of folder, or another process is just removing it.
        return
    try:
        if stat.S_ISREG(os.fstat(lock_fd).st_mode):
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A file that cannot be removed stays: it takes space but changes no result.
            shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        pass  # its run is alive
    finally:
        os.close(lock_fd)
