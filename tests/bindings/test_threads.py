"""Without a GIL, threads share a mechanism's objects without losing or mixing anything."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from checkout import SUPPORT
from needs import needs_compiler

import callcost
from callcost import bindings, native
from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.contenders import setup_source
from callcost.bindings.registry import FOLDER, Mechanism, mechanisms

HAMMER = SUPPORT / "hammer.py"
LIMIT_S = 120
# The suite is not installed there: the packages that mechanisms import, by their names.
PACKAGES = {
    "callcost": str(Path(callcost.__path__[0], "__init__.py")),
    native.__name__: str(native.FOLDER / "__init__.py"),
    bindings.__name__: str(FOLDER / "__init__.py"),
}
# It counts: no two calls return the same value.
COUNTING = "tally_increment"
FACTS = """
import json, sysconfig
print(json.dumps([sysconfig.get_config_var("SOABI"), sysconfig.get_config_var("Py_GIL_DISABLED")]))
"""


def free_threaded_interpreters() -> list[str]:
    """Lists the interpreters without a GIL: the running one and those on PATH."""
    running = [sys.executable] if sysconfig.get_config_var("Py_GIL_DISABLED") else []
    commands = (shutil.which(f"python3.{minor}t") for minor in range(13, 20))
    return [*running, *(command for command in commands if command is not None)]


INTERPRETERS = free_threaded_interpreters()
CELLS = [
    pytest.param(python, mechanism, id=f"{Path(python).name}-{mechanism.name}")
    for python in INTERPRETERS
    for mechanism in mechanisms()
] or [pytest.param("", None, marks=pytest.mark.skip("no python3.13t or later is on PATH"))]


@cache
def missing_in(python: str) -> dict[str, str] | None:
    """Returns what the build for an interpreter left out; None if there is no such build."""
    done = subprocess.run([python, "-c", FACTS], capture_output=True, text=True, check=True)
    abi_tag, is_free_threaded = json.loads(done.stdout)
    assert is_free_threaded, f"{python} has a GIL"
    manifest = FOLDER / f"built.{abi_tag}.json"
    if not manifest.exists():
        return None
    missing: dict[str, str] = json.loads(manifest.read_text(encoding="utf-8"))["missing"]
    return missing


def why_not(python: str, mechanism: Mechanism) -> str:
    """Returns why an interpreter cannot call a mechanism, or "" if it can."""
    if not mechanism.compiled:
        return ""
    missing = missing_in(python)
    if missing is None:
        return f"nothing was built for {Path(python).name}: {python} -m pip install -e ."
    return missing.get(mechanism.module, "")


# The core's function, which also waits for another thread between reading the count and storing
# it. So two threads without a lock meet on any machine.
PATIENT = """
#include <sched.h>

struct tally { int count; };
static _Atomic int inside;

int tally_increment(struct tally *self)
{
    int count = self->count >= 99 ? 0 : self->count + 1;
    inside++;
    for (int i = 0; i < 200 && inside < 2; i++) {
        sched_yield();
    }
    self->count = count;
    inside--;
    return count;
}
"""


@pytest.fixture(scope="module")
def patient_core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiles a library that replaces the core's function when preloaded."""
    folder = tmp_path_factory.mktemp("patient")
    source = folder / "patient.c"
    source.write_text(PATIENT)
    library = folder / "patient.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


def hammer(python: str, job: dict[str, Any], preload: Path | None = None) -> dict[str, Any]:
    environment = {**os.environ, "LD_PRELOAD": str(preload)} if preload else None
    done = subprocess.run(
        [python, "-P", str(HAMMER), json.dumps(job)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    last = (done.stderr.strip().splitlines() or [""])[-1]
    if last.startswith("ModuleNotFoundError") and "callcost" not in last:
        pytest.skip(f"{Path(python).name}: {last}")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@needs_compiler
@pytest.mark.parametrize(("python", "mechanism"), CELLS)
def test_threads_share_what_a_mechanism_makes(
    python: str, mechanism: Mechanism, patient_core: Path
) -> None:
    if reason := why_not(python, mechanism):
        pytest.skip(f"not built: {reason}")
    workloads = [
        {"name": w.name, "setup": setup_source(mechanism, w), "call": w.call, "view": w.view}
        for w in WORKLOADS
        if mechanism.offers(w.function) and w.name != COUNTING
    ]
    found = hammer(
        python,
        {
            "files": PACKAGES,
            "module": mechanism.module,
            "workloads": workloads,
            "tally": mechanism.offers("Tally") and "Tally" not in mechanism.one_thread,
            "anyway": False,
        },
        preload=patient_core,
    )
    if found["gil"]:
        pytest.skip("importing it brings the GIL back")
    assert found["faults"] == []


# A count without a lock, and a call that returns what another thread left behind. The barriers
# bring all threads between the two steps at the same time.
PLANTED = """
import threading

THREADS = 4
counting, storing = threading.Barrier(THREADS), threading.Barrier(THREADS)
here = threading.local()

class Tally:
    def __init__(self, start):
        self.count = start

    def increment(self):
        count = self.count
        if not hasattr(here, "counted"):
            here.counted = True
            counting.wait()
        self.count = 0 if count >= 99 else count + 1
        return self.count

last = 0

def own(number):
    global last
    last = number
    if threading.current_thread() is not threading.main_thread():
        storing.wait()
    return last == number
"""


def test_lost_and_mixed_values_are_noticed(tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text(PLANTED)
    setup = "import threading\nfrom planted import own"
    job = {
        "files": {"planted": str(planted)},
        "module": "planted",
        "workloads": [
            {"name": "own", "setup": setup, "call": "own(threading.get_ident())", "view": None}
        ],
        "tally": True,
        "anyway": True,
    }
    faults = hammer(sys.executable, job)["faults"]
    assert {fault.partition(":")[0] for fault in faults} == {"own", "Tally.increment"}


@pytest.mark.parametrize("mechanism", mechanisms(), ids=lambda mechanism: mechanism.name)
def test_a_class_for_one_thread_exists_and_has_a_reason(mechanism: Mechanism) -> None:
    assert all(map(mechanism.offers, mechanism.one_thread))
    assert all(mechanism.one_thread.values())
