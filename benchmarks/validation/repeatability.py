"""How far do two runs of the same thing agree? Ours, pytest-benchmark's own loop, and pyperf.

Run as `python -m callcost.benchmarks.validation.repeatability --json results/repeatability.json`.
The three take turns, twice, so that each has its two runs in the same quarter of an hour on the
same machine. Nothing here is a test: what it finds goes into docs/measuring.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import click
import numpy as np

from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.contenders import contender, group_name, supported
from callcost.console.files import write_atomically
from callcost.console.front import Front
from callcost.errors import CallcostError
from callcost.estimate.record import Record
from callcost.model.interval import Interval
from callcost.run import machine

Costs = dict[tuple[str, str], float]

BASE = "cpython_fastcall"
LIMIT = 0.02
SUITE = Path(__file__).resolve().parent
ROUNDS = 2


@click.command(cls=Front)
@click.option("--json", "json_file", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--pyperf/--no-pyperf", default=True, help="pyperf needs about 9 s a row.")
def main(json_file: Path, pyperf: bool) -> None:
    """Measure everything twice with each harness, and write down how far the two runs agree."""
    harnesses: dict[str, Callable[[Path], dict[str, Costs]]] = {
        "callcost": run_suite,
        "pytest-benchmark": run_stock,
    }
    if pyperf:
        harnesses["pyperf"] = run_pyperf
    watch = machine.Watch(None)
    runs: dict[str, list[Costs]] = {}
    wall_s: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="callcost-") as name:
        records = [Path(name, str(number)) for number in range(ROUNDS)]
        for folder in records:
            folder.mkdir()
            for harness, run in harnesses.items():
                click.echo(f"{folder.name}: {harness}", err=True)
                start_s = time.monotonic()
                for label, costs in run(folder).items():
                    runs.setdefault(label, []).append(costs)
                wall_s[harness] = time.monotonic() - start_s
        order = compare_order(*(_record(folder) for folder in records))
    rows = {label: len(first) for label, (first, _) in runs.items()}
    found = {
        "base": BASE,
        "limit": LIMIT,
        "state": watch.state(),
        "machine": machine.identity(),
        "wall_s": wall_s,
        "rows": rows,
        "harnesses": {label: compare(*pair) for label, pair in runs.items()},
        "order": order,
    }
    write_atomically(json_file, json.dumps(found, indent=1) + "\n")
    click.echo(json.dumps(found["harnesses"], indent=1))
    click.echo(json.dumps(order, indent=1))


def compare(first: Costs, second: Costs) -> dict[str, float]:
    """Compares the ratios to BASE of two runs: |ratio in one / ratio in the other - 1|."""
    shifts = []
    for group, name in first:
        if name == BASE or (group, BASE) not in first:
            continue
        before = first[group, name] / first[group, BASE]
        after = second[group, name] / second[group, BASE]
        shifts.append(abs(after / before - 1))
    return {
        "compared": len(shifts),
        "within_limit": float(np.mean(np.array(shifts) <= LIMIT)),
        "median": float(np.median(shifts)),
        "p95": float(np.quantile(shifts, 0.95)),
        "worst": float(max(shifts)),
        "swapped_pairs": swapped(first, second),
    }


def swapped(first: Costs, second: Costs) -> int:
    """Counts the pairs of a group's contenders whose order by cost is not the same in both runs."""
    return sum(
        (first[a] < first[b]) != (second[a] < second[b])
        for a, b in combinations(first, 2)
        if a[0] == b[0]
    )


def compare_order(first: Path, second: Path) -> dict[str, int]:
    """Counts the pairs that a run tells apart, and those of them that the other run turns round."""
    before, after = (Record.load(path).estimates for path in (first, second))
    apart = turned = 0
    for group, estimate in before.items():
        other = after[group]
        for a, b in combinations(range(estimate.size), 2):
            ratios = estimate.ratio(a, b), other.ratio(a, b)
            if all(_excludes_one(ratio) for ratio in ratios):
                apart += 1
                turned += (ratios[0].value > 1) != (ratios[1].value > 1)
    return {"pairs_told_apart": apart, "turned_round": turned}


def _excludes_one(ratio: Interval) -> bool:
    return ratio.low > 1 or ratio.high < 1


def run_suite(folder: Path) -> dict[str, Costs]:
    """Runs this suite whole, sweep included, and reads its ratios to BASE."""
    whole = _suite_costs(folder)
    catalogue = {group_name(workload) for workload in WORKLOADS}
    part = {key: cost for key, cost in whole.items() if key[0] in catalogue}
    return {"callcost, whole suite": whole, "callcost, same rows as below": part}


def _suite_costs(folder: Path) -> Costs:
    _run([sys.executable, "-m", "pytest", str(SUITE), "-q", "--benchmark-only",
          "--benchmark-quiet", "--callcost-results", str(folder)])  # fmt: skip
    estimates = Record.load(_record(folder)).estimates
    whole: Costs = {}
    for group, estimate in estimates.items():
        base = estimate.names.index(BASE)
        for row in range(estimate.size):
            whole[group, estimate.names[row]] = estimate.ratio(row, base).value
    return whole


def _record(folder: Path) -> Path:
    (record,) = folder.glob("*Z_*.json")
    return record


def run_stock(folder: Path) -> dict[str, Costs]:
    """Runs the catalogue through pytest-benchmark's own loop; its medians and its minima."""
    path = folder / "stock.json"
    _run([sys.executable, "-m", "pytest", str(SUITE / "peers" / "stock.py"), "-q",
          "--benchmark-only", "--benchmark-quiet", f"--benchmark-json={path}"])  # fmt: skip
    document = json.loads(path.read_text())
    return {
        f"benchmark(f, ...), {statistic}": dict(_stock_costs(document, statistic))
        for statistic in ("median", "min")
    }


def _stock_costs(
    document: dict[str, Any], statistic: str
) -> Iterator[tuple[tuple[str, str], float]]:
    for benchmark in document["benchmarks"]:
        workload, _, mechanism = benchmark["param"].rpartition("-")
        yield (workload, mechanism), benchmark["stats"][statistic]


def run_pyperf(folder: Path) -> dict[str, Costs]:
    """Runs the catalogue through `pyperf timeit`, a row at a time; its means."""
    import pyperf

    costs: Costs = {}
    for workload, mechanism in supported(WORKLOADS):
        path = folder / f"{workload.name}-{mechanism.name}.pyperf.json"
        made = contender(mechanism, workload)
        _run([sys.executable, "-m", "pyperf", "timeit", "--fast", "--duplicate", "100", "--quiet",
              "-s", made.setup, made.call, "-o", str(path)])  # fmt: skip
        costs[workload.name, mechanism.name] = pyperf.Benchmark.load(str(path)).mean()
    return {"pyperf timeit --fast --duplicate 100": costs}


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CallcostError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
