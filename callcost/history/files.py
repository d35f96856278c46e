"""The files of a store, one for each run, and their names.

In `20261101T021501Z-RUN-DIGEST.parquet`, RUN is the digest of what was measured (`runs.read`) and
DIGEST that of the file's bytes: a damaged file does not match its name. Files of older versions
have no DIGEST.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from callcost.console.files import UnreadableError, read_bytes, shown
from callcost.errors import CallcostError

SUFFIX = ".parquet"
NAME = re.compile(r"(\d{8}T\d{6}Z)-([0-9a-f]{20})(?:-([0-9a-f]{32}))?\.parquet")
DESCRIPTORS = Path("/proc/self/fd")
# A folder of every POSIX system whose path has no character with a special meaning.
PLAIN_TEMPORARY = "/tmp"


class HistoryError(CallcostError):
    """A store that cannot be read or written, or a query that matches nothing."""


@dataclass(frozen=True)
class StoredFile:
    """The file of a run; `digest` is empty if its name has none."""

    path: Path
    moment: str
    run: str
    digest: str

    def check(self) -> None:
        """Raise HistoryError if the file's bytes do not match the digest in its name."""
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
    """Return the digest of a file for its name."""
    return hashlib.sha256(data).hexdigest()[:32]


def name_of(time: datetime, run: str, data: bytes) -> str:
    """Return the name of the file that holds a run."""
    return f"{time:%Y%m%dT%H%M%SZ}-{run}-{digest_of(data)}{SUFFIX}"


def listed(folder: Path) -> list[StoredFile]:
    """List the file of each run, the oldest run first.

    A run in two files counts once: merging two stores may bring the same run twice. Raise
    HistoryError for a file with any other name.
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
                f"{shown(folder / name)} does not have the name of a run's file: move it away, and "
                "add runs with `callcost history add`"
            )
        moment, run, digest = match.groups("")
        # At the same moment, the name without a digest sorts last.
        if run not in found or not found[run].digest:
            found[run] = StoredFile(folder / name, moment, run, digest)
    return sorted(found.values(), key=lambda one: (one.moment, one.run))


@contextlib.contextmanager
def plain_path(folder: Path) -> Iterator[str]:
    """Yield another path of a folder, without characters that DuckDB would interpret.

    DuckDB reads a path as a pattern, `NAME=VALUE` as a column and `~` as the home folder, and
    cannot quote bytes that are not UTF-8. Raise OSError.
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
