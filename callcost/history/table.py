"""The table `runs` that the files of a store make up: its columns, writing and queries.

DuckDB reads and writes it. Queries check the columns that they read: their types, and that each
value is one that a run can have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callcost.console.extras import require
from callcost.console.files import shown
from callcost.history.files import HistoryError, StoredFile, plain_path
from callcost.history.rows import COLUMNS, ROW_COLUMNS, RUN_COLUMNS, TYPICAL, RunFile
from callcost.worker.checks import clean

if TYPE_CHECKING:
    import duckdb

LEAST_NS, MOST_NS = 1e-6, 1e18
"""Limits of a cost: a millionth of a ns, and 31 years."""
FIRST_YEAR, LAST_YEAR = 1970, 2199
"""Limits of the time of a run."""
_SOUND = {
    "time": f"""{{0}} BETWEEN '{FIRST_YEAR}-01-01' AND '{LAST_YEAR}-12-31'""",
    "median_ns": f"{{0}} BETWEEN {LEAST_NS} AND {MOST_NS}",
    "mean_ns": f"{{0}} BETWEEN {LEAST_NS} AND {MOST_NS}",
    "cost_ns": f"{{0}} IS NULL OR {{0}} BETWEEN {LEAST_NS} AND {MOST_NS}",
    "cost_low_ns": f"{{0}} IS NULL OR abs({{0}}) <= {MOST_NS}",
    "cost_high_ns": f"{{0}} IS NULL OR abs({{0}}) <= {MOST_NS}",
    "ratio": f"{{0}} IS NULL OR {{0}} BETWEEN {LEAST_NS / MOST_NS} AND {MOST_NS / LEAST_NS}",
    "rounds": "{0} >= 1",
}


# Older versions stored a mean of the run's own rows, or nothing.
_DEFAULT = f"""("control" IN ('', '{TYPICAL}') OR starts_with("control", 'geometric mean of '))"""
_NORMAL = {
    "control": f"""CASE WHEN {_DEFAULT} THEN '{TYPICAL}' ELSE "control" END AS "control\"""",
    "ratio": f"""CASE WHEN {_DEFAULT} THEN NULL ELSE "ratio" END AS "ratio\"""",
}

# Without the option, a folder called `cost_ns=3` would be a column.
_SOURCE = f"""(SELECT {", ".join(_NORMAL.get(name, f'"{name}"') for name in COLUMNS)}, "filename"
    FROM read_parquet(?, hive_partitioning=false, filename=true)) AS runs"""


def sound(column: str) -> str:
    """Return the SQL condition that a value of a column must meet; it may yield NULL."""
    return "(" + _SOUND.get(column, "{0} IS NOT NULL").format(f'"{column}"') + ")"


class Table:
    """The table `runs` of some files of a store."""

    def __init__(self, folder: Path, files: Sequence[StoredFile]) -> None:
        require("A history", "history")
        if not files:
            raise HistoryError(f"the history at {shown(folder)} has no run yet")
        self._folder = folder
        self._names = [file.path.name for file in files]

    def select(
        self, columns: Sequence[str], rest: str, values: Sequence[str], batch: int
    ) -> Iterator[tuple[Any, ...]]:
        """Yield columns of the rows that the rest of a SELECT chooses, fetched in batches.

        Raise HistoryError, naming the file and the column, for a value that no run can have.
        """
        listed = ", ".join(f'"{name}"' for name in columns)
        conditions = " AND ".join(map(sound, columns))
        with self._reading() as ask:
            answer = ask.execute(f"SELECT {listed}, {conditions} FROM runs {rest}", values)
            while found := answer.fetchmany(batch):
                if not all(row[-1] for row in found):
                    ask.refuse_unsound(columns)
                yield from (row[:-1] for row in found)

    def check(self, columns: Sequence[str]) -> None:
        """Raise HistoryError like `select`, without fetching rows."""
        conditions = " AND ".join(map(sound, columns))
        with self._reading() as ask:
            whole = f"SELECT bool_and(coalesce({conditions}, FALSE)) FROM runs"
            if ask.execute(whole).fetchall() != [(True,)]:
                ask.refuse_unsound(columns)

    def query(self, sql: str, values: Sequence[str] = ()) -> list[tuple[Any, ...]]:
        """Query `runs` without checking values. Raise HistoryError."""
        with self._reading() as ask:
            found: list[tuple[Any, ...]] = ask.execute(sql, values).fetchall()
        return found

    def arrays(self, sql: str) -> dict[str, Any]:
        """Query like `query`; return a NumPy array for each column. It must not have NULL."""
        with self._reading() as ask:
            found: dict[str, Any] = ask.execute(sql).fetchnumpy()
        return found

    @contextmanager
    def _reading(self) -> Iterator[_Ask]:
        """Yield what queries; raise HistoryError for an unreadable file."""
        import duckdb

        try:
            with plain_path(self._folder) as plain, _connect() as connection:
                ask = _Ask(connection, self._folder, plain)
                try:
                    ask.refuse_types(self._names[0])
                    yield ask.of(self._names)
                except (duckdb.Error, UnicodeError) as error:
                    for name in self._names:
                        ask.refuse_unreadable(name)
                    raise HistoryError(
                        f"the history at {shown(self._folder)} cannot be read: {ask.reason(error)}"
                    ) from error
        except OSError as error:
            raise HistoryError(f"{shown(self._folder)} cannot be read: {error.strerror}") from error


@dataclass
class _Ask:
    """Queries `runs` over an open connection; `plain` is the path of the folder for DuckDB."""

    connection: duckdb.DuckDBPyConnection
    folder: Path
    plain: str
    names: Sequence[str] = ()

    def of(self, names: Sequence[str]) -> _Ask:
        """Query these files."""
        return replace(self, names=names)

    def execute(self, sql: str, values: Sequence[str] = ()) -> duckdb.DuckDBPyConnection:
        """Query; return the object to fetch the answer from."""
        paths = [f"{self.plain}/{name}" for name in self.names]
        return self.connection.execute(
            sql.replace("FROM runs", f"FROM {_SOURCE}"), [paths, *values]
        )

    def refuse_unsound(self, columns: Sequence[str]) -> None:
        """Raise HistoryError for the first value that no run can have."""
        for column in columns:
            wrong = f"coalesce(NOT {sound(column)}, TRUE)"
            sql = f'SELECT "filename", "{column}" FROM runs WHERE {wrong} LIMIT 1'
            for place, value in self.execute(sql).fetchall():
                raise HistoryError(
                    f"{shown(self.folder / Path(place).name)} is damaged: no run has "
                    f"{'NULL' if value is None else value} as its {column}. Move it away and add "
                    "its run again; the other runs are not affected"
                )

    def refuse_types(self, name: str) -> None:
        """Raise HistoryError for a file whose columns do not have the types of a run's.

        DuckDB uses the types of the first file for all files.
        """
        for column, kind, *_ in self.of([name]).execute("DESCRIBE SELECT * FROM runs").fetchall():
            if kind != COLUMNS.get(column, kind):
                raise HistoryError(
                    f"{shown(self.folder / name)} is not a run of a history: its column {column} "
                    f"is {kind}, not {COLUMNS[column]}. Move it away"
                )

    def refuse_unreadable(self, name: str) -> None:
        """Raise HistoryError if a file cannot be read."""
        import duckdb

        try:
            self.refuse_types(name)
            self.of([name]).execute("SELECT * FROM runs").fetchall()
        except (duckdb.Error, UnicodeError) as error:
            raise HistoryError(
                f"{shown(self.folder / name)} is damaged, or not a run of a history "
                f"({self.reason(error)}): move it away and add its run again; the other runs are "
                "not affected"
            ) from error

    def reason(self, error: Exception) -> str:
        """Return the first line of an error, with the path that the user knows."""
        return _first_line(error).replace(self.plain, shown(self.folder))


def _connect() -> duckdb.DuckDBPyConnection:
    import duckdb

    # DuckDB has everything it needs: forbid it to download extensions.
    return duckdb.connect(
        ":memory:",
        config={"autoinstall_known_extensions": False, "autoload_known_extensions": False},
    )


def write(run: RunFile, folder: Path, name: str) -> None:
    """Write the rows of a run to a file of a folder; raise OSError and HistoryError."""
    import duckdb

    known = (run.digest, run.time, run.commit, run.branch, run.dirty, run.environment)
    try:
        with plain_path(folder) as plain, _connect() as connection:
            for table, columns in (("run", RUN_COLUMNS), ("rows", ROW_COLUMNS)):
                typed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
                connection.execute(f"CREATE TABLE {table} ({typed})")
            connection.execute(f"INSERT INTO run VALUES ({', '.join('?' * len(known))})", known)
            # A list for each column: ten times faster than row by row.
            lists = ", ".join(f"unnest(?::{kind}[])" for kind in ROW_COLUMNS.values())
            connection.execute(
                f"INSERT INTO rows SELECT {lists}",
                [[getattr(row, name) for row in run.rows] for name in ROW_COLUMNS],
            )
            joined = connection.sql(
                'SELECT * FROM run, rows ORDER BY "group", "contender", "fullname"'
            )
            joined.write_parquet(f"{plain}/{name}", compression="zstd")
    except duckdb.Error as error:
        reason = _first_line(error)
        raise HistoryError(f"nothing was added to {shown(folder)}: {reason}") from error


def _first_line(error: Exception) -> str:
    """Return the first line of an error, cleaned: it may repeat bytes of a damaged file."""
    return clean((str(error).splitlines() or [type(error).__name__])[0])
