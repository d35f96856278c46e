"""Whether a folder is the user's alone: whatever is in it will be run, and may be removed."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from pathlib import Path

from callcost.errors import CallcostError

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
MAX_LINKS = 40


class UntrustedError(CallcostError):
    """A folder that somebody else has a hand in."""


def refuse_untrusted(folder: Path) -> None:
    """Raises UntrustedError unless only the user, and root, can put anything into a folder.

    That takes every folder above it as well: who can write there can exchange it. Links are
    followed by hand, as each is somewhere that others may be able to write to.
    """
    left, links = list(reversed(folder.parts[1:])), 0
    place = Path(folder.anchor)
    while left:
        place /= left.pop()
        status = place.lstat()
        _refuse_other_owner(place, status)
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if links > MAX_LINKS:
                raise UntrustedError(f"{folder} goes in circles: its links lead to themselves.")
            target = place.readlink()
            left += reversed(target.parts[1:] if target.is_absolute() else target.parts)
            place = Path(target.anchor) if target.is_absolute() else place.parent
            # The system's own ".." is meant, as no link is left in what it is applied to.
            continue
        if left:
            _refuse_exchangeable(place, status)
    refuse_shared(place)


def refuse_shared(folder: Path) -> None:
    """Raises UntrustedError unless it is a real folder of the user's that no other can write to."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise UntrustedError(
            f"{folder} has to be a folder of its own, and is a file or a link: move it away."
        )
    if status.st_uid != os.geteuid():
        raise UntrustedError(_of_another(folder, status.st_uid))
    if status.st_mode & OTHERS_WRITE:
        raise UntrustedError(
            f"Others can write to {folder}, and what is in it is run: remove it, or "
            f"chmod go-w {folder} if you know that they have not."
        )


def _refuse_other_owner(place: Path, status: os.stat_result) -> None:
    if status.st_uid not in (0, os.geteuid()):
        raise UntrustedError(_of_another(place, status.st_uid))


def _refuse_exchangeable(place: Path, status: os.stat_result) -> None:
    """Raises UntrustedError for a folder in which others can rename what is not theirs."""
    by_group = status.st_mode & stat.S_IWGRP and not _is_private(status.st_gid)
    if (by_group or status.st_mode & stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX:
        raise UntrustedError(f"Others can write to {place}: chmod go-w {place}, or use another.")


def _is_private(gid: int) -> bool:
    """Tells whether a group is the user's own, as many systems make one for each user."""
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
    return f"{place} belongs to {name}, and what is in it is run: use a folder of your own."
