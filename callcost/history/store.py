"""The store: a folder with one Parquet file per run, written by DuckDB and read by it.

A run is written under a name that no reader looks for and then renamed, so that an add which
is interrupted, or two at once, leave nothing half done and need no lock. Nothing in a file
is ever changed; its digest is in its name. Measured against one DuckDB file with a million
rows: that is read some 0.1 s sooner, but it is rewritten by every add, locks out everybody else
meanwhile, and is one file to be damaged. A folder of files that never change is also what a
branch of git can hold.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callcost.console.files import UnreadableError, read_bytes, shown, write_atomically
from callcost.history.files import HistoryError, StoredFile, check_all, listed, name_of
from callcost.history.table import TYPICAL, Table, write

if TYPE_CHECKING:
    # Slow to import, as it can estimate: reading the history does without.
    from callcost.history.runs import RunFile
    from callcost.history.typical import Scales

Names = tuple[Any, ...]
MARKER = "callcost-history.json"
# In 1, files had no digest in their names.
VERSION = 2
BESIDE = ".adding-"
ABANDONED_S = 24 * 3600
SERIES_COLUMNS = ("machine", "machine_label", "group", "contender", "fullname", "control")
POINT_COLUMNS = ("run", "time", "commit", "dirty", "cost_ns", "cost_low_ns", "cost_high_ns",
                 "ratio")  # fmt: skip
# By series, and each in order of time: the run settles those of the same moment.
ORDER = '"machine_label", "group", "contender", "fullname", "control", "machine", "time", "run"'

GROUPS = 'SELECT "group", count(*) FROM runs GROUP BY "group" ORDER BY "group"'
# So many rows take some 100 MB as objects.
BATCH_ROWS = 150_000
_COLUMNS = (*SERIES_COLUMNS, *POINT_COLUMNS)


@dataclass(frozen=True)
class Point:
    """What one run says of a series; None where it is not known."""

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
    """A history in a folder, which `add` makes if it is not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, run: RunFile) -> bool:
        """Keeps a run; returns False if the store has it already. Raises HistoryError."""
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
        """Lists the files of all runs, the oldest run first; raises HistoryError."""
        return listed(self.folder)

    def seal(self) -> int:
        """Puts the digest into the names of files of older versions; counts them.

        Raises HistoryError for one that cannot be read.
        """
        self.refuse_foreign()
        old = [file for file in self.files() if not file.digest]
        if old:
            Table(self.folder, old).check(_COLUMNS)
        try:
            for file in old:
                moment = datetime.strptime(file.moment, "%Y%m%dT%H%M%SZ")
                # Another add may do the same meanwhile.
                with contextlib.suppress(FileNotFoundError):
                    name = name_of(moment, file.run, file.path.read_bytes())
                    file.path.rename(self.folder / name)
            self._mark()
        except OSError as error:
            raise HistoryError(f"cannot write to {shown(self.folder)}: {error.strerror}") from error
        return len(old)

    def unsealed(self) -> int:
        """Counts the files whose names have no digest: damage to them may go unnoticed."""
        return sum(not file.digest for file in self.files())

    def series(self, groups: Sequence[str] = (), contenders: Sequence[str] = ()) -> list[Series]:
        """Reads the series whose names match one of the patterns; none given match all.

        Raises HistoryError, also for a pattern that matches nothing.
        """
        table = self._table()
        asked = (("group", "workload", groups), ("contender", "mechanism", contenders))
        where, values = "TRUE", list[str]()
        for column, _, patterns in asked:
            if patterns:
                any_of = " OR ".join([f'"{column}" GLOB ?'] * len(patterns))
                where += f" AND ({any_of})"
                values += patterns
        rows = table.select(_COLUMNS, f"WHERE {where} ORDER BY {ORDER}", values)
        if not rows:
            for column, option, patterns in asked:
                _refuse_unknown(table, column, option, patterns)
            raise HistoryError("no row of the history has such a workload and such a mechanism")
        return _gather(rows, _Scaled(table))

    def each_series(self) -> Iterator[Series]:
        """Reads all series, so many rows at a time: for histories that are too long to hold.

        Raises HistoryError.
        """
        table = self._table()
        scaled = _Scaled(table)
        for groups in _batches(table.query(GROUPS)):
            # None is never equal, and no run has it: a file that does is named.
            any_of = ", ".join("?" * len(groups))
            rest = f'WHERE "group" IN ({any_of}) OR "group" IS NULL ORDER BY {ORDER}'
            yield from _gather(table.select(_COLUMNS, rest, groups), scaled)

    def environments(self, runs: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Reads what was recorded of the tools of some runs; raises HistoryError."""
        wanted = set(runs)
        files = [file for file in self.files() if file.run in wanted]
        if not files:
            return {}
        found = Table(self.folder, files).query('SELECT DISTINCT "run", "environment" FROM runs')
        return {run: _environment(self.folder, run, text) for run, text in found}

    def refuse_foreign(self) -> None:
        """Raises HistoryError unless the folder is a history that this callcost can read."""
        if not self.folder.is_dir():
            raise HistoryError(
                f"there is no history at {shown(self.folder)}: begin one with "
                "`callcost history add RUN.json`, or name another with --store"
            )
        try:
            found: Any = json.loads(read_bytes(self.folder / MARKER))
            version = found["version"]
        except (UnreadableError, ValueError, TypeError, KeyError, RecursionError):
            raise HistoryError(
                f"{shown(self.folder)} is not a history of callcost: it has no {MARKER} that can "
                "be read"
            ) from None
        if type(version) is not int or not 1 <= version <= VERSION:
            raise HistoryError(
                f"{shown(self.folder)} has version {version!a:.20} of the history, this "
                f"callcost reads up to {VERSION}"
            )

    def _table(self) -> Table:
        """Returns the table of all runs, after a look at every file's digest."""
        self.refuse_foreign()
        files = self.files()
        check_all(files)
        return Table(self.folder, files)

    def _make(self) -> None:
        """Makes the folder, or makes sure that it is a history; clears away what was abandoned."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not any(path.name[0] != "." for path in self.folder.iterdir()):
                self._mark()
            self.refuse_foreign()
            for path in self.folder.glob(f"{BESIDE}*"):
                # Another add may put it in its place meanwhile.
                with contextlib.suppress(FileNotFoundError):
                    if time.time() - path.stat().st_mtime > ABANDONED_S:
                        path.unlink()
        except OSError as error:
            raise HistoryError(
                f"{shown(self.folder)} cannot be a history: {error.strerror}; name another with "
                "--store"
            ) from error

    def _mark(self) -> None:
        """Writes into the folder that it is a history of this version."""
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


def _refuse_unknown(table: Table, column: str, option: str, patterns: Sequence[str]) -> None:
    """Raises HistoryError for a pattern that no row of the store matches, and helps."""
    known = [str(name) for (name,) in table.query(f'SELECT DISTINCT "{column}" FROM runs')]
    for pattern in patterns:
        if not table.query(f'SELECT 1 FROM runs WHERE "{column}" GLOB ? LIMIT 1', [pattern]):
            near = difflib.get_close_matches(pattern, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it has {_some(known)}"
            raise HistoryError(f"--{option} {pattern} names no row of the history: {hint}")


def _environment(folder: Path, run: str, text: Any) -> dict[str, Any]:
    """Reads what is kept of a run's tools; raises HistoryError."""
    with contextlib.suppress(ValueError, TypeError, RecursionError):
        found = json.loads(text)
        if isinstance(found, dict) and isinstance(found.get("tools", {}), dict):
            return found
    raise HistoryError(
        f"the file of run {run} in {shown(folder)} is damaged: its environment is not an object "
        "in JSON. Move it away and add its run again"
    )


def _batches(counts: Iterable[tuple[Any, ...]]) -> Iterator[list[str]]:
    """Puts groups together until they have BATCH_ROWS; one that has more stands alone."""
    batch, rows = list[str](), 0
    for group, count in counts:
        if batch and rows + count > BATCH_ROWS:
            yield batch
            batch, rows = [], 0
        batch.append(group)
        rows += count
    if batch:
        yield batch


class _Scaled:
    """Fills in the ratios to a typical row, which are found out when the first is asked for."""

    def __init__(self, table: Table) -> None:
        self._table = table

    @cached_property
    def _scales(self) -> Scales:
        from callcost.history.typical import scales_of

        return scales_of(self._table)

    def __call__(self, name: Names, point: Point) -> tuple[Names, Point]:
        """Returns the names of a series, and a point of it, with the control of its run."""
        *names, control = name
        if control != TYPICAL:
            return name, point
        scale = self._scales.get((names[0], point.run))
        if scale is None or point.cost_ns is None:
            return name, point
        ratio = scale.ratio(point.cost_ns)
        return (*names, scale.control), dataclasses.replace(point, ratio=ratio)


def _gather(rows: list[tuple[Any, ...]], scaled: _Scaled) -> list[Series]:
    """Puts rows that are ordered by series together."""
    width = len(SERIES_COLUMNS)
    gathered: dict[Names, list[Point]] = {}
    for row in rows:
        name, point = row[:width], Point(*row[width:])
        name, point = scaled(name, point)
        gathered.setdefault(name, []).append(point)
    return [
        Series(**dict(zip(SERIES_COLUMNS, name, strict=True)), points=tuple(points))
        for name, points in gathered.items()
    ]


def _some(names: Sequence[str], most: int = 8) -> str:
    shown = sorted(names)[:most]
    return ", ".join(shown) + (f" and {len(names) - most} more" if len(names) > most else "")
