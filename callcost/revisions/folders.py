"""Refuses folders that others can write to, and removes folders without following links."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import stat
from pathlib import Path

from callcost.revisions.errors import CacheError

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
MAX_LINKS = 40
REMOVALS = 3


def refuse_untrusted(folder: Path) -> None:
    """Raises CacheError unless only the user and root can put anything into a folder.

    Checks every folder above it as well: who can write there can exchange it. Follows links by
    hand, because others may be able to write to the folder of each link.
    """
    left, links = list(reversed(folder.parts[1:])), 0
    place = Path(folder.anchor)
    while left:
        place /= left.pop()
        status = place.lstat()
        if status.st_uid not in (0, os.geteuid()):
            raise CacheError(_of_another(place, status.st_uid))
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if links > MAX_LINKS:
                raise CacheError(f"The links of {folder} form a loop.")
            target = place.readlink()
            left += reversed(target.parts[1:] if target.is_absolute() else target.parts)
            place = Path(target.anchor) if target.is_absolute() else place.parent
            # A ".." is safe for the system to resolve: no link is left in front of it.
            continue
        if left:
            _refuse_exchangeable(place, status)
    refuse_shared(place)


def refuse_shared(folder: Path) -> None:
    """Raises CacheError unless this is a folder, no link, that only the user can write to."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise CacheError(f"{folder} must be a folder, but is a file or a link: move it away.")
    if status.st_uid != os.geteuid():
        raise CacheError(_of_another(folder, status.st_uid))
    if status.st_mode & OTHERS_WRITE:
        raise CacheError(
            f"Others can write to {folder}, and callcost would run its content: remove it, or, if "
            f"nobody has changed it, chmod go-w {folder}."
        )


def _refuse_exchangeable(place: Path, status: os.stat_result) -> None:
    """Raises CacheError for a folder in which others can rename other people's files."""
    by_group = status.st_mode & stat.S_IWGRP and not _is_private(status.st_gid)
    if (by_group or status.st_mode & stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX:
        raise CacheError(f"Others can write to {place}: chmod go-w {place}, or use another.")


def _is_private(gid: int) -> bool:
    """Tells whether a group is the user's own: many systems make one per user."""
    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    return group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def _of_another(place: Path, uid: int) -> str:
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = f"user {uid}"
    return f"{place} belongs to {name}, and callcost would run its content: use your own folder."


def remove_tree(folder: Path) -> None:
    """Removes a folder, even if a build has left read-only folders in it; raises OSError.

    Removes links and never follows them. Changes the mode of folders within the tree only: a file
    may be linked from elsewhere.
    """
    for left in reversed(range(REMOVALS)):
        try:
            if folder.is_symlink():
                folder.unlink()
            else:
                shutil.rmtree(folder)
        except FileNotFoundError:
            return
        except OSError:
            # Something is read-only, or is still being written.
            if not left:
                raise
            _open_up(folder)


def _open_up(folder: Path) -> None:
    """Makes each folder of a tree writable, from the top down."""
    _make_writable(folder)
    for parent, names, _ in os.walk(folder):
        for name in names:
            _make_writable(Path(parent, name))


def _make_writable(folder: Path) -> None:
    """Makes a folder writable; leaves alone what is not a folder, or was exchanged meanwhile."""
    # A failure shows when the folder cannot be removed.
    with contextlib.suppress(OSError):
        if stat.S_IMODE(folder.lstat().st_mode) & stat.S_IRWXU == stat.S_IRWXU:
            return
        if os.chmod in os.supports_follow_symlinks:
            folder.chmod(stat.S_IRWXU, follow_symlinks=False)
            return
        # Linux: opening does not follow a link, and an open folder cannot be exchanged.
        fd = os.open(folder, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            Path(f"/proc/self/fd/{fd}").chmod(stat.S_IRWXU)
        finally:
            os.close(fd)
