"""Removes environments from the cache, and what killed builds have left."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from callcost.console.numbers import count
from callcost.revisions.cache import LOCK, Cache, Entry, Lock
from callcost.revisions.supervision import mend

DAY_S = 24 * 3600.0
BLOCK_BYTES = 512


@dataclass(frozen=True)
class Removal:
    """A description of something that was removed, and the space that this frees."""

    what: str
    size_bytes: int


def removals(cache: Cache, days: float | None, dry_run: bool) -> Iterator[Removal]:
    """Removes everything that was not used in the last `days`, and yields what was removed."""
    yield from _dead_builds(cache, dry_run)
    before_s = time.time() - (days or 0) * DAY_S if days is not None else None
    for entry in cache.entries():
        if removal := _entry_removal(entry, before_s, dry_run):
            yield removal
    if removal := _old_logs(cache, before_s, dry_run):
        yield removal


def _dead_builds(cache: Cache, dry_run: bool) -> Iterator[Removal]:
    sizes = {folder: size_bytes(folder) for folder in cache.stagings() if _is_dead(folder)}
    for folder in sizes if dry_run else mend(cache):
        yield Removal(f"what a killed build has left ({folder.name})", sizes.get(folder, 0))


def _is_dead(folder: Path) -> bool:
    lock = Lock.attempt(folder.with_name(folder.name + LOCK))
    if lock is None:
        return False
    lock.close()
    return True


def _entry_removal(entry: Entry, before_s: float | None, dry_run: bool) -> Removal | None:
    """Removes an environment unless it is in use, or was used after `before_s`."""
    last_used_s = _last_used_s(entry)
    lock = Lock.attempt(entry.lock_file)
    name = _name(entry)
    if lock is None:
        click.echo(f"kept {name}: it is in use")
        return None
    with lock:
        there = entry.folder.exists()
        finished = entry.read() is not None
        if finished and before_s is not None and last_used_s > before_s:
            return None
        removal = Removal(name, size_bytes(entry.folder))
        if not dry_run:
            entry.discard()
            entry.lock_file.unlink(missing_ok=True)
    # A lock file alone, left by a failed build, is not worth a line.
    return removal if there else None


def _last_used_s(entry: Entry) -> float:
    try:
        return entry.lock_file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _name(entry: Entry) -> str:
    """Names an environment for people; an unfinished one by its key."""
    try:
        label = json.loads(entry.facts_file.read_text(encoding="utf-8"))["label"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return f"the half-built environment {entry.folder.name}"
    # Text from a file must not move the cursor or start a new line.
    return f"the environment of {''.join(filter(str.isprintable, str(label)))}"


def _old_logs(cache: Cache, before_s: float | None, dry_run: bool) -> Removal | None:
    """Removes the logs of failed builds."""
    files = [path for path in cache.place("logs").rglob("*") if path.is_file()]
    old = [path for path in files if before_s is None or path.stat().st_mtime <= before_s]
    if not old:
        return None
    size = sum(map(_freed_bytes, old))
    if not dry_run:
        for path in old:
            path.unlink(missing_ok=True)
    return Removal(f"{count(len(old), 'log')} of failed builds", size)


def size_bytes(folder: Path) -> int:
    """Returns the space that removing a folder frees."""
    return sum(map(_freed_bytes, folder.rglob("*")))


def _freed_bytes(path: Path) -> int:
    try:
        status = path.lstat()
    except OSError:
        return 0
    # uv links files from its own cache, where they stay.
    linked = status.st_nlink > 1 and not path.is_dir()
    return 0 if linked else status.st_blocks * BLOCK_BYTES


def mebibytes(size: int) -> str:
    """Writes a number of bytes for people."""
    return f"{size / 2**20:.1f} MiB"
