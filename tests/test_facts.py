"""The facts that stand beside the times: what is known for certain is found, and by running it."""

from __future__ import annotations

from typing import Any

import pytest

from callcost.benchmarks import facts
from callcost.benchmarks.facts import FACTS, YES
from callcost.bindings.registry import Build, Mechanism, mechanisms
from callcost.record import load

# What the tools themselves document, or the source of the folder shows.
KNOWN = {
    "cffi_api": "GTR",
    "cpython_fastcall": "TRSI",
    "ctypes_cdll": "GTI",
    "ctypes_pydll": "TI",
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
    # Which of these hold, a later interpreter may decide otherwise.
    changing = {"subinterpreter", "free_threading", "text_signature", "stable_abi"}
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
