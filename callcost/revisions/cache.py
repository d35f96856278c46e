"""The folder of environments, and the locks that protect them.

    environments/KEY/       venv/, layouts/, build.log and, written last, environment.json
    environments/KEY.lock   exclusive while it is built or removed, shared while it is in use
    staging/TOKEN/          a supervisor's files: job.json, worktree/
    staging/TOKEN.lock      exclusive while the supervisor runs
    logs/                   logs of failed builds
    CACHEDIR.TAG            what tells a cache from any other folder, to backups too

callcost runs its content, and so only uses it if nobody else can write to it (folders.py). It only
uses a path from a file in it if the path lies in the cache, and leaves foreign names alone.

A lock belongs to an open file: it goes with the last process that has the file open, however that
ends. A supervisor inherits the locks of what it works on, so they outlast a dead caller until the
supervisor has cleaned up.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import platformdirs

from callcost.console.files import write_atomically
from callcost.revisions.errors import CacheError
from callcost.revisions.folders import refuse_shared, refuse_untrusted, remove_tree

VARIABLE = "CALLCOST_CACHE"
POLL_S = 0.01
FOLDERS = ("environments", "staging", "logs")
KEY = re.compile("[0-9a-f]{20}")
STAGING = re.compile("[a-z]+-[0-9]+-[0-9a-f]{8}")
LOCK = ".lock"
PRIVATE = 0o700
TAG = "CACHEDIR.TAG"
# The first line is a standard: https://bford.info/cachedir/
TAG_TEXT = """Signature: 8a477f597d28d172789f06886806bc55
# callcost compare keeps the environments here that it has built; `callcost clean` removes them.
"""


class Lock:
    """A lock on a file, held until it is closed, forgotten, or the process ends."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    @classmethod
    def attempt(cls, path: Path, *, shared: bool = False) -> Self | None:
        """Takes the lock; None if somebody else has it."""
        while True:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
                if _is_still(path, fd):
                    return cls(fd)
            except BlockingIOError:
                os.close(fd)
                return None
            except BaseException:
                os.close(fd)
                raise
            # Somebody removed the file between the two calls, so this lock protects nothing.
            os.close(fd)

    @classmethod
    def wait(cls, path: Path) -> Self:
        """Waits for the lock, which others must hold only for moments."""
        while (lock := cls.attempt(path)) is None:
            time.sleep(POLL_S)
        return lock

    def touch(self) -> None:
        """Records that what it protects was used just now."""
        os.utime(self.fd)

    def close(self) -> None:
        """Gives the lock up, as far as this process is concerned."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    __del__ = close

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _is_still(path: Path, fd: int) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False


@dataclass(frozen=True)
class Entry:
    """One environment in the cache, finished or not."""

    folder: Path

    @property
    def venv(self) -> Path:
        """The virtual environment, which cannot be moved or renamed."""
        return self.folder / "venv"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.venv / "bin" / "python"

    @property
    def layouts(self) -> Path:
        """The folder of virtual environments with other layouts, named 1, 2, ..."""
        return self.folder / "layouts"

    @property
    def log(self) -> Path:
        """The output of all commands that built it."""
        return self.folder / "build.log"

    @property
    def facts_file(self) -> Path:
        """Written last: an entry with this file is finished."""
        return self.folder / "environment.json"

    @property
    def lock_file(self) -> Path:
        """Beside the folder, so that it can exist before and after the folder."""
        return self.folder.with_name(self.folder.name + LOCK)

    def read(self) -> dict[str, Any] | None:
        """Returns the facts of a finished environment; None if it is not finished or is damaged."""
        try:
            facts = json.loads(self.facts_file.read_text(encoding="utf-8"))
            python, site = Path(facts["python"]), Path(facts["site"])
            # Not behind a link that leads out of the environment.
            inside = site.resolve().is_relative_to(self.folder.resolve() / "venv")
            usable = python == self.python and python.exists() and site.is_dir() and inside
            whole = all(isinstance(facts[name], dict) for name in ("versions", "interpreter"))
            whole &= isinstance(facts["layouts"]["unmoved"], dict)
            places = [self.layouts / str(n + 1) for n in range(len(facts["layouts"]["digests"]))]
            usable &= all((place / "bin" / "python").exists() for place in places)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return dict(facts) if usable and whole else None

    def discard(self) -> None:
        """Removes the environment, beginning with the file that marks it finished."""
        self.facts_file.unlink(missing_ok=True)
        remove_tree(self.folder)


@dataclass(frozen=True)
class Cache:
    """The whole folder."""

    folder: Path

    def place(self, name: str) -> Path:
        """Returns one of its folders."""
        return self.folder / name

    def entry(self, key: str) -> Entry:
        """Returns the place of an environment, which may be empty."""
        return Entry(self.place("environments") / key)

    def entries(self) -> list[Entry]:
        """Lists every environment, and every lock that has none."""
        return [self.entry(name) for name in self._names("environments", KEY)]

    def stagings(self) -> list[Path]:
        """Lists the folders of running and of dead supervisors."""
        return [self.place("staging") / name for name in self._names("staging", STAGING)]

    @contextlib.contextmanager
    def staged(self, purpose: str) -> Iterator[tuple[Path, Lock]]:
        """Makes a locked folder in staging, and removes it in the end."""
        # Of constant length: builds write the name into files, which are compared (code.py).
        folder = self.place("staging") / f"{purpose}-{os.getpid():07}-{secrets.token_hex(4)}"
        # Locked before it exists: without a lock it would count as left by a dead supervisor.
        # Somebody may look at the lock file for a moment before this process takes it.
        with Lock.wait(folder.with_name(folder.name + LOCK)) as lock:
            folder.mkdir(mode=PRIVATE)
            try:
                yield folder, lock
            finally:
                remove_tree(folder)
                folder.with_name(folder.name + LOCK).unlink(missing_ok=True)

    def refuse_untrusted(self) -> None:
        """Raises CacheError unless the cache is the user's alone, or missing."""
        if not os.path.lexists(self.folder):
            return
        refuse_untrusted(self.folder)
        self._refuse_foreign()
        entries = [entry.folder for entry in self.entries()]
        for folder in (*map(self.place, FOLDERS), *entries, *self.stagings()):
            if os.path.lexists(folder):
                refuse_shared(folder)

    def _refuse_foreign(self) -> None:
        """Raises CacheError for a folder of something else, where `clean` would do harm."""
        # Another callcost may be writing the tag just now, under a temporary name.
        if all(path.name.startswith(f".{TAG}.") for path in self.folder.iterdir()):
            return
        tag = self.folder / TAG
        if not tag.is_file() or not tag.read_text(encoding="utf-8").startswith(TAG_TEXT):
            raise CacheError(
                f"{self.folder} is not a cache of callcost: it is not empty, and has no {TAG} "
                f"from callcost. Set {VARIABLE} to another folder, or empty this one."
            )

    def _names(self, place: str, form: re.Pattern[str]) -> list[str]:
        """Lists names of the form that callcost gives, of folders and of locks without a folder."""
        folder = self.place(place)
        found = folder.iterdir() if folder.is_dir() else ()
        names = {path.name.removesuffix(LOCK) for path in found}
        return sorted(name for name in names if form.fullmatch(name))


def location() -> Cache:
    """Returns the user's cache or CALLCOST_CACHE, without making it; raises CacheError."""
    chosen = os.environ.get(VARIABLE)
    try:
        # Not resolved: messages show paths in it, and the user knows the link.
        if chosen:
            return Cache(Path(chosen).expanduser().absolute())
        folder = platformdirs.user_cache_path("callcost")
    except RuntimeError as error:
        raise CacheError(f"Cannot find the folder {VARIABLE}={chosen}: {error}.") from error
    if not folder.is_absolute():
        raise CacheError(f"Cannot find your home folder: set {VARIABLE} to a folder for the cache.")
    return Cache(folder)


def opened() -> Cache:
    """Returns the cache, and makes it if necessary; raises CacheError."""
    cache = location()
    try:
        # Missing parents are made private too, whatever the umask.
        for folder in (*reversed(cache.folder.parents), cache.folder):
            if not folder.exists():
                folder.mkdir(mode=PRIVATE, exist_ok=True)
        cache.refuse_untrusted()
        # Always and first: it shows whether the cache can be written.
        write_atomically(cache.folder / TAG, TAG_TEXT)
        for name in FOLDERS:
            cache.place(name).mkdir(mode=PRIVATE, exist_ok=True)
    except OSError as error:
        raise CacheError(describe(error, cache.folder)) from error
    return cache


NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def concerns(error: OSError, folder: Path) -> bool:
    """Tells whether an error is about the cache."""
    if error.filename is None:
        return error.errno in NO_SPACE
    return Path(os.fsdecode(error.filename)).is_relative_to(folder)


def describe(error: OSError, folder: Path) -> str:
    """Says why the cache cannot be written, and what to do."""
    if error.errno in NO_SPACE:
        return (
            f"no space is left for {folder}: remove old environments with `callcost clean`, or "
            f"set {VARIABLE} to a folder on another disk"
        )
    return (
        f"the cache {folder} cannot be written ({error.strerror}): set {VARIABLE} to another folder"
    )
