"""Instructions are placed in the right part: a planted cost shows in its part only."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from checkout import RESULTS
from explanations import made
from needs import needs_callgrind, needs_compiler, needs_cpython

from callcost import bindings, native
from callcost.benchmarks import suite
from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.contenders import build, contender
from callcost.bindings.registry import mechanisms
from callcost.explain import records
from callcost.explain.explanation import Explained
from callcost.explain.parts import (
    OTHER,
    PARTS,
    Attribution,
    RulesError,
    function_name,
    object_name,
    read_rules,
)
from callcost.instructions.callgrind import count
from callcost.model.contender import Contender
from callcost.model.instructions import Count, Frame, Spent, Stack

RECORDS = sorted(RESULTS.glob("explain*.json"))
MOST_OTHER = 0.05
# The binding's instructions for making a planted call.
CALL_SITE = 12
PLANTED = {
    "plain": "return PyLong_FromLong(fibonacci(n));",
    "allocates": (
        "PyObject *extra = PyList_New(0);\n"
        "    Py_XDECREF(extra);\n"
        "    return PyLong_FromLong(fibonacci(n));"
    ),
    "releases": (
        "int result;\n"
        "    Py_BEGIN_ALLOW_THREADS\n"
        "    result = fibonacci(n);\n"
        "    Py_END_ALLOW_THREADS\n"
        "    return PyLong_FromLong(result);"
    ),
}


def rules() -> Attribution:
    return Attribution(read_rules(suite.rules()))


def explained(name: str, found: object) -> Explained:
    assert isinstance(found, Count), str(found)
    placed = tuple(rules().place(found.spent))
    return Explained(name, found.instructions, found.calls, found.spread, placed)


@pytest.fixture(scope="session")
def fibonacci_rows() -> Mapping[str, Explained]:
    """fibonacci(0) through every kind of built mechanism."""
    (workload,) = (workload for workload in WORKLOADS if workload.name == "fibonacci")
    wanted = ("ctypes_cdll", "cffi_abi", "cffi_api", "cpython_fastcall", "cpython_varargs",
              "cython_def", "pybind11_module")  # fmt: skip
    asked = {
        mechanism.name: contender(mechanism, workload)
        for mechanism in mechanisms()
        if mechanism.name in wanted and build().missing(mechanism) is None
    }
    found = count(sys.executable, asked, profiles=True)
    plain = count(sys.executable, {name: asked[name] for name in ("ctypes_cdll", "cffi_api")})
    rows = {name: explained(name, found[name]) for name in asked}
    for name, counted in plain.items():
        assert isinstance(counted, Count)
        assert rows[name].instructions == counted.instructions, name
    return rows


@needs_callgrind
@needs_cpython
def test_the_parts_of_a_call_add_up_to_its_instructions(
    fibonacci_rows: Mapping[str, Explained],
) -> None:
    for row in fibonacci_rows.values():
        assert sum(row.parts.values()) == pytest.approx(row.instructions, abs=1)
        assert row.share(OTHER) <= MOST_OTHER, row.others


@needs_callgrind
@needs_cpython
def test_the_c_function_costs_the_same_through_every_mechanism(
    fibonacci_rows: Mapping[str, Explained],
) -> None:
    assert len({row.parts["function"] for row in fibonacci_rows.values()}) == 1


@needs_callgrind
@needs_cpython
def test_each_mechanism_has_its_typical_parts(
    fibonacci_rows: Mapping[str, Explained],
) -> None:
    with_gil = {name for name, row in fibonacci_rows.items() if "gil" in row.parts}
    assert with_gil == {"ctypes_cdll", "cffi_abi", "cffi_api"} & fibonacci_rows.keys()
    with_libffi = {name for name, row in fibonacci_rows.items() if "marshalling" in row.parts}
    assert with_libffi == {"ctypes_cdll", "cffi_abi"} & fibonacci_rows.keys()
    parts = fibonacci_rows["cpython_varargs"].parts
    lean = fibonacci_rows["cpython_fastcall"].parts
    assert parts["arguments"] > 5 * lean["arguments"]
    assert "protocol" in parts and "protocol" not in lean


@needs_callgrind
@needs_cpython
def test_two_runs_give_the_same_parts() -> None:
    asked = {"divmod": Contender("divmod", "n = 10 ** 20", "divmod(n, 7)")}
    first, second = (
        explained("divmod", count(sys.executable, asked, profiles=True)["divmod"]) for _ in range(2)
    )
    assert first == second
    assert first.parts["memory"] > 0


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Explained]:
    """Copies of one binding with planted costs, and one without."""
    folder = tmp_path_factory.mktemp("planted")
    for name in PLANTED:
        compile_copy(folder, name)
    found_here = f"import sys\nsys.path.insert(0, {str(folder)!r})\n"
    asked = {
        name: Contender(
            "copy", f"{found_here}from _{name} import fibonacci\nn = 0", "fibonacci(n)", "0"
        )
        for name in PLANTED
    }
    found = count(sys.executable, asked, profiles=True)
    return {name: explained(name, found[name]) for name in PLANTED}


def compile_copy(folder: Path, name: str) -> Path:
    """Compiles a copy of the raw extension with another end of fibonacci."""
    own = folder / name
    shutil.copytree(Path(bindings.__file__).parent / "cpython_fastcall", own)
    source = own / "numbers.c"
    text = source.read_text()
    assert text.count(PLANTED["plain"]) == 1
    source.write_text(text.replace(PLANTED["plain"], PLANTED[name]))
    made = folder / f"_{name}.{sysconfig.get_config_var('SOABI')}.so"
    core = str(native.FOLDER)
    command = ["cc", "-O2", "-shared", "-fPIC", f"-DPyInit__fastcall=PyInit__{name}",
               f"-I{sysconfig.get_path('include')}", f"-I{core}",
               *map(str, sorted(own.glob("*.c"))), "-o", str(made),
               f"-L{core}", f"-Wl,-rpath,{core}", "-lcallcost_core"]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return made


def added(planted: Mapping[str, Explained], name: str) -> dict[str, float]:
    """Returns how much each part of a copy differs from the plain copy's."""
    parts, plain = planted[name].parts, planted["plain"].parts
    differences = {part: parts.get(part, 0) - plain.get(part, 0) for part in PARTS}
    return {part: difference for part, difference in differences.items() if difference}


@needs_callgrind
@needs_cpython
@needs_compiler
@pytest.mark.parametrize(("name", "part"), [("allocates", "memory"), ("releases", "gil")])
def test_a_planted_cost_shows_only_in_its_part(
    planted: Mapping[str, Explained], name: str, part: str
) -> None:
    differences = added(planted, name)
    assert differences.pop(part) > 10 * CALL_SITE
    # The rest is the call itself, which is in the binding.
    assert differences.keys() <= {"binding"}
    assert abs(differences.get("binding", 0)) <= CALL_SITE


def stack(*names: str, place: str = "libpython3.11.so.1.0") -> Stack:
    return tuple(Frame(place, name) for name in names)


@pytest.mark.parametrize(
    ("spent", "part"),
    [
        (stack("take_gil", "PyEval_RestoreThread"), "gil"),
        (stack("pthread_mutex_lock@@GLIBC_2.2.5", "take_gil", place="libc.so.6"), "gil"),
        (stack("__errno_location", "take_gil"), "gil"),
        (stack("__errno_location", "save_errno", place="libc.so.6"), "errno"),
        (stack("vgetargs1_impl.constprop.0", "PyArg_ParseTuple"), "arguments"),
        (stack("tupledealloc", "_Py_Dealloc", "_PyObject_MakeTpCall"), "protocol"),
        (stack("tupledealloc", "_Py_Dealloc", "somebody"), "memory"),
        (stack("PyType_IsSubtype", "PyObject_IsInstance"), "arguments"),
        (stack("PyType_IsSubtype", "_PyEval_EvalFrameDefault"), "dispatch"),
        (stack("0x0000000000004711", "PyLong_AsLong"), "arguments"),
        (stack("0x0000000000004711", place="libffi.so.8"), "marshalling"),
        ((Frame("???", "???"), *stack("ffi_call", place="libffi.so.8")), "function"),
        (stack("py_fibonacci", place="/x/_own.cpython-311-x86_64-linux-gnu.so"), "binding"),
        (stack("py_fibonacci", place="/x/_own.abi3-x86_64-linux-gnu.so"), "binding"),
        (stack("py_fibonacci", place="/x/_own.abi3t.so"), "binding"),
        # New in Python 3.14 and 3.15.
        (stack("PyTuple_FromArray", "_PyObject_MakeTpCall"), "protocol"),
        (stack("PyTuple_FromArray", "somebody"), "result"),
        (stack("_Py_BuiltinCallFastWithKeywords_StackRef"), "protocol"),
        (stack("0x6cd800", "_PyCallMethodDescriptorFastWithKeywords_StackRef"), "protocol"),
        (stack("_Py_ReachedRecursionLimit", "_PyEval_EvalFrameDefault"), "protocol"),
        (stack("PyObject_GetTypeData_DuringGC", "PyObject_GetTypeData", "take_gil"), "gil"),
        # And free-threaded builds.
        (stack("_mi_page_retire", "mi_free", "_PyObject_MiFree"), "memory"),
        (stack("_Py_MergeZeroLocalRefcount", "_PyEval_EvalFrameDefault"), "memory"),
        (stack("PyCriticalSection_End", "PyErr_SetString"), "result"),
        (stack("_PySeqLock_EndRead", "_PyObject_GetMethodStackRef"), "protocol"),
        (stack("what_nobody_knows"), OTHER),
        (stack("PyType_IsSubtype", "what_nobody_knows"), OTHER),
        (stack("0x0000000000004711"), OTHER),
    ],
)
def test_file_name_and_caller_decide_the_part(spent: Stack, part: str) -> None:
    assert rules().part_of(spent) == part


def test_compiler_suffixes_and_versions_are_ignored() -> None:
    assert function_name("convertitem.constprop.0.isra.1") == "convertitem"
    assert function_name("pthread_mutex_lock@@GLIBC_2.2.5") == "pthread_mutex_lock"
    assert object_name("/usr/lib/libpython3.13t.so.1.0") == object_name("/usr/bin/python3.11")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules = [", "cannot be read"),
        ('rules = [{part = "gil", object = "*", function = "*"}]', "rule 1: it needs part"),
        ('rules = [{part = "gil", object = "*", why = "x"}]', "rule 1: it needs part"),
        (
            'rules = [{part = "gill", object = "*", function = "*", why = "x"}]',
            "rule 1: there is no part gill",
        ),
        (
            'rules = [{part = "gil", object = "*", function = "*", why = "x", whom = "y"}]',
            "rule 1: it needs part",
        ),
    ],
)
def test_a_malformed_table_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(RulesError, match=said) as raised:
        read_rules([path])
    assert str(path) in str(raised.value)


def test_a_line_may_name_several_functions(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('rules = [{part = "gil", object = "*", function = ["f", "g*"], why = "x"}]')
    first, second, *_ = read_rules([path])
    assert (first.function, second.function) == ("f", "g*")
    assert replace(first, function="g*") == second


def test_every_rule_has_a_reason_and_is_unique() -> None:
    every = read_rules(suite.rules())
    assert [rule for rule in every if len(rule.why.split()) < 3] == []
    keys = Counter((rule.object, rule.function, rule.under) for rule in every)
    assert [key for key, times in keys.items() if times > 1] == []


def test_no_rule_is_hidden_by_an_earlier_one() -> None:
    every = read_rules(suite.rules())
    hidden = []
    for rule in every:
        frame = Frame(some(rule.object), some(rule.function))
        callers = [some(caller) for caller in rule.under]
        if next(other for other in every if other.fits(frame, callers)) is not rule:
            hidden.append(rule)
    assert hidden == []


def some(pattern: str) -> str:
    """Returns a name that a pattern matches, and few other patterns do."""
    return re.sub(r"\[(.)[^]]*\]", r"\1", pattern).replace("*", "Zq9")


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_recorded_profiles_keep_their_parts(path: Path) -> None:
    attribution = rules()
    for chapter in records.read(path).chapters:
        for row in chapter.rows:
            spent: Spent = {one.stack: one.instructions for one in row.placed}
            parts: Counter[str] = Counter()
            for one in attribution.place(spent):
                parts[one.part] += one.instructions  # type: ignore[assignment]
            assert {k: pytest.approx(v) for k, v in parts.items()} == row.parts, row.name
            assert sum(parts.values()) == pytest.approx(row.instructions, abs=1), row.name
            assert row.share(OTHER) <= MOST_OTHER, (row.name, row.others)


def test_a_record_round_trips(tmp_path: Path) -> None:
    path = tmp_path / "explain.json"
    written = made()
    path.write_text(records.as_text(written))
    found = records.read(path)
    assert [row.parts for row in found.rows] == [row.parts for row in written.rows]
    assert [row.sentence for row in found.rows] == [row.sentence for row in written.rows]
    assert records.as_text(found) == path.read_text()
    facts = json.loads(path.read_text())
    assert facts["chapters"][0]["rows"][0]["sentence"] == next(iter(written.rows)).sentence


def test_two_explanations_are_compared_row_by_row() -> None:
    before, after = made(), made(gil=7, names=("one", "three"), python="3.12.1")
    found = records.differences(before, after)
    one, three = found.rows
    assert (one.name, one.before, one.after, dict(one.parts)) == ("one", 130, 37, {"gil": -93})
    assert (three.name, three.before, three.after) == ("three", None, 37)
    assert dict(found.facts) == {"python": ("3.11.7", "3.12.1")}
    assert all(row.same for row in records.differences(before, made()).rows)
