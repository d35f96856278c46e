"""Removes a folder with all that is in it, and touches nothing else."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path

ATTEMPTS = 3


def remove_tree(folder: Path) -> None:
    """Removes a folder, also where a build has left folders that cannot be written.

    Links are removed, never followed, and only folders within the tree change their mode: a file
    may be linked from elsewhere, and the parent is somebody else's affair. Raises OSError for what
    cannot be removed.
    """
    for left in reversed(range(ATTEMPTS)):
        try:
            _remove(folder)
        except FileNotFoundError:
            return
        except OSError:
            # Something is read-only, or was still being written.
            if not left:
                raise
            _open_up(folder)


def _remove(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder)


def _open_up(folder: Path) -> None:
    """Makes each folder of a tree one that can be emptied, from the top down."""
    _make_writable(folder)
    for parent, names, _ in os.walk(folder):
        for name in names:
            _make_writable(Path(parent, name))


def _make_writable(folder: Path) -> None:
    """Changes the mode of a folder; what is none, or was exchanged meanwhile, is left alone."""
    # What cannot be changed shows when it cannot be removed.
    with contextlib.suppress(OSError):
        if stat.S_IMODE(folder.lstat().st_mode) & stat.S_IRWXU == stat.S_IRWXU:
            return
        if os.chmod in os.supports_follow_symlinks:
            folder.chmod(stat.S_IRWXU, follow_symlinks=False)
            return
        # Linux: a link is not followed by the opening, and the opened folder stays the same one.
        fd = os.open(folder, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            Path(f"/proc/self/fd/{fd}").chmod(stat.S_IRWXU)
        finally:
            os.close(fd)
