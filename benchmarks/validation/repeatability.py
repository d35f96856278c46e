"""How far do two runs of the same thing agree? callcost, pytest-benchmark's own loop, and pyperf.

Run as `python -m callcost.benchmarks.validation.repeatability --json results/repeatability.json`.
The three take turns, twice, so that each has both runs at the same time on the same machine.
The results are part of docs/measuring.md.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import click
import numpy as np

from callcost import benchmarks
from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.contenders import contender, group_name, supported
from callcost.benchmarks.validation import stock, study
from callcost.console.front import Front
from callcost.estimate.record import Record
from callcost.model.interval import Interval

Costs = dict[tuple[str, str], float]

BASE = "cpython_fastcall"
LIMIT = 0.02
ROUNDS = 2


@click.command(cls=Front)
@study.json_option
@click.option("--pyperf/--no-pyperf", default=True, help="pyperf needs about 9 s a row.")
def main(json_file: Path, pyperf: bool) -> None:
    """Measure everything twice with each harness, and record how far the two runs agree."""
    harnesses: dict[str, Callable[[Path], dict[str, Costs]]] = {
        "callcost": run_suite,
        "pytest-benchmark": run_stock,
    }
    if pyperf:
        harnesses["pyperf"] = run_pyperf
    runs: dict[str, list[Costs]] = {}
    wall_s: dict[str, float] = {}
    with study.recording(json_file) as (place, found):
        folders = [place / str(number) for number in range(ROUNDS)]
        for folder in folders:
            folder.mkdir()
            for harness, run in harnesses.items():
                click.echo(f"{folder.name}: {harness}", err=True)
                start_s = time.monotonic()
                for label, costs in run(folder).items():
                    runs.setdefault(label, []).append(costs)
                wall_s[harness] = time.monotonic() - start_s
        found |= {
            "base": BASE,
            "limit": LIMIT,
            "wall_s": wall_s,
            "rows": {label: len(first) for label, (first, _) in runs.items()},
            "harnesses": {label: compare(*pair) for label, pair in runs.items()},
            "order": compare_order(*map(_record, folders)),
        }


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
    """Counts the pairs of contenders of a group whose order by cost differs between the runs."""
    return sum(
        (first[a] < first[b]) != (second[a] < second[b])
        for a, b in combinations(first, 2)
        if a[0] == b[0]
    )


def compare_order(first: Record, second: Record) -> dict[str, int]:
    """Counts the pairs that both runs tell apart, and those whose order then differs."""
    apart = turned = 0
    for group, estimate in first.estimates.items():
        other = second.estimates[group]
        for a, b in combinations(range(estimate.size), 2):
            ratios = estimate.ratio(a, b), other.ratio(a, b)
            if all(_excludes_one(ratio) for ratio in ratios):
                apart += 1
                turned += (ratios[0].value > 1) != (ratios[1].value > 1)
    return {"pairs_told_apart": apart, "turned_round": turned}


def _excludes_one(ratio: Interval) -> bool:
    return ratio.low > 1 or ratio.high < 1


def run_suite(folder: Path) -> dict[str, Costs]:
    """Runs this whole suite, sweep included, and reads its ratios to BASE."""
    study.run([sys.executable, "-m", "pytest", benchmarks.__path__[0], "-q", "--benchmark-only",
               "--benchmark-quiet", "--callcost-results", folder])  # fmt: skip
    whole = {
        (group, name): estimate.ratio(row, estimate.names.index(BASE)).value
        for group, estimate in _record(folder).estimates.items()
        for row, name in enumerate(estimate.names[: estimate.size])
    }
    catalogue = {group_name(workload) for workload in WORKLOADS}
    part = {key: cost for key, cost in whole.items() if key[0] in catalogue}
    return {"callcost, whole suite": whole, "callcost, same rows as below": part}


def _record(folder: Path) -> Record:
    (path,) = folder.glob("*Z_*.json")
    return Record.load(path)


def run_stock(folder: Path) -> dict[str, Costs]:
    """Runs the catalogue through pytest-benchmark's own loop; its medians and its minima."""
    path = folder / "stock.json"
    study.run([sys.executable, "-m", "pytest", stock.__file__, "-q", "--benchmark-only",
               "--benchmark-quiet", f"--benchmark-json={path}"])  # fmt: skip
    rows = json.loads(path.read_text())["benchmarks"]
    names = [tuple(row["param"].rsplit("-", 1)) for row in rows]
    return {
        f"benchmark(f, ...), {statistic}": {
            (workload, mechanism): row["stats"][statistic]
            for (workload, mechanism), row in zip(names, rows, strict=True)
        }
        for statistic in ("median", "min")
    }


def run_pyperf(folder: Path) -> dict[str, Costs]:
    """Runs the catalogue through `pyperf timeit`, a row at a time; its means."""
    import pyperf

    costs: Costs = {}
    for workload, mechanism in supported(WORKLOADS):
        path = folder / f"{workload.name}-{mechanism.name}.pyperf.json"
        made = contender(mechanism, workload)
        study.pyperf_timeit(sys.executable, made.setup, made.call, path)
        costs[workload.name, mechanism.name] = pyperf.Benchmark.load(str(path)).mean()
    return {"pyperf timeit --fast --duplicate 100": costs}


if __name__ == "__main__":
    main()
