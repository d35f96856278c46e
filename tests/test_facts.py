"""The facts that stand beside the times: what is known for certain is found, and by running it."""

from __future__ import annotations

import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from callcost.benchmarks import facts
from callcost.benchmarks.facts import FACTS, NO, NOT_SEEN, YES
from callcost.benchmarks.probes import questions
from callcost.bindings.registry import Build, Mechanism, mechanisms
from callcost.record import load

# What the tools themselves document, or the source of the folder shows.
KNOWN = {
    "cffi_api": "GTR",
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
def test_what_is_known_is_found(name: str, wanted: str) -> None:
    mechanism = mechanism_named(name)
    if reason := Build().missing(mechanism):
        pytest.skip(f"not built: {reason}")
    found = facts.probe(mechanism)
    # Whether "G" is seen depends on what else runs; it must never be seen where it does not hold.
    assert found["releases_gil"] in ((YES, NOT_SEEN) if "G" in wanted else (NOT_SEEN,))
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
    assert set(found.values()) == {
        "unknown: ModuleNotFoundError: No module named 'callcost.bindings.no_such_tool'"
    }


@pytest.fixture
def switch_interval() -> Any:
    """Restores the interval that the probe changes."""
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


def busy(n: int) -> None:
    """Needs the processor for so many ms, and holds the GIL meanwhile."""
    start_s = time.thread_time()
    while time.thread_time() - start_s < n / 1000:
        pass


@pytest.mark.usefixtures("switch_interval")
@pytest.mark.skipif(not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="it has no GIL")
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


def test_an_older_record_says_no_of_what_was_not_seen() -> None:
    recorded = {"one": {"releases_gil": NO, "checks_type": NO}, "two": {"releases_gil": YES}}
    assert facts.current(recorded) == {
        "one": {"releases_gil": NOT_SEEN, "checks_type": NO},
        "two": {"releases_gil": YES},
    }


def test_letters_stand_for_what_holds() -> None:
    every = {fact.key: YES for fact in FACTS}
    assert facts.letters(every) == "GTRKSAIF"
    assert facts.letters({**every, "checks_range": "no: why"}) == "GT·KSAIF"
    assert facts.letters({fact.key: "" for fact in FACTS}) == ""
    assert all(f"{fact.letter}: {fact.words}" in facts.legend() for fact in FACTS)


def test_a_record_holds_the_facts_of_every_mechanism_that_it_measured() -> None:
    from callcost.benchmarks import publishing

    if not publishing.REFERENCE.exists():
        pytest.skip("not a checkout: no reference run here")
    environment: dict[str, Any] = load(publishing.REFERENCE)["callcost"]["environment"]
    missing = environment["missing"]
    built = {m.name for m in mechanisms() if m.module not in missing}
    assert environment["facts"].keys() == built
