"""The facts shown beside the times: those known for certain are found by running."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import sysconfig
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from libraries import compiled
from needs import needs_compiler

from callcost.benchmarks.facts import bad_input, facts, questions, slots
from callcost.benchmarks.facts.facts import FACTS, NO, NOT_SEEN, YES
from callcost.bindings.registry import FOLDER, Build, Mechanism, mechanisms
from callcost.estimate.record import Record

HAS_GIL: bool = getattr(sys, "_is_gil_enabled", lambda: True)()
needs_gil = pytest.mark.skipif(not HAS_GIL, reason="it has no GIL")
# What the tools themselves document, or the source of the folder shows.
KNOWN = {
    "cffi_api": "GTRA",
    "cpython_fastcall": "TRKSI",
    "ctypes_cdll": "GTKI",
    "ctypes_pydll": "TKI",
    "ctypes_untyped": "GI",
    "cython_def": "TRKS",
    "python_reference": "TKSI",
}


def mechanism_named(name: str) -> Mechanism:
    return next(mechanism for mechanism in mechanisms() if mechanism.name == name)


@pytest.mark.parametrize(("name", "wanted"), KNOWN.items())
def test_known_facts_are_found(name: str, wanted: str) -> None:
    mechanism = mechanism_named(name)
    if reason := Build().missing(mechanism):
        pytest.skip(f"not built: {reason}")
    found = facts.probe(mechanism)
    # Whether "G" is seen depends on what else runs; it must never be seen where it does not hold.
    with_gil = (YES, NOT_SEEN) if "G" in wanted else (NOT_SEEN,)
    assert found["releases_gil"] in (with_gil if HAS_GIL else (questions.NO_GIL,))
    # Which of these hold, a later interpreter may decide otherwise.
    changing = {"subinterpreter", "free_threading", "text_signature", "stable_abi", "releases_gil"}
    steady = [fact for fact in FACTS if fact.key not in changing]
    held = {fact.letter for fact in steady if found[fact.key] == YES}
    assert held == {fact.letter for fact in steady if fact.letter in wanted}
    assert found.keys() == {fact.key for fact in FACTS}


def test_a_mechanism_that_cannot_be_imported_says_so_in_each_fact(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Mechanism, "module", "callcost.bindings.no_such_tool")
    found = facts.probe(mechanism_named("python_reference"))
    (said,) = set(found.values())
    # From 3.15 on a suggestion follows.
    reason = "ModuleNotFoundError: No module named 'callcost.bindings.no_such_tool'"
    assert said.partition(". Did you mean")[0] == f"unknown: {reason}"


UNTOLD = ("no answer", "raises MemoryError", "crashes (SIGKILL)", "crashes (SIGTERM)")


@pytest.mark.parametrize(
    ("ending", "answers"),
    [
        *((ending, dict.fromkeys(("K", "T", "R"), f"unknown: {ending}")) for ending in UNTOLD),
        ("crashes (SIGSEGV)", {"K": NO, "T": NO, "R": NO}),
        ("raises TypeError", {"K": NO, "T": YES, "R": YES}),
        ("raises RecursionError", {"K": NO, "T": NO, "R": NO}),
        ("returns 89", {"K": YES, "T": NO, "R": NO}),
        # The result of n = 1 and 2, numbers that a register often holds.
        ("returns 1", {"K": NO, "T": NO, "R": NO}),
    ],
)
def test_a_call_that_shows_nothing_is_unknown(
    ending: str, answers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "_answer", lambda *_, **__: "{}")
    monkeypatch.setattr(bad_input, "call_in_child", lambda *_, **__: ending)
    found = facts.probe(mechanism_named("python_reference"))
    assert {f.letter: found[f.key] for f in FACTS if f.letter in answers} == answers


def test_a_call_that_cannot_be_tried_loses_only_its_own_facts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failed(*_: object, **__: object) -> str:
        raise bad_input.ProbeError("planted: cannot try fibonacci(): Traceback\nOSError: why")

    monkeypatch.setattr(facts, "_answer", lambda *_, **__: "{}")
    monkeypatch.setattr(bad_input, "call_in_child", failed)
    found = facts.probe(mechanism_named("python_reference"))
    assert {found[key] for key in ("takes_keywords", "checks_type")} == {"unknown: OSError: why"}


@pytest.mark.parametrize(
    ("signal", "asked", "subinterpreter"),
    [
        (11, "unknown: crashes (SIGSEGV)", "no: crashes (SIGSEGV)"),
        (9, "unknown: crashes (SIGKILL)", "unknown: crashes (SIGKILL)"),
        (40, "unknown: crashes (signal 40)", "no: crashes (signal 40)"),
    ],
)
def test_only_a_crash_in_a_subinterpreter_is_an_answer(
    signal: int, asked: str, subinterpreter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(program: str, *words: str, **_: object) -> subprocess.CompletedProcess[str]:
        died = subprocess.CompletedProcess([program, *words], -signal, "", "")
        answered = subprocess.CompletedProcess([], 0, '{"stable_abi": "yes"}', "")
        return died if dies_in in program else answered

    monkeypatch.setattr(bad_input, "run_python", run)
    monkeypatch.setattr(bad_input, "call_in_child", lambda *_, **__: "raises TypeError")
    dies_in = "subinterpreter.py"
    found = facts.probe(mechanism_named("python_reference"))
    assert (found["stable_abi"], found["subinterpreter"]) == (YES, subinterpreter)
    dies_in = "questions.py"
    assert set(facts.probe(mechanism_named("python_reference")).values()) == {asked}


@pytest.fixture
def switch_interval() -> Any:
    """Restores the interval that the probe changes."""
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


def busy(n: int) -> None:
    """Keeps the processor busy for n ms, and holds the GIL meanwhile."""
    start_s = time.thread_time()
    while time.thread_time() - start_s < n / 1000:
        pass


@needs_gil
@pytest.mark.usefixtures("switch_interval")
def test_a_release_of_the_gil_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    went_on = threading.Event()

    class Started(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            super().wait(timeout)
            went_on.set()
            return True

    def releasing(n: int) -> None:
        if threading.current_thread() is threading.main_thread():
            busy(n)
        else:
            went_on.wait()

    there = SimpleNamespace(Event=Started, Thread=threading.Thread)
    monkeypatch.setattr(questions, "threading", there)
    assert questions.releases_gil(releasing) == YES


@needs_gil
@pytest.mark.usefixtures("switch_interval")
def test_a_release_of_the_gil_counts_in_whichever_try_it_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries: list[int] = []

    def overtakes(_: object, n: int) -> bool:
        tries.append(n)
        return len(tries) == len(questions.TRIES)

    monkeypatch.setattr(questions, "_overtakes", overtakes)
    assert questions.releases_gil(busy) == YES
    monkeypatch.setattr(questions, "_overtakes", lambda *_: False)
    assert questions.releases_gil(busy) == NOT_SEEN
    assert tries == sorted(tries)


def test_only_what_had_no_answer_is_asked_again_with_more_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, float]] = []

    def probe(mechanism: Mechanism, python: str, limit_s: float) -> facts.Facts:
        asked.append((mechanism.name, limit_s))
        is_slow = mechanism.name == "ctypes_cdll" and limit_s < facts.PATIENT_S
        return {"subinterpreter": f"{facts.UNKNOWN}: no answer" if is_slow else facts.YES}

    monkeypatch.setattr(facts, "probe", probe)
    names = ["cffi_api", "ctypes_cdll"]
    found = facts.probe_patiently(sys.executable, list(map(mechanism_named, names)))
    assert found == {name: {"subinterpreter": facts.YES} for name in names}
    assert asked[2:] == [("ctypes_cdll", facts.PATIENT_S)]


def test_older_records_say_no_instead_of_not_seen() -> None:
    recorded = {"one": {"releases_gil": NO, "checks_type": NO}, "two": {"releases_gil": YES}}
    assert facts.current(recorded) == {
        "one": {"releases_gil": NOT_SEEN, "checks_type": NO},
        "two": {"releases_gil": YES},
    }


def test_letters_abbreviate_what_holds() -> None:
    every = {fact.key: YES for fact in FACTS}
    assert facts.letters(every) == "GTRKSAIF"
    assert facts.letters({**every, "checks_range": "no: why"}) == "GT·KSAIF"
    seldom = {
        "releases_gil": questions.NO_GIL,
        "stable_abi": questions.NO_EXTENSION,
        "subinterpreter": "unknown: no answer within 20 s",
        "free_threading": questions.NOT_VISIBLE,
    }
    assert facts.letters({**every, **seldom}) == "–TRKS–??"
    assert facts.letters({fact.key: "" for fact in FACTS}) == ""
    assert all(f"{fact.letter}: {fact.words}" in facts.legend() for fact in FACTS)


def test_a_record_holds_the_facts_of_every_mechanism_that_it_measured() -> None:
    from callcost.benchmarks.publish import publishing

    if not publishing.REFERENCE.exists():
        pytest.skip("not a checkout: no reference run here")
    record = Record.load(publishing.REFERENCE)
    here = [times.group for times in record.run.groups.values() if not times.group.place]
    measured = {contender.name for group in here for contender in group.contenders}
    assert record.environment["facts"].keys() == measured


@pytest.mark.parametrize(
    ("answer", "comes_to"),
    [
        (YES, "yes"),
        (NO, "no"),
        (NOT_SEEN, "no"),
        ("no: ImportError", "no"),
        (questions.FOREIGN_ABI, "no"),
        (questions.NO_EXTENSION, "does not apply"),
        (questions.NO_GIL, "does not apply"),
        (questions.NOT_VISIBLE, "not known"),
        ("not before 3.13", "not known"),
        ("unknown: no answer within 20 s", "not known"),
        ("", "not known"),
        (None, "not known"),
    ],
)
def test_an_unmeasured_fact_is_not_a_no(answer: str | None, comes_to: str) -> None:
    assert facts.verdict(answer) == comes_to


def own(n: int) -> int:
    return n


def fits_many(*args: object, **kwargs: object) -> None:
    """Has the signature that Python 3.15 makes up for a built-in function without a text."""


def fits_any_object(object: object, /) -> None:  # noqa: A002
    """Has the one that it makes up for METH_O."""


class Named:
    """Takes n by its name only."""

    def __call__(self, *, n: int) -> int:
        """Returns n."""
        return n


@pytest.mark.parametrize(
    ("function", "found"),
    [
        (own, YES),
        (Named(), YES),
        (fits_many, NO),
        (fits_any_object, NO),
        (lambda: None, NO),
        (lambda n, m: None, NO),
        (print, NO),
        (int, NO),
    ],
)
def test_a_signature_must_have_the_functions_own_parameters(function: Any, found: str) -> None:
    assert questions.text_signature(function, ["n"]) == found


def test_the_parameters_are_those_of_the_prototype() -> None:
    assert facts.parameters(facts.PROTOTYPE) == ["n"]


def test_a_free_threaded_build_has_no_gil_to_release(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "is_free_threaded", lambda: True)
    assert questions.releases_gil(busy) == questions.NO_GIL


def test_probes_do_not_see_the_variable_that_sets_the_gil(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHON_GIL", "1")
    done = bad_input.run_python("-c", "import os; print('PYTHON_GIL' in os.environ)", limit_s=60)
    assert done is not None and done.stdout == "False\n"


# Modules as they are compiled for 3.13 and for 3.15, in plain C: this interpreter has one header.
SLOTS = """
#include <stdint.h>
typedef struct { uint16_t id, flags; uint32_t reserved; void *value; } PySlot;
typedef struct { int slot; void *value; } DefSlot;
static PySlot none[] = {{100, 0, 0, "none"}, {0}};
static PySlot used[] = {{100, 0, 0, "used"}, {87, 4, 0, (void *)0}, {0}};
static PySlot free_[] = {{100, 0, 0, "free"}, {87, 4, 0, (void *)1}, {0}};
static DefSlot older[] = {{3, (void *)2}, {4, (void *)1}, {0}};
static PySlot deep[] = {{92, 0, 0, free_}, {0}};
static PySlot deeper[] = {{100, 0, 0, "deeper"}, {94, 0, 0, older}, {0}};
PySlot *PyModExport_none(void) { return none; }
PySlot *PyModExport_used(void) { return used; }
PySlot *PyModExport_free(void) { return free_; }
PySlot *PyModExport_deep(void) { return deep; }
PySlot *PyModExport_deeper(void) { return deeper; }
"""
HEADED = """
#include <Python.h>
static PyModuleDef_Slot slots[] = {
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#else
    {4, (void *)1},
#endif
    {0, NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "multi", .m_slots = slots};
static PyModuleDef plain = {PyModuleDef_HEAD_INIT, .m_name = "single"};
PyMODINIT_FUNC PyInit_multi(void) { return PyModuleDef_Init(&definition); }
PyMODINIT_FUNC PyInit_bare(void) { return PyModuleDef_Init(&plain); }
PyMODINIT_FUNC PyInit_single(void) { return PyModule_Create(&plain); }
"""


@needs_compiler
@pytest.mark.parametrize(
    ("source", "name", "declares"),
    [
        (SLOTS, "none", False),
        (SLOTS, "used", False),
        (SLOTS, "free", True),
        (SLOTS, "deep", True),
        (SLOTS, "deeper", True),
        (HEADED, "multi", True),
        (HEADED, "bare", False),
        (HEADED, "single", False),
    ],
)
def test_the_slot_for_the_gil_is_found_wherever_a_module_has_it(
    source: str, name: str, declares: bool, tmp_path: Path
) -> None:
    flags = [f"-I{sysconfig.get_path('include')}"]
    path = compiled(source, tmp_path / f"{name}.so", *flags)
    assert slots.needs_no_gil(ctypes.PyDLL(str(path)), name) == declares


@needs_compiler
@pytest.mark.skipif(sys.version_info < (3, 13), reason="Python has the slot from 3.13 on")
@pytest.mark.parametrize("limited", ["", "#define Py_LIMITED_API 0x030d0000"])
def test_the_numbers_of_slots_are_those_of_pythons_headers(limited: str, tmp_path: Path) -> None:
    source = f"""{limited}
#include <Python.h>
int gil(void) {{ return Py_mod_gil; }}
long not_used(void) {{ return (long)Py_MOD_GIL_NOT_USED; }}
#ifdef Py_slot_subslots
int subslots(void) {{ return Py_slot_subslots; }}
int mod_slots(void) {{ return Py_mod_slots; }}
#endif
"""
    path = compiled(source, tmp_path / "numbers.so", f"-I{sysconfig.get_path('include')}")
    library = ctypes.CDLL(str(path))
    assert library.gil() in slots.MOD_GIL
    assert library.not_used() == slots.GIL_NOT_USED
    if hasattr(library, "subslots"):
        assert (library.subslots(), library.mod_slots()) == (slots.SUBSLOTS, slots.MOD_SLOTS)


def test_no_docstring_says_what_is_found_out_by_running_it() -> None:
    told = {m.name: m.module for m in mechanisms() if "subinterpreter" in source_of(m)}
    assert told == {}, "whether it works there depends on the interpreter: a fact tells"


def source_of(mechanism: Mechanism) -> str:
    return (FOLDER / mechanism.name / "__init__.py").read_text(encoding="utf-8").lower()
