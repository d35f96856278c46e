"""What several tests share: records and run files made without measuring."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from callcost.estimate.estimate import GroupEstimate, estimate_run
from callcost.estimate.facts import contender_facts, run_facts
from callcost.model.contender import Contender
from callcost.model.group import Group, controls_for
from callcost.model.plan import Plan, Settings
from callcost.model.run import GroupTimes, Run

Document = dict[str, Any]
PROCESSES, PASSES = 10, 12
MACHINE = {
    "node": "here", "machine": "x86_64", "system": "Linux", "release": "6",
    "python_implementation": "CPython", "python_version": "3.12.1", "python_compiler": "GCC",
    "cpu": {"brand_raw": "A CPU", "count": 4},
}  # fmt: skip
OWN_MACHINE = {
    "machine_digest": "0123456789abcdef",
    "cpu_count": 4,
    "memory_gib": 8,
    "interpreter": {"implementation": "cpython", "cache_tag": "cpython-312", "gil": True},
}
COMMIT = {"id": "c" * 40, "dirty": False, "branch": "main", "time": "2026-11-01T00:00:00+00:00"}
ENVIRONMENT = {
    "compiler": "gcc 12.2.0", "tools": {"cffi": "2.1.1"}, "facts": {"one": {"releases_gil": "yes"}},
    "marks": {"one": {"work": "*"}}, "missing": {"three": "no compiler"}, "depends": {"one": []},
}  # fmt: skip


def times_of(group: Group, costs_ns: dict[str, float], seed: int = 1) -> GroupTimes:
    """Makes up epochs around a cost for each contender of a group, with a noise of 0.2%."""
    controls = controls_for(group, 0)
    own = [costs_ns[contender.name] for contender in group.contenders]
    floors = [costs_ns[contender.name] for contender in group.floors]
    # The empty loop, the twin of the first, a yardstick; then floors and their empty loops.
    calls = np.array([1000] * (len(own) + 2) + [2000] + [320] * 2 * len(floors))
    gross = [*(2 + cost for cost in own), 2, 2 + own[0], 12, *(1 + cost for cost in floors)]
    gross += [1.0] * len(floors)
    epochs_ns = np.array(gross)[:, None] * calls[:, None] * np.ones(PASSES)
    noise = np.random.default_rng(seed)
    processes = [
        np.rint(epochs_ns * noise.normal(1, 0.002, epochs_ns.shape)).astype(np.int64)
        for _ in range(PROCESSES)
    ]
    return GroupTimes(group, controls, Plan(100, 10, 1, PASSES), processes)


def record(seed: int = 1, factor: float = 1.0, floor: bool = True) -> Document:
    """Makes a record of two groups; `factor` makes the call `two` of `work` slower."""
    program = Contender("floor", "", "f(n)", "3", own_loops=10, program=(sys.executable, "-c", ""))
    groups = {
        "work": ({"one": 10.0, "two": 15.0 * factor, "floor": 4.0}, (program,) if floor else ()),
        "other": ({"one": 20.0, "two": 30.0}, ()),
    }
    run = Run(Settings(processes=PROCESSES), cpu=1, seed=seed, hash_seeds=[1, 2], wall_s=1.5)
    for number, (name, (costs_ns, floors)) in enumerate(groups.items()):
        own = [Contender(n, "n = 3", f"f_{n}(n)", "3") for n in ("one", "two")]
        group = Group(name, tuple(own), floors=floors)
        run.groups[name] = times_of(group, costs_ns, seed + number)
    run.state = {"load_1min": 0.1}
    estimates = estimate_run(run)
    rows = []
    for name, estimate in estimates.items():
        for place in (*range(estimate.size), *estimate.floors):
            rows.append(_row(estimate, place, name))
    document = {
        **pytest_run([]),
        "benchmarks": rows,
        "callcost": run_facts(run, estimates, ENVIRONMENT),
    }
    document["machine_info"] = {**MACHINE, "callcost": OWN_MACHINE}
    return copied(document)


def _row(estimate: GroupEstimate, place: int, group: str) -> Document:
    facts = contender_facts(estimate, place, estimate.ranks())
    made = benchmark(f"test_{group}[{facts['name']}]", facts["gross_ns"][0] * 1e-9, group)
    return {**made, "param": facts["name"], "extra_info": {"callcost": facts}}


def benchmark(name: str, median_s: float, group: str | None = None) -> Document:
    """Makes one row of a file of pytest-benchmark."""
    return {
        "group": group, "name": name, "fullname": f"bench.py::{name}", "param": None,
        "params": None, "extra_info": {},
        "stats": {"median": median_s, "mean": median_s * 1.01, "stddev": 0.0, "rounds": 5},
    }  # fmt: skip


def pytest_run(
    rows: list[Document], moment: str = "2026-11-01T00:00:00", commit: int = 0
) -> Document:
    """Makes a file of pytest-benchmark's own loop."""
    return {
        "machine_info": MACHINE,
        "commit_info": {**COMMIT, "id": f"{commit:040x}"},
        "benchmarks": rows,
        "datetime": moment,
        "version": "5.1.0",
    }


def calibration() -> Document:
    """Makes what `callcost calibrate --json` writes."""
    point = {"injected_ns": 20.0, "measured": {"value": 19.0, "low": 18.0, "high": 20.0}}
    return {
        "slope": 1.0, "slope_interval": [0.99, 1.01], "intercept_ns": -1.0,
        "intercept_ns_interval": [-2.0, 0.0], "aa_p95": 0.001,
        "points": [{**point, "fitted": True}],
    }  # fmt: skip


def copied(document: Document) -> Document:
    """Returns a document as it is read from a file."""
    read: Document = json.loads(json.dumps(document))
    return read


def written(path: Path, document: Any) -> Path:
    """Writes a document as JSON, NaN and all, and returns its path."""
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
