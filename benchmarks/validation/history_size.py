"""Times the commands of a history that holds a million rows.

Run as `python -m callcost.benchmarks.validation.history_size --json results/history.json`. It adds
a real record, cut to about 500 rows, makes further runs of it whose costs vary as noise does, and
then times whole commands, start of the interpreter included.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import duckdb

from callcost.console.files import write_atomically
from callcost.console.front import Front
from callcost.errors import CallcostError
from callcost.estimate.record import SECTION, Record
from callcost.history.files import name_of
from callcost.history.rows import ROW_COLUMNS
from callcost.history.runs import read
from callcost.history.store import Store
from callcost.run import machine

RECORD = Path(__file__).resolve().parents[2] / "results" / "reference.json.xz"
ROWS = 1_000_000
RUN_ROWS = 500
REPEATS = 9
SEED = 0.4
# The spread of one row's ratio from run to run, as in results/repeatability.json.
NOISE = 0.004
NOISY = ("median_ns", "mean_ns", "cost_ns", "cost_low_ns", "cost_high_ns", "ratio")


@click.command(cls=Front)
@click.option("--json", "json_file", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--rows", default=ROWS, show_default=True, help="Rows that the history shall have.")
def main(json_file: Path, rows: int) -> None:
    """Fill a history, and write down how long adding to it and showing a series take."""
    with tempfile.TemporaryDirectory(prefix="callcost-") as name:
        folder = Path(name, "history")
        first = cut(Record.load(RECORD).document, Path(name, "first.json"))
        runs = fill(folder, first, rows)
        watch = machine.Watch(None)
        added = [add_another(folder, first, number) for number in range(REPEATS)]
        series = Store(folder).series(contenders=[read(first).rows[0].contender])[0]
        asked = ("--workload", series.group, "--mechanism", series.contender)
        shown = [time_command("show", "--store", str(folder), *asked) for _ in range(REPEATS)]
        found = {
            "rows": sum(len(one.points) for one in Store(folder).series()),
            "runs": runs + REPEATS,
            "bytes": sum(path.stat().st_size for path in folder.iterdir()),
            "run_rows": len(read(first).rows),
            "add_s": {"best": min(added), "median": statistics.median(added)},
            "show_s": {"best": min(shown), "median": statistics.median(shown)},
            "shown_points": len(series.points),
            "state": watch.state(),
            "machine": machine.identity(),
            "duckdb": duckdb.__version__,
        }
    write_atomically(json_file, json.dumps(found, indent=1) + "\n")
    click.echo(json.dumps(found, indent=1))


def cut(document: dict[str, Any], path: Path, at_least: int = RUN_ROWS) -> Path:
    """Writes a record that has whole groups of another, as many as make so many rows."""
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
    """Adds a run, and beside it files of its like until there are so many rows; counts the runs."""
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
    """Times the adding of a run that the history does not have, in seconds."""
    document = json.loads(first.read_text())
    moment = datetime.fromisoformat(document["datetime"]) + timedelta(days=number + 1)
    document["datetime"] = moment.isoformat()
    document["commit_info"]["id"] = f"{number:040x}"
    path = first.with_name(f"another{number}.json")
    path.write_text(json.dumps(document))
    return time_command("add", "--store", str(folder), str(path))


def time_command(*arguments: str) -> float:
    """Runs a command of the history and returns the seconds that it took."""
    command = [str(Path(sys.executable).with_name("callcost")), "history", *arguments]
    start_s = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall_s = time.monotonic() - start_s
    if done.returncode:
        raise CallcostError(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return wall_s


if __name__ == "__main__":
    main()
