"""Measures what a report takes: its size, the time to write it, and the time until it is seen.

Run as `python -m callcost.benchmarks.validation.report_size --json results/report.json`. It writes
the site of the reference run, one of about 300 rows, and one with a history of a million rows, and
opens the first in a browser; whole commands are timed, start of the interpreter included.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from callcost.benchmarks.publish.publishing import (
    CALIBRATION,
    EXPLAINED,
    EXPLAINED_LATER,
    REFERENCE,
)
from callcost.benchmarks.site.inputs import read
from callcost.benchmarks.validation import history_size
from callcost.console.files import write_atomically
from callcost.console.front import Front
from callcost.errors import CallcostError
from callcost.estimate.record import Record
from callcost.history.store import Store
from callcost.run import machine

FEW_ROWS = 300
REPEATS = 5
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# When the first chart was painted, and when it had become live; ms since the page was asked for.
SEEN_MS = """
() => new Promise((resolve) => {
  const chart = document.querySelector(".chart");
  const painted = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
  const look = () => chart.dataset.drawn && painted()
    ? resolve({ painted: painted(), live: performance.now() }) : setTimeout(look, 5);
  look();
})
"""
# The command runs in a process of its own, whose memory the system keeps count of.
MEASURED = (
    "import resource, subprocess, sys; done = subprocess.run(sys.argv[1:]); "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(done.returncode)"
)


@click.command(cls=Front)
@click.option("--json", "json_file", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--rows", default=history_size.ROWS, show_default=True, help="Rows of the history.")
def main(json_file: Path, rows: int) -> None:
    """Write three sites, open one of them, and write down what all that took."""
    with tempfile.TemporaryDirectory(prefix="callcost-") as name:
        folder = Path(name)
        watch = machine.Watch(None)
        explained = [EXPLAINED, *EXPLAINED_LATER, CALIBRATION]
        whole = time_report(folder / "whole", [REFERENCE, *explained])
        few = history_size.cut(Record.load(REFERENCE).document, folder / "few.json", FEW_ROWS)
        history = folder / "history"
        history_size.fill(
            history, history_size.cut(Record.load(REFERENCE).document, folder / "first.json"), rows
        )
        found = {
            "whole": whole | {"rows": rows_in(REFERENCE), **seen(folder / "whole")},
            "few": time_report(folder / "few", [few]) | {"rows": rows_in(few)},
            "history": time_report(folder / "long", [few, history])
            | {"rows": sum(len(one.points) for one in Store(history).each_series())},
            "state": watch.state(),
            "machine": machine.identity(),
        }
    write_atomically(json_file, json.dumps(found, indent=1) + "\n")
    click.echo(json.dumps(found, indent=1))


def rows_in(record: Path) -> int:
    """Counts the rows of a record, those of the sweep among them."""
    (run,) = read([record]).runs
    return sum(len(estimate.times.group.members) for estimate in run.estimates.values())


def time_report(output: Path, records: Iterable[Path]) -> dict[str, Any]:
    """Writes a site; returns seconds, bytes, and MiB that any one process has needed at most."""
    callcost = Path(sys.executable).with_name("callcost")
    command = [callcost, "report", *records, "--output", output]
    start_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *map(str, command)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    wall_s = time.monotonic() - start_s
    if done.returncode:
        raise CallcostError(f"the report failed:\n{done.stdout}{done.stderr}")
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    return {"wall_s": wall_s, "peak_mib": int(done.stdout.split()[-1]) / 1024, "bytes": size}


def seen(site: Path) -> dict[str, float]:
    """Opens the front page in a fresh browser several times; returns the medians in ms."""
    from playwright.sync_api import sync_playwright

    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise CallcostError("no chromium is installed: apt-get install chromium")
    found = []
    for _ in range(REPEATS):
        with sync_playwright() as playwright:
            opened = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
            page = opened.new_page()
            page.goto((site / "index.html").as_uri())
            found.append(page.evaluate(SEEN_MS))
            opened.close()
    return {
        f"{name}_ms": statistics.median(one[name] for one in found) for name in ("painted", "live")
    }


if __name__ == "__main__":
    main()
