"""The folder that environments are kept in, and the locks that protect them.

    environments/KEY/       venv/, build.log and, written last, environment.json
    environments/KEY.lock   exclusive while it is built or removed, shared while it is in use
    staging/TOKEN/          what one supervisor works with: job.json, worktree/
    staging/TOKEN.lock      exclusive as long as it does
    resolutions/            the versions that requirements came to, for a day
    interpreters/           what interpreters said of themselves (python-discovery)
    logs/                   of builds that failed
    measuring/PID.lock      who measures just now (busy.py)

A lock belongs to an open file, so that it goes with the last process that has it open, however
that ends. A supervisor inherits the locks of what it works on, and so they outlast its caller
until it has cleaned up.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import platformdirs

from callcost.compare.errors import BuildError

VARIABLE = "CALLCOST_CACHE"
POLL_S = 0.01
FOLDERS = ("environments", "staging", "resolutions", "interpreters", "logs", "measuring")


class Lock:
    """A lock on a file that is held as long as a process has it open."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    @classmethod
    def attempt(cls, path: Path, *, shared: bool = False) -> Self | None:
        """Takes the lock if nobody else has it; None if somebody has."""
        while True:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
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
            # Somebody removed the file between the two calls: this lock protects nothing.
            os.close(fd)

    @classmethod
    def wait(cls, path: Path) -> Self:
        """Takes the lock as soon as nobody else has it; meant for one that is had for moments."""
        while (lock := cls.attempt(path)) is None:
            time.sleep(POLL_S)
        return lock

    def share(self) -> None:
        """Lets others have it as well; for a moment in between nobody has it."""
        fcntl.flock(self.fd, fcntl.LOCK_SH)

    def touch(self) -> None:
        """Writes down that what it protects was used just now."""
        os.utime(self.fd)

    def close(self) -> None:
        """Gives it up, as far as this process is concerned."""
        with contextlib.suppress(OSError):
            os.close(self.fd)

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
        """The virtual environment; its name is fixed, as it cannot be moved."""
        return self.folder / "venv"

    @property
    def log(self) -> Path:
        """Everything that was said while it was built."""
        return self.folder / "build.log"

    @property
    def facts_file(self) -> Path:
        """What makes it a finished one: it is written last."""
        return self.folder / "environment.json"

    @property
    def lock_file(self) -> Path:
        """Beside the folder, so that it is there before and after it."""
        return self.folder.with_name(f"{self.folder.name}.lock")

    def read(self) -> dict[str, Any] | None:
        """Returns the facts of a finished environment; None if it is not one (any more)."""
        try:
            facts = json.loads(self.facts_file.read_text(encoding="utf-8"))
            usable = Path(facts["python"]).exists() and Path(facts["site"]).is_dir()
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return dict(facts) if usable else None

    def discard(self) -> None:
        """Removes the environment, first of all what makes it a finished one."""
        self.facts_file.unlink(missing_ok=True)
        remove_tree(self.folder)


@dataclass(frozen=True)
class Cache:
    """The folder as a whole."""

    folder: Path

    def place(self, name: str) -> Path:
        """Returns one of its folders."""
        return self.folder / name

    def entry(self, key: str) -> Entry:
        """Returns the place of an environment, whether it is there or not."""
        return Entry(self.place("environments") / key)

    def entries(self) -> list[Entry]:
        """Lists every environment, and every lock without one."""
        names = {path.stem for path in self._within("environments")}
        return [self.entry(name) for name in sorted(names)]

    def stagings(self) -> list[Path]:
        """Lists the folders of supervisors at work, and of those that died."""
        return sorted({path.with_suffix("") for path in self._within("staging")})

    @contextlib.contextmanager
    def staged(self, purpose: str) -> Iterator[tuple[Path, Lock]]:
        """Makes a folder in staging that is locked, and removed in the end."""
        folder = self.place("staging") / f"{purpose}-{os.getpid()}-{secrets.token_hex(4)}"
        # Locked before it is there: who finds it without a lock takes it for a dead one's. Even
        # the lock may be found before it is taken, and is then looked at for a moment.
        with Lock.wait(folder.with_name(f"{folder.name}.lock")) as lock:
            folder.mkdir()
            try:
                yield folder, lock
            finally:
                remove_tree(folder)
                folder.with_name(f"{folder.name}.lock").unlink(missing_ok=True)

    def _within(self, name: str) -> Iterator[Path]:
        folder = self.place(name)
        return folder.iterdir() if folder.is_dir() else iter(())


def location() -> Cache:
    """Returns the cache's place without making it: the user's, or CALLCOST_CACHE."""
    chosen = os.environ.get(VARIABLE)
    # Not resolved: an interpreter's path may be shown, and a link is what the user knows it by.
    folder = Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("callcost")
    return Cache(folder.absolute())


def opened() -> Cache:
    """Returns the cache, made if need be; raises BuildError if it cannot be written."""
    cache = location()
    try:
        for name in FOLDERS:
            cache.place(name).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache.folder) as probe:
            probe.write(b"\0")
    except OSError as error:
        raise BuildError(describe(error, cache.folder)) from error
    return cache


def describe(error: OSError, folder: Path) -> str:
    """Says in a sentence why the cache cannot be written, and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"no space is left for {folder}: remove old environments with `callcost clean`, or "
            f"set {VARIABLE} to a folder on another disk"
        )
    return (
        f"the cache {folder} cannot be written ({error.strerror}): set {VARIABLE} to a folder "
        "that can"
    )


def remove_tree(folder: Path) -> None:
    """Removes a folder, also where a build has left folders that cannot be written."""

    def allow(function: Any, path: str, _: object) -> None:
        with contextlib.suppress(OSError):
            Path(path).parent.chmod(0o700)
            Path(path).chmod(0o700)
            function(path)

    shutil.rmtree(folder, onerror=allow)
    if folder.exists():
        # Something was written to it meanwhile, or made read-only deeper down.
        shutil.rmtree(folder, ignore_errors=True)
