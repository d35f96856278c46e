"""Each interpreter of a record is described in words, and the right one stands for the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import made_records
import pytest

from callcost.benchmarks.facts.facts import by_answer
from callcost.benchmarks.matrix.interpreters import (
    Interpreter,
    groups_in,
    in_each,
    interpreters,
    leading,
)
from callcost.estimate.reading import RecordError
from callcost.estimate.record import Record

HERE = Path("run.json")


def interpreter(build: str, version: str, flags: str = "", **built: Any) -> Interpreter:
    facts = {"implementation": "cpython", "python_version": version, "abi_flags": flags}
    return Interpreter("name", {**facts, "build": build}, {"interpreter": built})


def made() -> Record:
    return Record(HERE, made_records.matrix_record())


def test_every_interpreter_is_described_in_words() -> None:
    assert [each.title for each in interpreters(made())] == [
        "CPython 3.13.1 (PGO, LTO, no JIT, GIL)",
        "CPython 3.14.0 (free-threaded build, PGO, LTO, no JIT, no GIL)",
        "CPython 3.15.0rc2 (release candidate 2, GIL; PGO, LTO and JIT unknown)",
        "PyPy 7.3.20 (Python 3.11.13) (JIT, GIL; PGO and LTO unknown)",
    ]


@pytest.mark.parametrize(
    ("build", "version", "prerelease"),
    [
        ("3.15.0 (main)", "3.15.0", ""),
        ("3.15.0rc2 (main)", "3.15.0", "release candidate 2"),
        ("3.16.0a1+ (heads/main)", "3.16.0", "alpha 1"),
        ("3.15.0b4 free-threading build (main)", "3.15.0", "beta 4"),
        ("", "3.15.0", ""),
    ],
)
def test_a_prerelease_is_named_as_one(build: str, version: str, prerelease: str) -> None:
    found = interpreter(build, version)
    assert found.prerelease == prerelease
    assert (
        prerelease in found.words
    ) and found.label == f"CPython {build.split(' ')[0] or version}"


def test_what_a_build_does_not_tell_is_unknown() -> None:
    told = interpreter("", "3.14.0", pgo=True, lto="unknown", jit=False)
    assert told.words == "PGO, no JIT, GIL; LTO unknown"
    assert interpreter("", "3.12.0").words == "no JIT, GIL; PGO and LTO unknown"
    assert interpreter("", "3.14.0", "td", pgo=False, lto=False, jit=True).words == (
        "free-threaded build, no PGO, no LTO, JIT, no GIL, debug build"
    )
    # A free-threaded build can be told to have a GIL.
    assert interpreter("", "3.14.0", "t", gil=True).has_gil


def test_the_last_released_cpython_with_a_gil_leads() -> None:
    record = made()
    lead = leading(record)
    assert lead is not None and lead.place == "3.13"
    assert list(groups_in(record.estimates, lead.place)) == ["get_pi", "fibonacci"]
    assert leading(Record(HERE, made_records.record())) is None


def test_an_interpreter_without_any_group_does_not_lead() -> None:
    document = made_records.matrix_record()
    groups = document["callcost"]["groups"]
    for name in [name for name in groups if name.endswith(" @ 3.13")]:
        del groups[name]
    del document["callcost"]["interpreters"]["3.13"]
    record = Record(HERE, document)
    lead = leading(record)
    assert lead is not None and lead.place == "3.14t"
    assert [each.place for each in interpreters(record)] == list(made_records.INTERPRETERS)


def test_versions_flags_and_facts_are_those_of_the_record() -> None:
    found = interpreters(made())
    first = found[0]
    assert first.versions == {
        "C compiler": "gcc 14.2.0", "cffi": "2.1.1", "Cython": "3.3.1", "numpy": "2.4.6",
    }  # fmt: skip
    assert first.flags("cpython_fastcall") == "-O2; text.c: -O3"
    assert first.flags("ctypes_cdll") == ""
    assert first.missing == {"cffi_api": "no compiler"}
    assert in_each(found, "ctypes_cdll", "checks_type") == "yes"
    assert in_each(found, "ctypes_cdll", "releases_gil") == (
        "not seen (3.13, 3.15, pypy3.11); yes (3.14t)"
    )
    assert in_each(found, "cffi_api", "takes_keywords") == ""


def test_equal_answers_are_given_once() -> None:
    assert by_answer({}) == ""
    assert by_answer({"3.13": "a", "3.14": "a"}) == "a"
    assert by_answer({"3.13": "a", "3.14": "b", "3.15": "a"}) == "a (3.13, 3.15); b (3.14)"


@pytest.mark.parametrize(
    ("field", "value"),
    [("facts", []), ("flags", {"m": "-O2"}), ("interpreter", {"pgo": [1]}), ("versions", {"a": 1})],
)
def test_a_damaged_interpreter_is_named(field: str, value: object) -> None:
    document = made_records.matrix_record()
    document["callcost"]["environment"]["interpreters"]["3.15"][field] = value
    with pytest.raises(RecordError, match=rf"environment\.interpreters.*{field}"):
        Record(HERE, document)
