"""The files of a store, one for each run, and their names.

`20261101T021501Z-RUN-DIGEST.parquet`: RUN is what `runs.read` makes of what was measured,
DIGEST is of the file's bytes, so that a file that was damaged later does not match its name.
Files of older versions have no DIGEST.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from callcost.console.files import UnreadableError, read_bytes, shown
from callcost.errors import CallcostError

SUFFIX = ".parquet"
NAME = re.compile(r"(\d{8}T\d{6}Z)-([0-9a-f]{20})(?:-([0-9a-f]{32}))?\.parquet")
DESCRIPTORS = Path("/proc/self/fd")
# Where every POSIX system has a folder whose path has no character that could mean anything.
PLAIN_TEMPORARY = "/tmp"


class HistoryError(CallcostError):
    """A store that cannot be used, or a question that it has no answer to, in one sentence."""


@dataclass(frozen=True)
class StoredFile:
    """A run's file; `digest` is empty where its name has none."""

    path: Path
    moment: str
    run: str
    digest: str

    def check(self) -> None:
        """Raises HistoryError if the file's bytes do not match the digest in its name."""
        try:
            data = read_bytes(self.path)
        except UnreadableError as error:
            raise HistoryError(f"{shown(self.path)} cannot be read: {error}") from error
        if self.digest and digest_of(data) != self.digest:
            raise HistoryError(
                f"{shown(self.path)} is damaged: its content does not match the digest in its "
                "name. Move it away and add its run again; the other runs are not affected"
            )


def digest_of(data: bytes) -> str:
    """Returns the digest that the name of a file with these bytes has."""
    return hashlib.sha256(data).hexdigest()[:32]


def name_of(time: datetime, run: str, data: bytes) -> str:
    """Returns the name of the file that holds a run."""
    return f"{time:%Y%m%dT%H%M%SZ}-{run}-{digest_of(data)}{SUFFIX}"


def listed(folder: Path) -> list[StoredFile]:
    """Lists the file of each run, the oldest run first.

    A run that two files hold counts once: a merge of two stores may bring the same run twice.
    Raises HistoryError for a file of another name.
    """
    try:
        names = sorted(path.name for path in folder.iterdir() if path.name.endswith(SUFFIX))
    except OSError as error:
        raise HistoryError(f"{shown(folder)} cannot be read: {error.strerror}") from error
    found: dict[str, StoredFile] = {}
    for name in names:
        if name.startswith("."):
            continue
        match = NAME.fullmatch(name)
        if match is None:
            raise HistoryError(
                f"{shown(folder / name)} is not named as the file of a run: move it away, and add "
                "runs with `callcost history add`"
            )
        moment, run, digest = match.groups("")
        # Of the same moment, the name without a digest is sorted last.
        if run not in found or not found[run].digest:
            found[run] = StoredFile(folder / name, moment, run, digest)
    return sorted(found.values(), key=lambda one: (one.moment, one.run))


def check_all(files: Iterable[StoredFile]) -> None:
    """Raises HistoryError for the first file whose bytes do not match its name."""
    for file in files:
        file.check()


@contextlib.contextmanager
def plain_path(folder: Path) -> Iterator[str]:
    """Yields another path of a folder, in which no character means anything but itself.

    DuckDB takes a path for a pattern, `NAME=VALUE` for a column and `~` for the home folder, and
    has no way to quote bytes that are not UTF-8. Raises OSError.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        place = DESCRIPTORS / str(handle)
        if place.is_dir():
            yield str(place)
        else:
            with tempfile.TemporaryDirectory(prefix="callcost-", dir=PLAIN_TEMPORARY) as beside:
                link = Path(beside, "store")
                link.symlink_to(folder.absolute())
                yield str(link)
    finally:
        os.close(handle)
