"""Measures a report: its size, the time to write it, and the time until a reader sees it.

Run as `python -m callcost.benchmarks.validation.report_size --json results/report.json`. It writes
the site of the reference run, one of about 300 rows, and one with a history of a million rows, and
opens the first in a browser. Times are those of whole commands, with the start of the interpreter.
"""

from __future__ import annotations

import shutil
import statistics
import sys
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
from callcost.benchmarks.validation import history_size, study
from callcost.console.front import Front
from callcost.errors import CallcostError
from callcost.estimate.record import Record
from callcost.history.store import Store

FEW_ROWS = 300
REPEATS = 5
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# When the first chart was painted, and when it became live, in ms since the start of loading.
SEEN_MS = """
() => new Promise((resolve) => {
  const chart = document.querySelector(".chart");
  const painted = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
  const look = () => chart.dataset.drawn && painted()
    ? resolve({ painted: painted(), live: performance.now() }) : setTimeout(look, 5);
  look();
})
"""
# The system records the peak memory of the command, which is the only child of this process.
MEASURED = (
    "import resource, subprocess, sys; done = subprocess.run(sys.argv[1:]); "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(done.returncode)"
)


@click.command(cls=Front)
@study.json_option
@click.option("--rows", default=history_size.ROWS, show_default=True, help="Rows of the history.")
def main(json_file: Path, rows: int) -> None:
    """Write three sites, open one of them, and record how long that takes."""
    with study.recording(json_file) as (place, found):
        explained = [EXPLAINED, *EXPLAINED_LATER, CALIBRATION]
        found["whole"] = time_report(place / "whole", [REFERENCE, *explained])
        found["whole"] |= {"rows": rows_in(REFERENCE), **seen(place / "whole")}
        few = history_size.cut(place / "few.json", FEW_ROWS)
        found["few"] = time_report(place / "few", [few]) | {"rows": rows_in(few)}
        history = place / "history"
        history_size.fill(history, history_size.cut(place / "first.json"), rows)
        found["history"] = time_report(place / "long", [few, history])
        found["history"]["rows"] = sum(len(one.points) for one in Store(history).each_series())


def rows_in(record: Path) -> int:
    """Counts the rows of a record, including those of the sweep."""
    groups = Record.load(record).run.finished().values()
    return sum(len(times.group.members) for times in groups)


def time_report(output: Path, records: Iterable[Path]) -> dict[str, Any]:
    """Writes a site; returns seconds, bytes, and the peak memory of its largest process in MiB."""
    command: list[str | Path] = [sys.executable, "-c", MEASURED, study.CALLCOST, "report", *records]
    start_s = time.monotonic()
    said = study.run([*command, "--output", output])
    wall_s = time.monotonic() - start_s
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    return {"wall_s": wall_s, "peak_mib": int(said.split()[-1]) / 1024, "bytes": size}


def seen(site: Path) -> dict[str, float]:
    """Opens the front page in several fresh browsers; returns the median times in ms."""
    from playwright.sync_api import sync_playwright

    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise CallcostError("Cannot find chromium. Install it: apt-get install chromium")
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
