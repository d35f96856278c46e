"""Every mechanism calls the same machine code, by its symbol tables and at run time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import lief
import pytest
from binaries import (
    CORE_FUNCTIONS,
    PYTHON_RUN_PATH,
    Binary,
    defined,
    exported,
    imported,
    needed,
    overridable,
    run_path,
    slices,
)
from libraries import compiled

from callcost import native
from callcost.benchmarks.catalogue import WORKLOADS, Workload
from callcost.benchmarks.contenders import setup_source
from callcost.bindings.registry import Build, Mechanism, mechanisms

DARWIN = sys.platform == "darwin"
# The catalogue names only the function that makes a tally, not the one that frees it.
OTHER_EXPORTS = {"tally_free", "tallies_alive", "answer"}
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/maps")


def symbol_faults(binary: Binary, functions: frozenset[str]) -> Iterator[str]:
    yield from (f"does not import {name}" for name in sorted(functions - imported(binary)))
    yield from (f"defines {name}" for name in sorted(defined(binary)))
    if native.LIBRARY.name not in needed(binary):
        yield f"does not need {native.LIBRARY.name}"


def path_faults(binary: Binary) -> Iterator[str]:
    origin = "@loader_path" if isinstance(binary, lief.MachO.Binary) else "$ORIGIN"
    to_core = f"{origin}/../../native"
    if overridable(binary):
        yield "has a DT_RUNPATH"
    if to_core not in run_path(binary):
        yield f"does not look in {to_core}"
    for entry in run_path(binary):
        if entry != to_core and not is_pythons_own(entry):
            yield f"looks in {entry}"


def is_pythons_own(entry: str) -> bool:
    return entry in PYTHON_RUN_PATH and not Path(entry, native.LIBRARY.name).exists()


def faults(path: Path, functions: frozenset[str] = CORE_FUNCTIONS) -> set[str]:
    """Lists the reasons why an extension may run code other than the core's; should be empty."""
    return {
        fault
        for binary in slices(path)
        for found in (symbol_faults(binary, functions), path_faults(binary))
        for fault in found
    }


def supported_c_names(mechanism: Mechanism) -> frozenset[str]:
    return frozenset(
        w.c_name
        for w in WORKLOADS
        if mechanism.offers(w.function)
        and w.name != "constant"
        and mechanism.same_c(w.function)
        and w.function not in mechanism.through_python
    )


def skip_if_missing(mechanism: Mechanism) -> None:
    if reason := Build().missing(mechanism):
        pytest.skip(f"not built: {reason}")


every_mechanism = pytest.mark.parametrize("mechanism", mechanisms(), ids=lambda m: m.name)


@every_mechanism
def test_extensions_import_the_core_and_do_not_define_it(mechanism: Mechanism) -> None:
    skip_if_missing(mechanism)
    built = [file for file in Build().files(mechanism) if file.module]
    assert bool(built) == mechanism.compiled
    # A generated Python module has no machine code: it finds the core at run time.
    for extension in [file for file in built if file.path.suffix != ".py"]:
        if mechanism.links_core:
            assert faults(extension.path, supported_c_names(mechanism)) == set(), extension.name
        else:
            for binary in slices(extension.path):
                assert not CORE_FUNCTIONS & (imported(binary) | defined(binary)), extension.name
                assert native.LIBRARY.name not in needed(binary)


def calls_core(mechanism: Mechanism) -> bool:
    """Tells whether a mechanism claims to call the core in any function."""
    return any(mechanism.same_c(w.function) for w in cells_of(mechanism))


def cells_of(mechanism: Mechanism) -> list[Workload]:
    return [workload for workload in WORKLOADS if mechanism.offers(workload.function)]


def test_the_core_exports_every_function() -> None:
    for binary in slices(native.LIBRARY):
        assert exported(binary) == CORE_FUNCTIONS | OTHER_EXPORTS
        assert defined(binary) == CORE_FUNCTIONS


# The checks can fail: libraries that break the rules.

PLANTED_FUNCTIONS = frozenset({"fibonacci", "get_pi"})
DECLARED = "int fibonacci(int); float get_pi(void);"
CALL = "float call(int n) { return fibonacci(n) + get_pi(); }"
GOOD = DECLARED + CALL
OWN = "int fibonacci(int n) { return n; } float get_pi(void);"
LINK_CORE = (f"-L{native.FOLDER}", "-lcallcost_core")
GOOD_PATH = (
    "-Wl,-rpath,@loader_path/../../native"
    if DARWIN
    else "-Wl,--disable-new-dtags,-rpath,$ORIGIN/../../native"
)
RUNPATH = f"-Wl,--enable-new-dtags,-rpath,{native.FOLDER}"


def renamed(symbol: str) -> str:
    """Returns the source of a function with the name that a compiler gives it."""
    label = f"_{symbol}" if DARWIN else symbol
    return f'int own(int) __asm__("{label}"); int own(int n) {{ return n; }} {GOOD}'


PLANTED = {
    "exported": (OWN + CALL, [], "defines fibonacci"),
    "not imported": (OWN + CALL, [], "does not import fibonacci"),
    "static": ("static " + OWN + CALL, [], "defines fibonacci"),
    "part": (renamed("fibonacci.part.0"), [], "defines fibonacci"),
    "C++": (renamed("_Z9fibonaccii"), [], "defines fibonacci"),
    "C++ static": (renamed("_ZN12_GLOBAL__N_16get_piEv"), [], "defines get_pi"),
    "other path": (GOOD, ["-Wl,-rpath,/elsewhere"], "looks in /elsewhere"),
    "absolute path": (GOOD, [f"-Wl,-rpath,{native.FOLDER}"], f"looks in {native.FOLDER}"),
}


@pytest.mark.parametrize(("source", "flags", "fault"), PLANTED.values(), ids=PLANTED)
def test_another_core_is_noticed(tmp_path: Path, source: str, flags: list[str], fault: str) -> None:
    planted = compiled(source, tmp_path / "planted.so", *LINK_CORE, GOOD_PATH, *flags)
    assert fault in faults(planted, PLANTED_FUNCTIONS)


def test_a_correct_library_passes(tmp_path: Path) -> None:
    planted = compiled(GOOD, tmp_path / "planted.so", *LINK_CORE, GOOD_PATH)
    assert faults(planted, PLANTED_FUNCTIONS) == set()


def test_a_library_that_does_not_link_the_core_is_noticed(tmp_path: Path) -> None:
    undefined = ["-Wl,-undefined,dynamic_lookup"] if DARWIN else []
    planted = compiled(GOOD, tmp_path / "planted.so", *undefined)
    assert {f for f in faults(planted) if "libcallcost_core" in f or "native" in f} == {
        f"does not need {native.LIBRARY.name}",
        f"does not look in {'@loader_path' if DARWIN else '$ORIGIN'}/../../native",
    }


# At run time: LD_LIBRARY_PATH offers another core, and no mechanism loads it.

CHILD = """
import json, sys

calls = json.loads(sys.argv[1])
results = []
for setup, call, view in calls:
    names = {}
    exec(setup, names)
    names["result"] = eval(call, names)
    results.append(repr(eval(view or "result", names)))
with open("/proc/self/maps") as file:
    paths = {line.rstrip("\\n").split(maxsplit=5)[-1] for line in file}
print(json.dumps([results, sorted(path for path in paths if "libcallcost_core" in path)]))
"""


@pytest.fixture(scope="module")
def decoy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiles a core with wrong answers under the name of the real one."""
    source = "int fibonacci(int n) { return -1; } float get_pi(void) { return 0.0f; }"
    return compiled(source, tmp_path_factory.mktemp("decoy") / native.LIBRARY.name)


def call_beside(
    decoy: Path, calls: list[tuple[str, str, str | None]]
) -> tuple[list[str], list[str]]:
    """Returns the calls' results in a process that can find a decoy, and the cores that it maps."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps(calls)],
        env={**os.environ, "LD_LIBRARY_PATH": str(decoy.parent)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results, cores = json.loads(done.stdout)
    return results, cores


@needs_linux
@every_mechanism
def test_a_decoy_is_not_loaded(mechanism: Mechanism, decoy: Path) -> None:
    skip_if_missing(mechanism)
    workloads = [w for w in cells_of(mechanism) if w.raises is None]
    calls = [(setup_source(mechanism, w), w.call, w.view) for w in workloads]
    results, cores = call_beside(decoy, calls)
    assert results == [repr(workload.expect) for workload in workloads]
    assert cores == ([str(native.LIBRARY)] if calls_core(mechanism) else [])


@needs_linux
def test_a_library_with_a_runpath_loads_the_decoy(decoy: Path, tmp_path: Path) -> None:
    planted = compiled(GOOD, tmp_path / "planted.so", *LINK_CORE, RUNPATH)
    assert "has a DT_RUNPATH" in faults(planted)
    setup = (
        f"import ctypes; call = ctypes.CDLL({str(planted)!r}).call; call.restype = ctypes.c_float"
    )
    assert call_beside(decoy, [(setup, "call(1)", None)]) == (["-1.0"], [str(decoy)])
