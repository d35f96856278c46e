"""Which instructions does the stable ABI add? Both forms of each call, function by function.

Run as `python -m callcost.benchmarks.validation.stable_abi 3.15 3.15t --json
results/stable_abi.json`. Interpreters are named and found as by `callcost matrix`.
"""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from callcost.benchmarks import environments
from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.contenders import describe
from callcost.benchmarks.environments import Place
from callcost.benchmarks.stable_abi.prices import SIGNATURES, native_forms, stable_abi
from callcost.benchmarks.validation import study
from callcost.bindings.registry import Mechanism, mechanisms
from callcost.console.front import Front
from callcost.explain.parts import function_name, object_name
from callcost.instructions import callgrind
from callcost.model.contender import Contender
from callcost.model.instructions import Count, Spent

OWN_CODE = "own code"
# Functions with a smaller difference are not recorded.
LEAST = 1.0

TARGET = "Py_TARGET_ABI3T=0x030F0000"
ONE_FUNCTION = "def add_one(int n, /):\n    return n + 1\n"
INCLUDE = "import sysconfig; print(sysconfig.get_path('include'))"

Cell = tuple[str, str]


@click.command(cls=Front)
@click.argument("pythons", metavar="PYTHON...", nargs=-1, required=True)
@study.json_option
def main(pythons: tuple[str, ...], json_file: Path) -> None:
    """Count both forms of each call in each interpreter, and record the difference."""
    with study.recording(json_file) as (_, record):
        places = environments.make(pythons, lambda line: click.echo(line, err=True), layouts=0)
        record["pythons"] = {
            place.environment.name: place.environment.facts["build"] for place in places
        }
        record["cython"] = cython_error(places[-1].environment.python)
        record["rows"] = [row for place in places for row in _rows(place)]


def cython_error(python: str) -> dict[str, str]:
    """Compiles one function of Cython for abi3t, and returns the compiler's first error, if any."""
    include = study.run([python, "-c", INCLUDE]).strip()
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "one.pyx"), Path(folder, "one.c")
        source.write_text(ONE_FUNCTION, encoding="utf-8")
        study.run([sys.executable, "-m", "cython", "-3", source, "-o", target])
        command = ["cc", "-fsyntax-only", f"-D{TARGET}", f"-I{include}", str(target)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    errors = [line for line in done.stderr.splitlines() if " error: " in line]
    said = errors[0].rpartition(" error: ")[2] if errors else ""
    return {"version": importlib.metadata.version("Cython"), "macro": TARGET, "error": said}


def _rows(place: Place) -> Iterator[dict[str, Any]]:
    known = {each.name: each for each in mechanisms() if place.missing(each) is None}
    forms = [
        (known[stable], known[native])
        for stable, native in native_forms().items()
        if stable in known and native in known
    ]
    cells = dict(_cells(place, {each.name: each for pair in forms for each in pair}))
    counts = callgrind.count(
        place.environment.python,
        cells,
        jobs=len(os.sched_getaffinity(0)),
        profiles=True,
        apart=lambda cell: cell[1],
    )
    for stable, native in forms:
        for workload in SIGNATURES:
            after, before = counts[workload, stable.name], counts[workload, native.name]
            if not (isinstance(after, Count) and isinstance(before, Count)):
                click.echo(f"{workload} through {stable.name}: {after}; {before}", err=True)
                continue
            yield {
                "place": place.environment.name,
                "abi": stable_abi(cells[workload, stable.name]),
                "stable": stable.name,
                "native": native.name,
                "workload": workload,
                "instructions": [before.instructions, after.instructions],
                "functions": differences(before.spent, after.spent),
            }


def _cells(place: Place, known: Mapping[str, Mechanism]) -> Iterator[tuple[Cell, Contender]]:
    for workload in WORKLOADS:
        if workload.name in SIGNATURES:
            for name, mechanism in known.items():
                files = place.build.files(mechanism)
                yield (workload.name, name), describe(mechanism, workload, files)


def differences(before: Spent, after: Spent) -> Sequence[tuple[str, float]]:
    """Lists how many more instructions each function has executed, the largest difference first."""
    found = Counter(by_function(after))
    found.subtract(by_function(before))
    told = [(name, round(more, 1)) for name, more in found.items() if abs(more) >= LEAST]
    return sorted(told, key=lambda each: (-abs(each[1]), each[0]))


def by_function(spent: Spent) -> dict[str, float]:
    """Sums instructions by function; the code of an extension counts as one, as does a library."""
    sums: dict[str, float] = {}
    for stack, instructions in spent.items():
        frame = stack[0]
        name = object_name(frame.object)
        if name == "python":
            name = function_name(frame.function)
        elif "/bindings/" in frame.object:
            name = OWN_CODE
        else:
            name = name.partition(".")[0]
        sums[name] = sums.get(name, 0.0) + instructions
    return sums


if __name__ == "__main__":
    main()
