"""Reads the CPU quota of a container (cgroup v1 and v2), and how often it stopped processes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

PROC = Path("/proc/self")
ESCAPED = re.compile(r"\\[0-7]{3}")


@dataclass(frozen=True)
class Throttling:
    """How often and for how many ms the limits have stopped processes of these cgroups so far."""

    count: int
    ms: float


@dataclass(frozen=True)
class Quota:
    """The number of CPUs that this process may use; None if unlimited or unknown.

    `stats` are the files that count how often the limits stopped processes. `unknown` says why
    the limits could not be read.
    """

    cpus: float | None
    stats: tuple[Path, ...] = ()
    unknown: str | None = None

    def throttling(self) -> Throttling | None:
        """Reads how often the limits have stopped processes; None without limits."""
        if not self.stats:
            return None
        counts = [dict(line.split() for line in _lines(path)) for path in self.stats]
        ms = [
            int(c["throttled_usec"]) / 1e3
            if "throttled_usec" in c
            else int(c.get("throttled_time", 0)) / 1e6
            for c in counts
        ]
        return Throttling(sum(int(c["nr_throttled"]) for c in counts), sum(ms))


def read(proc: Path = PROC) -> Quota:
    """Reads the quota of a process: the lowest limit of its cgroups and their parents."""
    if not (proc / "cgroup").exists():
        return Quota(None)
    try:
        limits = [
            (cpus, folder / "cpu.stat")
            for folder in _folders(proc)
            if (cpus := _limit(folder)) is not None
        ]
        stats = tuple(stat for _, stat in limits if stat.exists() and _counts(stat))
    except (OSError, ValueError) as error:
        return Quota(None, unknown=f"{type(error).__name__}: {error}")
    return Quota(min((cpus for cpus, _ in limits), default=None), stats)


def facts(quota: Quota, before: Throttling | None) -> dict[str, Any]:
    """Describes a quota, and how often it has stopped processes since `before`."""
    now = quota.throttling()
    throttled = None if now is None or before is None else now.count - before.count
    held_ms = None if now is None or before is None else now.ms - before.ms
    return {
        "cpu_quota_cpus": quota.cpus,
        "cpu_quota_unknown": quota.unknown,
        "throttled": throttled,
        "throttled_ms": held_ms,
    }


def _folders(proc: Path) -> Iterator[Path]:
    """Yields the folders of this process's cgroups and of all their parents."""
    groups = [line.split(":", 2) for line in _lines(proc / "cgroup")]
    for line in _lines(proc / "mountinfo"):
        own, _, other = line.partition(" - ")
        kind, _, options = other.split(" ", 2)
        root, point = (_unescaped(word) for word in own.split(" ")[3:5])
        for number, controllers, path in groups:
            unified = kind == "cgroup2" and number == "0" and not controllers
            cpu = kind == "cgroup" and "cpu" in options.split(",")
            if unified or (cpu and "cpu" in controllers.split(",")):
                yield from _upwards(PurePosixPath(root), Path(point), PurePosixPath(path))


def _upwards(root: PurePosixPath, point: Path, path: PurePosixPath) -> Iterator[Path]:
    """Yields a group's folder below a mount, then its parents up to the mount.

    A group outside the mount yields only the mount: in a container the path may be the host's,
    while the mount shows only a part of it.
    """
    inside = path.is_relative_to(root) and ".." not in path.parts
    folder = point / path.relative_to(root) if inside else point
    while not folder.exists() and folder != point:
        folder = folder.parent
    while True:
        yield folder
        if folder == point:
            return
        folder = folder.parent


def _limit(folder: Path) -> float | None:
    """Reads how many CPUs one group may use; None if it has no limit."""
    if (folder / "cpu.max").exists():
        quota, period = (folder / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    if (folder / "cpu.cfs_quota_us").exists():
        quota_us = int((folder / "cpu.cfs_quota_us").read_text())
        period_us = int((folder / "cpu.cfs_period_us").read_text())
        return None if quota_us < 0 else quota_us / period_us
    return None


def _counts(stat: Path) -> bool:
    """Tells whether a file counts the stops: without, their number is unknown, not 0."""
    return any(line.startswith("nr_throttled ") for line in _lines(stat))


def _lines(path: Path) -> list[str]:
    return path.read_text(errors="surrogateescape").splitlines()


def _unescaped(word: str) -> str:
    """Decodes a path of mountinfo, which writes spaces and similar characters in octal."""
    return ESCAPED.sub(lambda found: codecs.decode(found[0], "unicode_escape"), word)
