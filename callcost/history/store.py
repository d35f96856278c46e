"""The store: a folder with one Parquet file per run, written and read by DuckDB.

A run is written under a temporary name and then renamed: an interrupted add, or two at once, leave
nothing half written and need no lock. Files never change, and their names hold their digests.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callcost.console.files import UnreadableError, read_bytes, shown, write_atomically
from callcost.history.files import HistoryError, StoredFile, listed, name_of
from callcost.history.rows import TYPICAL, RunFile
from callcost.history.table import Table, write
from callcost.model.patterns import matches, require_known, with_tools

if TYPE_CHECKING:
    from callcost.history.typical import Scale, Scales

MARKER = "callcost-history.json"
# In version 1, names of files had no digest.
VERSION = 2
BESIDE = ".adding-"
ABANDONED_S = 24 * 3600
SERIES_COLUMNS = ("machine", "machine_label", "group", "contender", "fullname", "control")
POINT_COLUMNS = ("run", "time", "commit", "dirty", "cost_ns", "cost_low_ns", "cost_high_ns",
                 "ratio")  # fmt: skip
# By series, then by time; the run decides between points of the same moment.
ORDER = '"machine_label", "group", "contender", "fullname", "control", "machine", "time", "run"'

# As objects, this many rows take about 100 MB.
BATCH_ROWS = 150_000
_COLUMNS = (*SERIES_COLUMNS, *POINT_COLUMNS)


@dataclass(frozen=True)
class Point:
    """One run of a series; None for what is not known."""

    run: str
    time: datetime
    commit: str
    dirty: bool
    cost_ns: float | None
    cost_low_ns: float | None
    cost_high_ns: float | None
    ratio: float | None


@dataclass(frozen=True)
class Series:
    """One row over time, on one machine with one interpreter, compared with one control."""

    machine: str
    machine_label: str
    group: str
    contender: str
    fullname: str
    control: str
    points: tuple[Point, ...]


class Store:
    """A history in a folder; `add` creates the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, run: RunFile) -> bool:
        """Add a run; return False if the store already has it. Raise HistoryError."""
        self._make()
        for file in self.files():
            if file.run == run.digest:
                file.check()
                return False
        try:
            self._write(run)
        except OSError as error:
            raise HistoryError(
                f"nothing was added: cannot write to {shown(self.folder)} ({error.strerror})"
            ) from error
        return True

    def files(self) -> list[StoredFile]:
        """List the files of all runs, the oldest run first; raise HistoryError."""
        return listed(self.folder)

    def seal(self) -> int:
        """Add the digest to the names of files of older versions; return their number.

        Raise HistoryError for a file that cannot be read.
        """
        self.refuse_foreign()
        old = [file for file in self.files() if not file.digest]
        if old:
            Table(self.folder, old).check(_COLUMNS)
        try:
            for file in old:
                moment = datetime.strptime(file.moment, "%Y%m%dT%H%M%SZ")
                # Another add may do the same at the same time.
                with contextlib.suppress(FileNotFoundError):
                    name = name_of(moment, file.run, file.path.read_bytes())
                    file.path.rename(self.folder / name)
            self._mark()
        except OSError as error:
            raise HistoryError(f"cannot write to {shown(self.folder)}: {error.strerror}") from error
        return len(old)

    def unsealed(self) -> int:
        """Count the files without a digest in their names: damage to them cannot be detected."""
        return sum(not file.digest for file in self.files())

    def series(self, groups: Sequence[str] = (), contenders: Sequence[str] = ()) -> list[Series]:
        """Read the series whose names match one of the patterns; without patterns, all.

        Raise HistoryError, or UnknownNameError for a pattern that matches nothing.
        """
        table = self._table()
        where, values = "TRUE", list[str]()
        asked = (("group", "workload", groups), ("contender", "mechanism", contenders))
        for column, option, patterns in asked:
            if patterns:
                known = table.query(f'SELECT DISTINCT "{column}" FROM runs ORDER BY ALL')
                names = [str(name) for (name,) in known]
                if option == "mechanism":
                    patterns = with_tools(patterns, names)
                require_known(f"--{option}", patterns, names)
                chosen = [name for name in names if matches(name, patterns)]
                where += f' AND "{column}" IN ({", ".join("?" * len(chosen))})'
                values += chosen
        found = list(_gathered(table, where, values))
        if not found:
            raise HistoryError("the history has no row with this workload and this mechanism")
        return found

    def each_series(self) -> Iterator[Series]:
        """Read all series one by one: a long history does not fit into memory at once.

        Raise HistoryError.
        """
        return _gathered(self._table(), "TRUE")

    def environments(self, runs: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Read the recorded versions of the tools of some runs; raise HistoryError."""
        wanted = set(runs)
        files = [file for file in self.files() if file.run in wanted]
        if not files:
            return {}
        found = Table(self.folder, files).query('SELECT DISTINCT "run", "environment" FROM runs')
        return {run: _environment(self.folder, run, text) for run, text in found}

    def refuse_foreign(self) -> None:
        """Raise HistoryError unless the folder is a history that this callcost can read."""
        if not self.folder.is_dir():
            raise HistoryError(
                f"there is no history at {shown(self.folder)}: start one with "
                "`callcost history add RUN.json`, or name another with --store"
            )
        try:
            found: Any = json.loads(read_bytes(self.folder / MARKER))
            version = found["version"]
        except (UnreadableError, ValueError, TypeError, KeyError, RecursionError):
            raise HistoryError(
                f"{shown(self.folder)} is not a history of callcost: it has no readable {MARKER}"
            ) from None
        if type(version) is not int or not 1 <= version <= VERSION:
            raise HistoryError(
                f"{shown(self.folder)} has version {version!a:.20} of the history, but this "
                f"callcost reads up to {VERSION}"
            )

    def _table(self) -> Table:
        """Check the digest of every file and return the table of all runs."""
        self.refuse_foreign()
        files = self.files()
        for file in files:
            file.check()
        return Table(self.folder, files)

    def _make(self) -> None:
        """Create the folder or check that it is a history, and remove abandoned files."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not any(path.name[0] != "." for path in self.folder.iterdir()):
                self._mark()
            self.refuse_foreign()
            for path in self.folder.glob(f"{BESIDE}*"):
                # Another add may rename it at the same time.
                with contextlib.suppress(FileNotFoundError):
                    if time.time() - path.stat().st_mtime > ABANDONED_S:
                        path.unlink()
        except OSError as error:
            raise HistoryError(
                f"{shown(self.folder)} cannot be a history: {error.strerror}; name another with "
                "--store"
            ) from error

    def _mark(self) -> None:
        """Mark the folder as a history of this version."""
        write_atomically(self.folder / MARKER, json.dumps({"version": VERSION}) + "\n")

    def _write(self, run: RunFile) -> None:
        handle, name = tempfile.mkstemp(prefix=BESIDE, dir=self.folder)
        os.close(handle)
        beside = Path(name)
        try:
            write(run, self.folder, beside.name)
            with beside.open("rb") as file:
                os.fsync(file.fileno())
                data = file.read()
            beside.chmod(0o644)
            beside.replace(self.folder / name_of(run.time, run.digest, data))
        finally:
            beside.unlink(missing_ok=True)


def _environment(folder: Path, run: str, text: Any) -> dict[str, Any]:
    """Read the recorded versions of a run's tools; raise HistoryError."""
    with contextlib.suppress(ValueError, TypeError, RecursionError):
        found = json.loads(text)
        if isinstance(found, dict) and isinstance(found.get("tools", {}), dict):
            return found
    raise HistoryError(
        f"the file of run {run} in {shown(folder)} is damaged: its versions of tools are not a "
        "JSON object. Move it away and add its run again"
    )


def _gathered(table: Table, where: str, values: Sequence[str] = ()) -> Iterator[Series]:
    """Yield the series of the rows that a condition selects."""
    width = len(SERIES_COLUMNS)
    rows = table.select(_COLUMNS, f"WHERE {where} ORDER BY {ORDER}", values, BATCH_ROWS)
    scales: Scales | None = None
    for names, its in groupby(rows, key=lambda row: row[:width]):
        fields: dict[str, Any] = dict(zip(SERIES_COLUMNS, names, strict=True))
        points = [Point(*row[width:]) for row in its]
        if names[-1] != TYPICAL:
            yield Series(**fields, points=tuple(points))
            continue
        if scales is None:
            from callcost.history.typical import scales_of

            scales = scales_of(table)
        by_control: dict[str, list[Point]] = {}
        for point in points:
            control, scaled = _scaled(point, scales.get((names[0], point.run)))
            by_control.setdefault(control, []).append(scaled)
        for control, members in by_control.items():
            yield Series(**{**fields, "control": control}, points=tuple(members))


def _scaled(point: Point, scale: Scale | None) -> tuple[str, Point]:
    """Return the control of a point, and the point with its ratio to the typical row."""
    if scale is None or point.cost_ns is None:
        return TYPICAL, point
    return scale.control, dataclasses.replace(point, ratio=scale.ratio(point.cost_ns))
