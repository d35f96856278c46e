"""The table that the files of a store make up together: its columns, how it is written and asked.

DuckDB reads and writes it. What a file holds is checked when it is asked for: the types of its
columns, and that no cost is NULL, NaN, infinite or negative where no run can have it so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callcost.console.extras import require
from callcost.console.files import shown
from callcost.history.files import HistoryError, StoredFile, plain_path
from callcost.worker.checks import clean

if TYPE_CHECKING:
    import duckdb

    # Slow to import, as it can estimate: reading the history does without.
    from callcost.history.runs import RunFile

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
COLUMNS = {**RUN_COLUMNS, **ROW_COLUMNS}
TYPICAL = "typical row"
"""The control of rows that have no other; their ratios follow from the runs beside them."""

LEAST_NS, MOST_NS = 1e-6, 1e18
"""Between these lies every cost that a run can have: a millionth of a ns to 31 years."""
FIRST_YEAR, LAST_YEAR = 1970, 2199
"""Between these lies the time of every run."""
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


# Older versions had a mean of the run's own rows, or nothing.
_DEFAULT = f"""("control" IN ('', '{TYPICAL}') OR starts_with("control", 'geometric mean of '))"""
_NORMAL = {
    "control": f"""CASE WHEN {_DEFAULT} THEN '{TYPICAL}' ELSE "control" END AS "control\"""",
    "ratio": f"""CASE WHEN {_DEFAULT} THEN NULL ELSE "ratio" END AS "ratio\"""",
}


def sound(column: str) -> str:
    """Returns the condition that a column's value must meet, in SQL; it may yield NULL."""
    return "(" + _SOUND.get(column, "{0} IS NOT NULL").format(f'"{column}"') + ")"


class Table:
    """The table `runs`, made of the files of a store."""

    def __init__(self, folder: Path, files: Sequence[StoredFile]) -> None:
        require("A history", "history")
        if not files:
            raise HistoryError(f"the history at {shown(folder)} has no run yet")
        self._folder = folder
        self._names = [file.path.name for file in files]

    def select(
        self, columns: Sequence[str], rest: str, values: Sequence[str] = ()
    ) -> list[tuple[Any, ...]]:
        """Returns some columns of the rows that the rest of a SELECT chooses.

        Raises HistoryError, naming the file and the column, for a value that no run can have.
        """
        listed = ", ".join(f'"{name}"' for name in columns)
        conditions = " AND ".join(map(sound, columns))
        with self._reading() as ask:
            found = ask(f"SELECT {listed}, {conditions} FROM runs {rest}", values)
            if not all(row[-1] for row in found):
                self._name_unsound(ask, columns)
        return [row[:-1] for row in found]

    def check(self, columns: Sequence[str]) -> None:
        """Raises HistoryError, naming the file and the column, as `select` does; fetches no row."""
        conditions = " AND ".join(map(sound, columns))
        with self._reading() as ask:
            ((whole,),) = ask(f"SELECT bool_and(coalesce({conditions}, FALSE)) FROM runs", [])
            if not whole:
                self._name_unsound(ask, columns)

    def query(self, sql: str, values: Sequence[str] = ()) -> list[tuple[Any, ...]]:
        """Asks about `runs`; what it says of values is not checked. Raises HistoryError."""
        with self._reading() as ask:
            found: list[tuple[Any, ...]] = ask(sql, values)
        return found

    def arrays(self, sql: str) -> dict[str, Any]:
        """Asks as `query` does; returns a NumPy array for each column, without NULL."""
        with self._reading() as ask:
            found: dict[str, Any] = ask.execute(sql, []).fetchnumpy()
        return found

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        """Yields the function that asks; raises HistoryError for what cannot be read."""
        import duckdb

        try:
            with plain_path(self._folder) as plain, _connect() as connection:
                try:
                    _refuse_types(connection, self._folder, plain, self._names[0])
                    yield _Ask(connection, [f"{plain}/{name}" for name in self._names])
                except (duckdb.Error, UnicodeError) as error:
                    for name in self._names:
                        _refuse_unreadable(connection, self._folder, plain, name)
                    reason = _first_line(error).replace(plain, shown(self._folder))
                    raise HistoryError(
                        f"the history at {shown(self._folder)} cannot be read: {reason}"
                    ) from error
        except OSError as error:
            raise HistoryError(f"{shown(self._folder)} cannot be read: {error.strerror}") from error

    def _name_unsound(self, ask: _Ask, columns: Sequence[str]) -> None:
        """Raises HistoryError for the first value that no run can have."""
        for column in columns:
            wrong = f"coalesce(NOT {sound(column)}, TRUE)"
            sql = f'SELECT "filename", "{column}" FROM runs WHERE {wrong} LIMIT 1'
            found = ask(sql, [], filename=True)
            for place, value in found:
                raise HistoryError(
                    f"{shown(self._folder / Path(place).name)} is damaged: no run has "
                    f"{'NULL' if value is None else value} as its {column}. Move it away and add "
                    "its run again; the other runs are not affected"
                )


class _Ask:
    """Asks an open connection about `runs`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, paths: list[str]) -> None:
        self._connection = connection
        self._paths = paths

    def __call__(
        self, sql: str, values: Sequence[str], filename: bool = False
    ) -> list[tuple[Any, ...]]:
        """Returns all rows; `filename` adds a column with the path of each row's file."""
        return self.execute(sql, values, filename).fetchall()

    def execute(
        self, sql: str, values: Sequence[str], filename: bool = False
    ) -> duckdb.DuckDBPyConnection:
        """Asks; returns what the answer is fetched from."""
        source = f"{_source(filename)} AS runs"
        return self._connection.execute(
            sql.replace("FROM runs", f"FROM {source}"), [self._paths, *values]
        )


def _source(filename: bool = False) -> str:
    """Returns what the rows come from, in SQL; its parameter is a list of paths."""
    columns = ", ".join(_NORMAL.get(name, f'"{name}"') for name in COLUMNS)
    # A folder called `cost_ns=3` would otherwise be a column.
    options = f"hive_partitioning=false, filename={filename}"
    extra = ', "filename"' if filename else ""
    return f"(SELECT {columns}{extra} FROM read_parquet(?, {options}))"


def _refuse_types(
    connection: duckdb.DuckDBPyConnection, folder: Path, plain: str, name: str
) -> None:
    """Raises HistoryError for a file whose columns have other types than those of a run.

    DuckDB reads all files by the types of the first.
    """
    described = connection.execute(f"DESCRIBE SELECT * FROM {_source()}", [[f"{plain}/{name}"]])
    for column, kind, *_ in described.fetchall():
        if kind != COLUMNS[column]:
            raise HistoryError(
                f"{shown(folder / name)} is not a run of a history: its column {column} is "
                f"{kind}, not {COLUMNS[column]}. Move it away"
            )


def _refuse_unreadable(
    connection: duckdb.DuckDBPyConnection, folder: Path, plain: str, name: str
) -> None:
    """Raises HistoryError for a file that cannot be read by itself."""
    import duckdb

    try:
        _refuse_types(connection, folder, plain, name)
        connection.execute(f"SELECT * FROM {_source()}", [[f"{plain}/{name}"]]).fetchall()
    except (duckdb.Error, UnicodeError) as error:
        reason = _first_line(error).replace(plain, shown(folder))
        raise HistoryError(
            f"{shown(folder / name)} is damaged, or not a run of a history ({reason}): move it "
            "away and add its run again; the other runs are not affected"
        ) from error


def _connect() -> duckdb.DuckDBPyConnection:
    import duckdb

    # DuckDB has everything it needs: forbid it to download extensions.
    return duckdb.connect(
        ":memory:",
        config={"autoinstall_known_extensions": False, "autoload_known_extensions": False},
    )


def write(run: RunFile, folder: Path, name: str) -> None:
    """Writes a run's rows into a file of a folder; raises OSError and HistoryError."""
    import duckdb

    known = (run.digest, run.time, run.commit, run.branch, run.dirty, run.environment)
    try:
        with plain_path(folder) as plain, _connect() as connection:
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
            joined = connection.sql(
                'SELECT * FROM run, rows ORDER BY "group", "contender", "fullname"'
            )
            joined.write_parquet(f"{plain}/{name}", compression="zstd")
    except duckdb.Error as error:
        reason = _first_line(error)
        raise HistoryError(f"nothing was added to {shown(folder)}: {reason}") from error


def _first_line(error: Exception) -> str:
    """Returns what DuckDB says first; it may repeat bytes of a damaged file."""
    return clean((str(error).splitlines() or [type(error).__name__])[0])
