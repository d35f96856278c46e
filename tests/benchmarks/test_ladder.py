"""The rungs below Python: right, made from the same C, and clear about refusals."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from binaries import (
    PYTHON_RUN_PATH,
    defined,
    imported,
    needed,
    overridable,
    run_path,
    slices,
)
from libraries import compiled

from callcost import native
from callcost.benchmarks.catalogue import Workload
from callcost.benchmarks.ladder import Rung, contender, floor_rows, rungs, workloads
from callcost.native import ladder

PLUGIN_LIBRARY = ladder.FOLDER / f"libcallcost_plugin{native.SUFFIX}"
ORIGIN = "@loader_path" if sys.platform == "darwin" else "$ORIGIN"
RUNGS = [rung for rung in rungs() if rung.missing is None]
LOADING = [rung for rung in RUNGS if rung.name != "direct"]

every_rung = pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: rung.name)
every_loading_rung = pytest.mark.parametrize("rung", LOADING, ids=lambda rung: rung.name)
every_workload = pytest.mark.parametrize("workload", workloads(), ids=lambda w: w.name)


def run(
    rung: Rung, *arguments: object, lines: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [rung.path, *map(str, arguments)],
        input=lines,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def refusal(rung: Rung, *arguments: object, lines: str = "") -> str:
    """Returns the refusal of a rung, which must be one line."""
    done = run(rung, *arguments, lines=lines)
    assert done.returncode == 2, done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    return line.removeprefix(f"{rung.name}: ")


def named(name: str) -> Rung:
    found = [rung for rung in RUNGS if rung.name == name]
    if not found:
        pytest.skip(f"the rung {name} was not built")
    return found[0]


@pytest.fixture(scope="module")
def decoy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiles a core with wrong answers, under the name of the right one."""
    folder = tmp_path_factory.mktemp("decoy")
    return compiled("int fibonacci(int n) { return -1; }", folder / native.LIBRARY.name)


# Calls and answers.


def test_the_rungs_are_those_that_were_built() -> None:
    assert {rung.name for rung in rungs()} == {"direct", "dlsym", "libffi", "plugin"}
    assert len(floor_rows()) == 4 * len(workloads())
    assert {"get_pi", "fibonacci", "half_of"} <= {workload.name for workload in workloads()}
    assert {"add_two", "add_four", "add_eight"} <= {workload.name for workload in workloads()}


@every_rung
@every_workload
def test_a_rung_reports_the_result_and_the_time_of_its_call(rung: Rung, workload: Workload) -> None:
    done = run(rung, workload.name, lines="1 0 0\n3 1 4080\n")
    result, *epochs = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert type(workload.expect)(result) == workload.expect
    times = [tuple(map(int, epoch.split()[:2])) for epoch in epochs]
    # After each epoch it calls once more, and reports that result.
    assert {float(epoch.split()[2]) for epoch in epochs} == {float(result)}
    assert len(times) == 2
    assert all(epoch_ns * empty_ns > 0 for epoch_ns, empty_ns in times)


@every_workload
def test_the_arguments_are_those_of_the_workload(workload: Workload) -> None:
    header = (ladder.FOLDER / "ladder.h").read_text(encoding="utf-8")
    written = re.search(rf"X\({workload.name}, .*, (\(.*?\)), \S+\)", header)
    assert written is not None
    names: dict[str, object] = {}
    exec(workload.setup, names)
    call = ast.parse(workload.call, mode="eval").body
    assert isinstance(call, ast.Call)
    passed = [names[argument.id] for argument in call.args if isinstance(argument, ast.Name)]
    assert [float(word) for word in re.findall(r"[\d.]+", written[1])] == passed


@every_workload
def test_the_kind_is_that_of_the_workload(workload: Workload) -> None:
    header = (ladder.FOLDER / "ladder.h").read_text(encoding="utf-8")
    written = re.search(rf"X\({workload.name}, (\w+), (\(.*?\)), ", header)
    assert written is not None
    types = re.sub(r"(\w+) \w+(?=[,)])", r"\1", workload.prototype)
    assert types == f"{written[1]} {workload.c_name}{written[2]}"


def test_the_instrument_gets_program_and_file_hashes() -> None:
    (fibonacci,) = (w for w in workloads() if w.name == "fibonacci")
    made = contender(named("plugin"), fibonacci)
    assert made.program == (str(ladder.FOLDER / "plugin"), "fibonacci")
    assert {Path(binary.name).name for binary in made.binaries} == {
        "plugin",
        PLUGIN_LIBRARY.name,
        native.LIBRARY.name,
    }


# The same C.


def test_linked_rungs_import_the_core() -> None:
    for path in (named("direct").path, PLUGIN_LIBRARY):
        for binary in slices(path):
            assert {workload.c_name for workload in workloads()} <= imported(binary)
            assert native.LIBRARY.name in needed(binary)


@pytest.mark.parametrize("path", [*(r.path for r in RUNGS), PLUGIN_LIBRARY], ids=lambda p: p.name)
def test_no_rung_contains_its_own_code_of_a_function(path: Path) -> None:
    for binary in slices(path):
        assert defined(binary) == set()
        assert not overridable(binary)
        assert f"{ORIGIN}/../../native" in run_path(binary)
        assert set(run_path(binary)) <= {ORIGIN, f"{ORIGIN}/../../native", *PYTHON_RUN_PATH}


@every_rung
@pytest.mark.skipif(sys.platform != "linux", reason="LD_LIBRARY_PATH is Linux's")
def test_a_decoy_is_not_called(rung: Rung, decoy: Path) -> None:
    assert run(rung, "fibonacci", LD_LIBRARY_PATH=str(decoy.parent)).stdout == "0\n"


# Refusals.


@every_loading_rung
def test_a_wrong_result_is_reported_and_not_timed(rung: Rung, decoy: Path, tmp_path: Path) -> None:
    library = decoy
    if rung.name == "plugin":
        library = plug_in(tmp_path, own="int fibonacci(int n) { return -1; }")
    done = run(rung, "fibonacci", library, lines="1 1 0\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{rung.name}: fibonacci(0) returned -1, expected 0\n"


@pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD is Linux's")
def test_a_wrong_result_of_the_linked_symbol_is_reported(decoy: Path) -> None:
    done = run(named("direct"), "fibonacci", LD_PRELOAD=str(decoy))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "direct: fibonacci(0) returned -1, expected 0\n"


@every_rung
def test_bad_usage_is_refused(rung: Rung) -> None:
    usage = f"usage: {rung.name} FUNCTION{' [LIBRARY]' if rung in LOADING else ''}"
    assert refusal(rung) == usage
    assert refusal(rung, "fibonacci", "library", "more") == usage


@every_rung
def test_an_unknown_function_is_refused(rung: Rung) -> None:
    assert refusal(rung, "work") == "it knows no function work"


@every_loading_rung
def test_a_missing_library_is_refused(rung: Rung) -> None:
    said = refusal(rung, "fibonacci", "./no_such_library.so")
    assert said.startswith("the library cannot be loaded: ")
    assert "no_such_library.so" in said


@every_loading_rung
def test_a_missing_symbol_is_refused(rung: Rung, tmp_path: Path) -> None:
    empty = compiled("int other;", tmp_path / "empty.so")
    said = refusal(rung, "fibonacci", empty)
    symbol = "entry_point" if rung.name == "plugin" else "fibonacci"
    assert said.startswith(f"{symbol} is not to be had: ")
    assert str(empty) in said


@every_rung
@pytest.mark.parametrize(
    "line", ["", "1", "1 2", "0 0 0", "1 -1 0", "1 1 100000", "1 1 0 1", "one 1 0"]
)
def test_a_line_that_is_not_an_epoch_is_refused(rung: Rung, line: str) -> None:
    said = refusal(rung, "fibonacci", lines=f"{line}\n")
    assert said == f"it reads lines of turns, warm_turns and stack_bytes, not '{line}'"


# Refusals of the host of a plug-in.

PLANTED = """
#include "plugin.h"
{own}
static const plugin_entry entries[] = {{{{"fibonacci", "{kind}", {function}}}}};
static const plugin_table table = {{{version}, {count}, entries}};
const plugin_table *entry_point(void) {{ return {returned}; }}
"""


def plug_in(
    folder: Path,
    *,
    own: str = "",
    kind: str = "int(int)",
    function: str = "(void (*)(void))fibonacci",
    version: str = "PLUGIN_VERSION",
    count: int = 1,
    returned: str = "&table",
) -> Path:
    """Compiles a plug-in, whose description of itself may be wrong."""
    source = PLANTED.format(
        own=own or "int fibonacci(int n) { return n; }",
        kind=kind,
        function=function,
        version=version,
        count=count,
        returned=returned,
    )
    return compiled(source, folder / "planted.so", f"-I{ladder.FOLDER}")


def test_a_plug_in_that_describes_itself_correctly_is_called(tmp_path: Path) -> None:
    assert run(named("plugin"), "fibonacci", plug_in(tmp_path)).stdout == "0\n"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"kind": "double(double)"}, "offers fibonacci as double(double), this host calls it as "
                                     "int(int)"),
        ({"version": "2"}, "has version 2 of the table, this host reads 1"),
        ({"returned": "0"}, "has version 0 of the table, this host reads 1"),
        ({"count": 0}, "offers no function fibonacci"),
        ({"function": "0"}, "offers no function fibonacci"),
    ],
    ids=["other kind", "other version", "no table", "no entry", "no pointer"],
)  # fmt: skip
def test_a_plug_in_that_does_not_fit_is_refused(
    fault: dict[str, object], said: str, tmp_path: Path
) -> None:
    library = plug_in(tmp_path, **fault)  # type: ignore[arg-type]
    assert refusal(named("plugin"), "fibonacci", library) == f"{library} {said}"
