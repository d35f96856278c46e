"""What others say of the same rows: pytest-benchmark's gate, and pyperf's comparison."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from callcost.paired.rows import PairedRow

LIMIT = "min:5%"
LIMIT_SHARE = 0.05
SAME, PLANTED = "same", "2%"
# Where each harness says, in an environment, what its rows are.
STOCK = "import callcost.benchmarks.validation.stock as stock; print(stock.__file__)"

Alarms = dict[str, Any]


class Peer(Protocol):
    """Another harness, with its own way to say that something became slower."""

    name: str

    def judge(
        self, rows: Mapping[str, PairedRow], pythons: Mapping[str, str], folder: Path
    ) -> dict[str, Alarms]:
        """Says what it takes for slower in the same revision, and in the planted one."""
        ...


class PytestBenchmark:
    """`--benchmark-compare-fail=min:5%`: benchmark(f, ...) against a saved run."""

    name = f"pytest-benchmark --benchmark-compare-fail={LIMIT}"

    def judge(
        self, rows: Mapping[str, PairedRow], pythons: Mapping[str, str], folder: Path
    ) -> dict[str, Alarms]:
        """Has the base run and saved, then the base again and the head compared with it."""
        self._run(rows, pythons["base"], folder, "base", "--benchmark-save=base")
        fail = ("--benchmark-compare=0001", f"--benchmark-compare-fail={LIMIT}")
        return {
            SAME: self._verdict(self._run(rows, pythons["base"], folder, "same", *fail), folder),
            PLANTED: self._verdict(self._run(rows, pythons["head"], folder, "head", *fail), folder),
        }

    def _run(
        self, rows: Mapping[str, PairedRow], python: str, folder: Path, name: str, *options: str
    ) -> Path:
        file = _output([python, "-c", STOCK], folder).strip()
        ids = [f"{file}::test_stock[{row}]" for row in rows]
        path = folder / f"{name}.json"
        command = [python, "-m", "pytest", *ids, "-q", "-p", "no:cacheprovider",
                   "-c", "/dev/null", f"--rootdir={folder}", "--import-mode=importlib",
                   "--benchmark-only", "--benchmark-quiet", f"--benchmark-storage={folder}",
                   f"--benchmark-json={path}", *options]  # fmt: skip
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if not path.exists():
            raise RuntimeError(f"pytest-benchmark failed:\n{done.stdout}{done.stderr}")
        path.with_suffix(".exit").write_text(str(done.returncode))
        return path

    def _verdict(self, path: Path, folder: Path) -> Alarms:
        """Reads the exit code, and counts the rows that the gate fails for."""
        before, after = _minima(folder / "base.json"), _minima(path)
        slower = [row for row in before if after[row] > before[row] * (1 + LIMIT_SHARE)]
        return {"failed": path.with_suffix(".exit").read_text() != "0", "slower": slower}


def _minima(path: Path) -> dict[str, float]:
    document = json.loads(path.read_text())
    return {row["param"]: row["stats"]["min"] for row in document["benchmarks"]}


class Pyperf:
    """`pyperf compare_to` of two `pyperf timeit --fast`."""

    name = "pyperf compare_to"

    def judge(
        self, rows: Mapping[str, PairedRow], pythons: Mapping[str, str], folder: Path
    ) -> dict[str, Alarms]:
        """Has each row timed in the base, in the base again and in the head, and compares."""
        alarms: dict[str, Alarms] = {
            label: {"failed": False, "slower": []} for label in (SAME, PLANTED)
        }
        for name, row in rows.items():
            base, again = (self._time(row, pythons["base"], folder, f"{name}-{i}") for i in "12")
            head = self._time(row, pythons["head"], folder, f"{name}-head")
            for label, other in ((SAME, again), (PLANTED, head)):
                said = _output(
                    [sys.executable, "-m", "pyperf", "compare_to", str(base), str(other)], folder
                )
                if " slower" in said:
                    alarms[label]["slower"].append(name)
                    alarms[label]["failed"] = True
        return alarms

    def _time(self, row: PairedRow, python: str, folder: Path, name: str) -> Path:
        path = folder / f"{name}.json"
        command = [python, "-m", "pyperf", "timeit", "--fast", "--duplicate", "100", "--quiet",
                   "-s", row.base.setup, row.base.call, "-o", str(path)]  # fmt: skip
        _output(command, folder)
        return path


def _output(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
