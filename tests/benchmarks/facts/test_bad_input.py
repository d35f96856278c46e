"""Every outcome of bad input is the documented one."""

from __future__ import annotations

from pathlib import Path

import pytest
from checkout import ROOT
from needs import needs_documented_python

from callcost.benchmarks.facts import bad_input
from callcost.benchmarks.facts.bad_input import (
    BAD_INPUTS,
    NO_ANSWER,
    NOT_BUILT,
    BadInput,
    Outcomes,
    ProbeError,
    bad_input_table,
    call_in_child,
    candidates,
    name_outcome,
    probe_all,
)
from callcost.benchmarks.publish import publishing
from callcost.bindings.registry import Build, Mechanism

DOCUMENT = ROOT / "docs" / "bad-input.md"
TEXT, FRACTION, NOTHING, TOO_LARGE, MISSING, TOO_MANY = BAD_INPUTS


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    return probe_all()


def read_table(markdown: str) -> dict[tuple[str, str], str]:
    """Returns the cells of a Markdown table by their row's and their column's heading."""
    lines = [line.strip("| \n").split(" | ") for line in markdown.strip().splitlines()]
    (_, *columns), _, *rows = lines
    return {
        (name, column): cell
        for names, *cells in rows
        for name in names.split(", ")
        for column, cell in zip(columns, cells, strict=True)
    }


def documented() -> dict[tuple[str, str], str]:
    text = DOCUMENT.read_text(encoding="utf-8")
    _, _, rest = text.partition("<!-- generated: bad-input -->\n")
    return read_table(rest.partition("<!-- end -->")[0])


def documented_names() -> set[str]:
    """Returns the mechanisms whose outcomes are in the document."""
    return {row.strip("`") for (row, _), cell in documented().items() if cell != NOT_BUILT}


@needs_documented_python
@pytest.mark.parametrize("bad", BAD_INPUTS, ids=lambda bad: bad.call)
@pytest.mark.parametrize("mechanism", candidates(), ids=lambda mechanism: mechanism.name)
def test_outcome_is_the_documented_one(
    mechanism: Mechanism, bad: BadInput, outcomes: Outcomes
) -> None:
    if reason := Build().missing(mechanism):
        pytest.skip(f"not built: {reason}")
    cell = f"`{mechanism.name}`", f"`{bad.call}`"
    if documented()[cell] == NOT_BUILT:
        pytest.skip("the page was made where it could not be built")
    assert read_table(bad_input_table(outcomes))[cell] == documented()[cell]


def test_document_has_no_other_cells() -> None:
    rows = {f"`{mechanism.name}`" for mechanism in candidates()}
    assert documented().keys() == {(row, f"`{bad.call}`") for row in rows for bad in BAD_INPUTS}


@needs_documented_python
def test_document_shows_the_outcomes(outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = [m.name for m in candidates() if Build().missing(m)]
    if lacking := [name for name in missing if name in documented_names()]:
        pytest.skip(f"not built: {', '.join(lacking)}")
    monkeypatch.setattr(bad_input, "probe_all", lambda: outcomes)
    text = DOCUMENT.read_text(encoding="utf-8")
    assert publishing.BLOCK.search(text)
    assert text == publishing.fill(text)


KNOWN = [
    ("cffi_abi", TEXT, "raises TypeError"),
    ("cffi_api", FRACTION, "raises TypeError"),
    ("cffi_api", TOO_LARGE, "raises OverflowError"),
    ("cpython_fastcall", MISSING, "raises TypeError"),
    ("cpython_fastcall", TOO_LARGE, "raises OverflowError"),
    ("cpython_varargs", TOO_LARGE, "raises OverflowError"),
    ("ctypes_cdll", TEXT, "raises ArgumentError"),
    ("ctypes_cdll", TOO_LARGE, "returns 0"),
    ("ctypes_cdll", TOO_MANY, "returns 1"),
    ("ctypes_pydll", TOO_LARGE, "returns 0"),
    ("ctypes_untyped", TEXT, "undefined: an address for n"),
    ("ctypes_untyped", NOTHING, "returns 0"),
    ("ctypes_untyped", MISSING, "undefined: leftovers for n"),
    ("cython_def", FRACTION, "returns 1"),
    ("cython_def", TOO_LARGE, "raises OverflowError"),
    ("pybind11_module", FRACTION, "raises TypeError"),
    ("pybind11_module", TOO_LARGE, "raises TypeError"),
    ("python_reference", TEXT, "raises TypeError"),
    ("python_reference", TOO_LARGE, "raises RecursionError"),
]


@pytest.mark.parametrize(("name", "bad", "outcome"), KNOWN)
def test_known_outcome(name: str, bad: BadInput, outcome: str, outcomes: Outcomes) -> None:
    if (name, bad) not in outcomes:
        pytest.skip(f"{name} was not built")
    assert outcomes[name, bad] == outcome


# Modules that end in each way.

ENDINGS = {
    "returns": ("return n", "returns '1'"),
    "raises": ("raise KeyError(n)", "raises KeyError"),
    "panics": ("raise BaseException(n)", "raises BaseException"),
    "exits": ("raise SystemExit(3)", "raises SystemExit"),
    "dies": ("os.kill(os.getpid(), signal.SIGRTMIN + 3)", "crashes (signal 37)"),
    "crashes": ("os.kill(os.getpid(), signal.SIGSEGV)", "crashes (SIGSEGV)"),
    "aborts": ("os.abort()", "crashes (SIGABRT)"),
    "computes": ("while True: pass", NO_ANSWER),
    "waits": ("signal.pause()", NO_ANSWER),
}


def plant(folder: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> str:
    """Writes a module where a child process finds it; returns its name."""
    (folder / "planted.py").write_text(f"import os, signal\n{source}\n")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return "planted"


@pytest.mark.parametrize(("body", "ending"), ENDINGS.values(), ids=ENDINGS)
def test_ending_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, ending: str
) -> None:
    module = plant(tmp_path, monkeypatch, f"def fibonacci(n):\n    {body}")
    # Neither the call that waits nor the one that computes reaches this limit.
    assert call_in_child(module, TEXT, wall_limit_s=600.0, cpu_limit_s=1) == ending


def test_importing_does_not_use_up_the_time_of_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = "import time\nwhile time.process_time() < 1.5: pass\ndef fibonacci(n):\n    return n"
    module = plant(tmp_path, monkeypatch, busy)
    assert call_in_child(module, TEXT, cpu_limit_s=1) == "returns '1'"


def test_a_module_that_cannot_be_imported_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = plant(tmp_path, monkeypatch, "raise TypeError")
    with pytest.raises(ProbeError, match="cannot try"):
        call_in_child(module, TEXT)


def test_endings_that_differ_between_processes_have_one_name() -> None:
    for ending in ("returns 0", "returns 55", "crashes (SIGSEGV)", NO_ANSWER):
        assert name_outcome(ending, TEXT) == "undefined: an address for n"
        assert name_outcome(ending, TOO_LARGE) == ending
    assert name_outcome("raises TypeError", TEXT) == "raises TypeError"


def test_mechanisms_that_were_not_built_have_a_row() -> None:
    assert set(read_table(bad_input_table({})).values()) == {NOT_BUILT}
