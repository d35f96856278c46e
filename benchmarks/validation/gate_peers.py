"""Has other harnesses judge the same rows: pytest-benchmark's gate, and pyperf's comparison."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from callcost.benchmarks.validation import study
from callcost.errors import CallcostError
from callcost.paired.rows import PairedRow

LIMIT = "min:5%"
LIMIT_SHARE = 0.05
SAME, PLANTED = "same", "2%"
# Prints where an environment has the rows for pytest-benchmark.
STOCK = "import callcost.benchmarks.validation.stock as stock; print(stock.__file__)"

Rows = Mapping[str, PairedRow]
Alarms = dict[str, dict[str, Any]]
"""For SAME and PLANTED: whether the harness failed, and the rows that it finds slower."""


def pytest_benchmark(rows: Rows, base: str, head: str, folder: Path) -> Alarms:
    """Saves a run of the base, and compares with it another run of the base and one of the head."""
    before, _ = _stock(rows, base, folder / "base.json", "--benchmark-save=base")
    alarms = {}
    for label, python in ((SAME, base), (PLANTED, head)):
        fail = ("--benchmark-compare=0001", f"--benchmark-compare-fail={LIMIT}")
        after, failed = _stock(rows, python, folder / f"{label}.json", *fail)
        slower = [row for row in before if after[row] > before[row] * (1 + LIMIT_SHARE)]
        alarms[label] = {"failed": failed, "slower": slower}
    return alarms


def _stock(rows: Rows, python: str, path: Path, *options: str) -> tuple[dict[str, float], bool]:
    """Runs the rows; returns the minimum of each, and whether pytest failed."""
    folder = path.parent
    file = study.run([python, "-c", STOCK], folder).strip()
    command = [python, "-m", "pytest", *(f"{file}::test_stock[{row}]" for row in rows),
               "-q", "-p", "no:cacheprovider",
               "-c", "/dev/null", f"--rootdir={folder}", "--import-mode=importlib",
               "--benchmark-only", "--benchmark-quiet", f"--benchmark-storage={folder}",
               f"--benchmark-json={path}", *options]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if not path.exists():
        raise CallcostError(f"pytest-benchmark failed:\n{done.stdout}{done.stderr}")
    found = json.loads(path.read_text())["benchmarks"]
    return {row["param"]: row["stats"]["min"] for row in found}, done.returncode != 0


def pyperf(rows: Rows, base: str, head: str, folder: Path) -> Alarms:
    """Times each row in the base, in the base again and in the head, and compares."""
    alarms: Alarms = {label: {"failed": False, "slower": []} for label in (SAME, PLANTED)}
    for name, row in rows.items():
        first, again, planted = (
            study.pyperf_timeit(
                python, row.base.setup, row.base.call, folder / f"{name}-{number}.json"
            )
            for number, python in enumerate((base, base, head))
        )
        for label, other in ((SAME, again), (PLANTED, planted)):
            said = study.run([sys.executable, "-m", "pyperf", "compare_to", first, other], folder)
            if " slower" in said:
                alarms[label]["slower"].append(name)
                alarms[label]["failed"] = True
    return alarms


PEERS: dict[str, tuple[Callable[[Rows, str, str, Path], Alarms], int]] = {
    f"pytest-benchmark --benchmark-compare-fail={LIMIT}": (pytest_benchmark, 2),
    "pyperf compare_to": (pyperf, 20),
}
"""Each harness judges in one of this many rounds: pyperf takes many times as long."""
