"""What several tests share: records and run files made without measuring."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from callcost.estimate.estimate import GroupEstimate, estimate_run
from callcost.estimate.facts import contender_facts, run_facts
from callcost.model.contender import Contender
from callcost.model.group import Environment, Group, controls_for
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
    run.state = dict(STATE)
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


# Every field, so that the fuzzer tries each.
STATE = {
    "load_1min": 0.1, "steal_percent": 0.0, "cpu_quota_cpus": 1.5, "cpu_quota_unknown": None,
    "throttled": 3, "throttled_ms": 2.5, "cpus_allowed": 2, "governor": "performance",
    "aslr": "2", "ld_preload": False,
}  # fmt: skip

PGO = {"pgo": True, "lto": True, "jit": False, "gil": True, "debug": False}
# By name: implementation, version, ABI flags, the start of sys.version, the build.
INTERPRETERS: dict[str, tuple[str, str, str, str, Document]] = {
    "3.13": ("cpython", "3.13.1", "", "3.13.1 (main, Dec 3 2024) [GCC 14]", PGO),
    "3.14t": ("cpython", "3.14.0", "t", "3.14.0 free-threading build", {**PGO, "gil": False}),
    "3.15": ("cpython", "3.15.0", "", "3.15.0rc2 (main, Sep 1 2026) [GCC 14]", {}),
    "pypy3.11": ("pypy", "3.11.13", "", "3.11.13 (413c9b7f57f5) [PyPy 7.3.20]", {"gil": True}),
}
MATRIX_NS: dict[str, dict[str, float]] = {
    "python_reference": {"3.13": 30.0, "3.14t": 33.0, "3.15": 27.0, "pypy3.11": 2.0},
    "cpython_fastcall": {"3.13": 20.0, "3.14t": 24.0, "3.15": 20.0},
    "ctypes_cdll": {"3.13": 200.0, "3.14t": 260.0, "3.15": 220.0, "pypy3.11": 300.0},
    "cffi_api": {"3.14t": 50.0, "pypy3.11": 10.0},
}
"""Net ns of each call by mechanism and interpreter: the first lacks cffi_api."""


def matrix_record(
    workloads: Iterable[str] = ("get_pi", "fibonacci"), *, twin: str = ""
) -> Document:
    """Makes a record of several interpreters; `twin` names one whose controls failed."""
    run = Run(Settings(processes=PROCESSES), cpu=1, seed=1, hash_seeds=[1, 2], wall_s=1.5)
    facts = {place: _worker_facts(place) for place in INTERPRETERS}
    for number, (workload, place) in enumerate(product(workloads, INTERPRETERS)):
        costs_ns = {name: costs[place] for name, costs in MATRIX_NS.items() if place in costs}
        environment = Environment(place, "", facts[place])
        own = [Contender(name, "", f"{workload}()", "3") for name in costs_ns]
        group = Group(f"{workload} @ {place}", tuple(own), environment=environment)
        times = times_of(group, costs_ns, number)
        for epochs in times.processes if place == twin else ():
            epochs[len(own) + 1] = epochs[len(own) + 1] * 1.2
        run.groups[group.name] = times
    run.state = dict(STATE)
    estimates = estimate_run(run)
    rows = [_row(e, place, name) for name, e in estimates.items() for place in range(e.size)]
    about = {place: _about(place) for place in INTERPRETERS}
    counted = {
        "fibonacci @ 3.13": {"ctypes_cdll": 2000.0},
        "fibonacci @ 3.14t": {"ctypes_cdll": 2600.0},
    }
    environment_facts = {
        "interpreters": about,
        "instructions": counted,
        "marks": {"ctypes_cdll": {"fibonacci": "†"}},
    }
    section = run_facts(run, estimates, environment_facts)
    document = {**pytest_run([]), "benchmarks": rows, "callcost": section}
    document["machine_info"] = {**MACHINE, "callcost": OWN_MACHINE}
    return copied(document)


def with_legacy(document: Document) -> Document:
    """Renames a mechanism of a record to one whose tool is a thing of the past."""
    renamed: Document = json.loads(json.dumps(document).replace("cffi_api", "hpy_universal"))
    return renamed


def _worker_facts(place: str) -> dict[str, str]:
    implementation, version, flags, build, _ = INTERPRETERS[place]
    own = "7.3.20" if implementation == "pypy" else version
    return {
        "implementation": implementation, "cache_tag": "", "python_version": version,
        "implementation_version": own, "abi_flags": flags, "build": build,
    }  # fmt: skip


def _about(place: str) -> Document:
    """Says what was built in an interpreter; only the last tool differs between them."""
    there = [name for name, costs in MATRIX_NS.items() if place in costs]
    released = "yes" if place == "3.14t" else "not seen"
    return {
        "interpreter": INTERPRETERS[place][4],
        "compiler": "gcc 14.2.0", "compile_command": "gcc -O2",
        "tools": {"cffi": "2.1.1", "Cython": "3.3.1" if place == "3.13" else "3.4.0"},
        "versions": {"numpy": "2.4.6"},
        "flags": {"callcost.bindings.cpython_fastcall._fastcall": ["-O2"]},
        "last_flags": {"callcost.bindings.cpython_fastcall._fastcall": {"text.c": ["-O3"]}},
        "missing": {name: "no compiler" for name in MATRIX_NS if name not in there},
        "facts": {name: {"releases_gil": released, "checks_type": "yes"} for name in there},
        "depends": {},
    }  # fmt: skip


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
