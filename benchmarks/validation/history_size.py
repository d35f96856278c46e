"""Times the commands of a history with a million rows.

Run as `python -m callcost.benchmarks.validation.history_size --json results/history.json`. It adds
a real record with about 500 rows, creates more runs with the same rows and random noise, and times
whole commands, including the start of the interpreter.
"""

from __future__ import annotations

import json
import statistics
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import duckdb

from callcost.benchmarks.publish.publishing import REFERENCE
from callcost.benchmarks.validation import study
from callcost.console.front import Front
from callcost.estimate.record import SECTION, Record
from callcost.history.files import name_of
from callcost.history.rows import ROW_COLUMNS
from callcost.history.runs import read
from callcost.history.store import Store

ROWS = 1_000_000
RUN_ROWS = 500
REPEATS = 9
SEED = 0.4
# The spread of a row's ratio from run to run (results/repeatability.json).
NOISE = 0.004
NOISY = ("median_ns", "mean_ns", "cost_ns", "cost_low_ns", "cost_high_ns", "ratio")


@click.command(cls=Front)
@study.json_option
@click.option("--rows", default=ROWS, show_default=True, help="Rows of the history.")
def main(json_file: Path, rows: int) -> None:
    """Fill a history, and record how long it takes to add a run and to show a series."""
    with study.recording(json_file) as (place, found):
        folder = place / "history"
        first = cut(place / "first.json")
        runs = fill(folder, first, rows)
        added = [add_another(folder, first, number) for number in range(REPEATS)]
        series = Store(folder).series(contenders=[read(first).rows[0].contender])[0]
        show = ("--workload", series.group, "--mechanism", series.contender)
        shown = [_time_s("show", folder, *show) for _ in range(REPEATS)]
        found |= {
            "rows": sum(len(one.points) for one in Store(folder).series()),
            "runs": runs + REPEATS,
            "bytes": sum(path.stat().st_size for path in folder.iterdir()),
            "run_rows": len(read(first).rows),
            "add_s": {"best": min(added), "median": statistics.median(added)},
            "show_s": {"best": min(shown), "median": statistics.median(shown)},
            "shown_points": len(series.points),
            "duckdb": duckdb.__version__,
        }


def cut(path: Path, at_least: int = RUN_ROWS) -> Path:
    """Writes a record with whole groups of the reference run, enough for this many rows."""
    document = Record.load(REFERENCE).document
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in document["benchmarks"]:
        groups.setdefault(row["extra_info"][SECTION]["group"], []).append(row)
    chosen: dict[str, list[dict[str, Any]]] = {}
    for name, rows in groups.items():
        if sum(map(len, chosen.values())) < at_least:
            chosen[name] = rows
    section = document[SECTION]
    section["groups"] = {name: section["groups"][name] for name in chosen}
    document["benchmarks"] = [row for rows in chosen.values() for row in rows]
    path.write_text(json.dumps(document))
    return path


def fill(folder: Path, first: Path, rows: int) -> int:
    """Adds a run and noisy copies of it, until there are this many rows; returns their number."""
    run = read(first)
    Store(folder).add(run)
    (source,) = Store(folder).files()
    count = -(-rows // len(run.rows))
    columns = ", ".join(
        f'"{name}" * (1 + noise) AS "{name}"' if name in NOISY else f'"{name}"'
        for name in ROW_COLUMNS
    )
    with duckdb.connect(":memory:") as connection:
        connection.execute("SELECT setseed(?)", [SEED])
        create = "CREATE TABLE first AS SELECT * FROM read_parquet(?)"
        connection.execute(create, [str(source.path)])
        for number in range(1, count):
            moment = run.time - timedelta(days=number)
            digest = f"{number:020x}"
            made = connection.sql(
                f"SELECT '{digest}' AS run, TIMESTAMP '{moment}' AS time, commit, branch, dirty, "
                f"environment, {columns} FROM "
                f"(SELECT *, {NOISE} * (random() + random() + random() - 1.5) AS noise FROM first)"
            )
            beside = folder / ".made"
            made.write_parquet(str(beside), compression="zstd")
            beside.rename(folder / name_of(moment, digest, beside.read_bytes()))
    return count


def add_another(folder: Path, first: Path, number: int) -> float:
    """Returns the seconds that it takes to add another run."""
    document = json.loads(first.read_text())
    moment = datetime.fromisoformat(document["datetime"]) + timedelta(days=number + 1)
    document["datetime"] = moment.isoformat()
    document["commit_info"]["id"] = f"{number:040x}"
    path = first.with_name(f"another{number}.json")
    path.write_text(json.dumps(document))
    return _time_s("add", folder, path)


def _time_s(command: str, folder: Path, *arguments: str | Path) -> float:
    return study.time_s([study.CALLCOST, "history", command, "--store", folder, *arguments])


if __name__ == "__main__":
    main()
