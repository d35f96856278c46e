"""The store: a folder with one Parquet file per run, written by DuckDB and read by it.

A run is written under a name that no reader looks for and then renamed, so that an add which
is interrupted, or two at once, leave nothing half done and need no lock. Nothing in the folder
is ever changed. Measured against one DuckDB file with a million rows: that is read some 0.1 s
sooner, but it is rewritten by every add, locks out everybody else meanwhile, and is one file to
be damaged. A folder of files that never change is also what a branch of git can hold.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callcost.errors import CallcostError

if TYPE_CHECKING:
    import duckdb

    # Slow to import, as it can estimate: reading the history does without.
    from callcost.history.runs import RunFile

DEFAULT_FOLDER = Path(".callcost-history")
MARKER = "callcost-history.json"
VERSION = 1
BESIDE = ".adding-"
ABANDONED_S = 24 * 3600
# What belongs to the run as a whole, and is the same in each row of its file.
RUN_COLUMNS = {
    "run": "VARCHAR",
    "time": "TIMESTAMP",
    "commit": "VARCHAR",
    "branch": "VARCHAR",
    "dirty": "BOOLEAN",
    "environment": "VARCHAR",
}
ROW_COLUMNS = {
    "machine": "VARCHAR",
    "machine_label": "VARCHAR",
    "interpreter": "VARCHAR",
    "group": "VARCHAR",
    "contender": "VARCHAR",
    "fullname": "VARCHAR",
    "parameters": "VARCHAR",
    "median_ns": "DOUBLE",
    "mean_ns": "DOUBLE",
    "cost_ns": "DOUBLE",
    "cost_low_ns": "DOUBLE",
    "cost_high_ns": "DOUBLE",
    "control": "VARCHAR",
    "ratio": "DOUBLE",
    "rounds": "INTEGER",
}
SERIES_COLUMNS = ("machine", "machine_label", "group", "contender", "fullname", "control")
POINT_COLUMNS = ("run", "time", "commit", "dirty", "cost_ns", "cost_low_ns", "cost_high_ns",
                 "ratio")  # fmt: skip
# By series, and each in order of time: the run settles those of the same moment.
ORDER = '"machine_label", "group", "contender", "fullname", "control", "machine", "time", "run"'

GROUPS = 'SELECT "group", count(*) FROM runs GROUP BY "group" ORDER BY "group"'
# So many rows take some 100 MB as objects.
BATCH_ROWS = 150_000
_COLUMNS = ", ".join(f'"{name}"' for name in (*SERIES_COLUMNS, *POINT_COLUMNS))


class HistoryError(CallcostError):
    """A store that cannot be used, or a question that it has no answer to, in one sentence."""


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
        place = self.folder / f"{run.time:%Y%m%dT%H%M%SZ}-{run.digest}.parquet"
        if any(path.stem.endswith(f"-{run.digest}") for path in self.files()):
            return False
        try:
            self._write(run, place)
        except OSError as error:
            raise HistoryError(
                f"nothing was added: {self.folder} cannot be written ({error.strerror})"
            ) from error
        return True

    def files(self) -> list[Path]:
        """Lists the files of all runs, the oldest run first."""
        return sorted(path for path in self.folder.glob("*.parquet") if path.name[0] != ".")

    def series(self, groups: Sequence[str] = (), contenders: Sequence[str] = ()) -> list[Series]:
        """Reads the series whose names match one of the patterns; none given match all.

        Raises HistoryError, also for a pattern that matches nothing.
        """
        self.refuse_foreign()
        asked = (("group", "workload", groups), ("contender", "mechanism", contenders))
        where, values = "TRUE", list[str]()
        for column, _, patterns in asked:
            if patterns:
                any_of = " OR ".join([f'"{column}" GLOB ?'] * len(patterns))
                where += f" AND ({any_of})"
                values += patterns
        rows = self._query(f"SELECT {_COLUMNS} FROM runs WHERE {where} ORDER BY {ORDER}", values)
        if not rows:
            for column, option, patterns in asked:
                self._refuse_unknown(column, option, patterns)
            raise HistoryError("no row of the history has such a workload and such a mechanism")
        return _gather(rows)

    def each_series(self) -> Iterator[Series]:
        """Reads all series, so many rows at a time: for histories that are too long to hold.

        Raises HistoryError.
        """
        self.refuse_foreign()
        for groups in _batches(self._query(GROUPS, [])):
            any_of = ", ".join("?" * len(groups))
            sql = f'SELECT {_COLUMNS} FROM runs WHERE "group" IN ({any_of}) ORDER BY {ORDER}'
            yield from _gather(self._query(sql, groups))

    def environments(self, runs: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Reads what was recorded of the tools of some runs."""
        wanted = set(runs)
        files = [path for path in self.files() if path.stem.rpartition("-")[2] in wanted]
        if not files:
            return {}
        rows = self._query('SELECT DISTINCT "run", "environment" FROM runs', [], files)
        return {run: json.loads(environment) for run, environment in rows}

    def refuse_foreign(self) -> None:
        """Raises HistoryError unless the folder is a history that this callcost can read."""
        marker = self.folder / MARKER
        if not self.folder.is_dir():
            raise HistoryError(
                f"there is no history at {self.folder}: begin one with "
                "`callcost history add RUN.json`, or name another with --store"
            )
        try:
            found: Any = json.loads(marker.read_text(encoding="utf-8"))
            version = found["version"]
        except (OSError, ValueError, TypeError, KeyError):
            raise HistoryError(
                f"{self.folder} is not a history of callcost: it has no {MARKER} that can be read"
            ) from None
        if version != VERSION:
            raise HistoryError(
                f"{self.folder} has version {version} of the history, this callcost reads {VERSION}"
            )

    def _make(self) -> None:
        """Makes the folder, or makes sure that it is a history; clears away what was abandoned."""
        from callcost.record import write_atomically

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not any(path.name[0] != "." for path in self.folder.iterdir()):
                write_atomically(self.folder / MARKER, json.dumps({"version": VERSION}) + "\n")
        except OSError as error:
            raise HistoryError(
                f"{self.folder} cannot be a history: {error.strerror}; name another with --store"
            ) from error
        self.refuse_foreign()
        for path in self.folder.glob(f"{BESIDE}*"):
            # Another add may put it in its place meanwhile.
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > ABANDONED_S:
                    path.unlink()

    def _write(self, run: RunFile, place: Path) -> None:
        handle, name = tempfile.mkstemp(prefix=BESIDE, dir=self.folder)
        os.close(handle)
        beside = Path(name)
        try:
            _write_parquet(run, beside)
            with beside.open("rb") as file:
                os.fsync(file.fileno())
            beside.chmod(0o644)
            beside.replace(place)
        finally:
            beside.unlink(missing_ok=True)

    def _query(
        self, sql: str, values: Sequence[str], files: Sequence[Path] | None = None
    ) -> list[tuple[Any, ...]]:
        """Asks the table `runs`, which all files make up together."""
        duckdb = import_duckdb()
        chosen = self.files() if files is None else files
        if not chosen:
            raise HistoryError(f"the history at {self.folder} holds no run yet")
        columns = ", ".join(f'"{name}"' for name in (*RUN_COLUMNS, *ROW_COLUMNS))
        source = f"(SELECT {columns} FROM read_parquet(?)) AS runs"
        try:
            with _connect() as connection:
                asked = connection.execute(
                    sql.replace("FROM runs", f"FROM {source}"), [list(map(str, chosen)), *values]
                )
                return asked.fetchall()
        except duckdb.Error as error:
            self._name_damaged(chosen)
            raise HistoryError(
                f"the history at {self.folder} cannot be read: {_first_line(error)}"
            ) from error

    def _name_damaged(self, files: Sequence[Path]) -> None:
        """Raises HistoryError for the first file that cannot be read by itself."""
        duckdb = import_duckdb()
        columns = ", ".join(f'"{name}"' for name in (*RUN_COLUMNS, *ROW_COLUMNS))
        with _connect() as connection:
            for path in files:
                try:
                    connection.execute(f"SELECT {columns} FROM read_parquet(?)", [str(path)])
                    connection.fetchall()
                except duckdb.Error as error:
                    raise HistoryError(
                        f"{path} is damaged, or no run of a history ({_first_line(error)}): move "
                        "it away and add its run again; the other runs are not touched by it"
                    ) from error

    def _refuse_unknown(self, column: str, option: str, patterns: Sequence[str]) -> None:
        """Raises HistoryError for a pattern that no row of the store matches, and helps."""
        known = [name for (name,) in self._query(f'SELECT DISTINCT "{column}" FROM runs', [])]
        for pattern in patterns:
            found = self._query(f'SELECT 1 FROM runs WHERE "{column}" GLOB ? LIMIT 1', [pattern])
            if not found:
                near = difflib.get_close_matches(pattern, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"it has {_some(known)}"
                raise HistoryError(f"--{option} {pattern} names no row of the history: {hint}")


def _batches(counts: Iterable[tuple[str, int]]) -> Iterator[list[str]]:
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


def import_duckdb() -> Any:
    """Imports DuckDB; raises HistoryError that says what to install."""
    try:
        import duckdb
    except ImportError as error:
        raise HistoryError(
            "the history needs DuckDB, which is not installed: pip install 'callcost[history]'"
        ) from error
    return duckdb


def _connect() -> duckdb.DuckDBPyConnection:
    # All that is needed comes with DuckDB: nothing is to be fetched from anywhere.
    settings = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    connection: duckdb.DuckDBPyConnection = import_duckdb().connect(":memory:", config=settings)
    return connection


def _write_parquet(run: RunFile, path: Path) -> None:
    known = (run.digest, run.time, run.commit, run.branch, run.dirty, run.environment)
    with _connect() as connection:
        for table, columns in (("run", RUN_COLUMNS), ("rows", ROW_COLUMNS)):
            typed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            connection.execute(f"CREATE TABLE {table} ({typed})")
        connection.execute(f"INSERT INTO run VALUES ({', '.join('?' * len(known))})", known)
        # A list for each column: row by row it takes ten times as long.
        lists = ", ".join(f"unnest(?::{kind}[])" for kind in ROW_COLUMNS.values())
        connection.execute(
            f"INSERT INTO rows SELECT {lists}",
            [[getattr(row, name) for row in run.rows] for name in ROW_COLUMNS],
        )
        joined = connection.sql('SELECT * FROM run, rows ORDER BY "group", "contender", "fullname"')
        joined.write_parquet(str(path), compression="zstd")


def _gather(rows: list[tuple[Any, ...]]) -> list[Series]:
    """Puts rows that are ordered by series together."""
    width = len(SERIES_COLUMNS)
    gathered: dict[tuple[Any, ...], list[Point]] = {}
    for row in rows:
        gathered.setdefault(row[:width], []).append(Point(*row[width:]))
    return [
        Series(**dict(zip(SERIES_COLUMNS, name, strict=True)), points=tuple(points))
        for name, points in gathered.items()
    ]


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _some(names: Sequence[str], most: int = 8) -> str:
    shown = sorted(names)[:most]
    return ", ".join(shown) + (f" and {len(names) - most} more" if len(names) > most else "")
