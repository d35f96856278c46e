"""Interpreters are named for people, and get environments whose mechanisms call the same C."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from installs import copy_sources
from needs import needs_compiler

from callcost.benchmarks import environments
from callcost.benchmarks.environments import Place, UnequalCoreError, labels, make
from callcost.bindings.registry import CORE, FOLDER, Mechanism, mechanisms
from callcost.errors import CallcostError
from callcost.run import interpreter_build

KEPT = ("python_reference", "ctypes_cdll", "cpython_fastcall", "numba_njit")


def facts(implementation: str, version: str, flags: str = "") -> dict[str, str]:
    return {"implementation": implementation, "python_version": version, "abi_flags": flags}


def test_interpreters_have_short_names_that_are_all_different() -> None:
    assert labels([
        facts("cpython", "3.13.1"), facts("cpython", "3.15.0", "t"), facts("pypy", "3.11.13"),
    ]) == ["3.13", "3.15t", "pypy3.11"]  # fmt: skip
    assert labels([facts("cpython", "3.13.0"), facts("cpython", "3.13.2")]) == ["3.13.0", "3.13.2"]
    assert labels([facts("cpython", "3.13.0")] * 2) == ["3.13.0", "3.13.0 (2)"]


def test_without_sources_nothing_can_be_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environments, "FOLDER", tmp_path / "bindings")
    with pytest.raises(CallcostError, match="install callcost in a checkout"):
        make(["3.13"], print)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> list[Place]:
    """The running interpreter under two names, with a few mechanisms of a copy of the checkout."""
    checkout = copy_sources(tmp_path_factory.mktemp("matrix") / "checkout")
    for folder in (checkout / "bindings").iterdir():
        if folder.is_dir() and not folder.name.startswith("_") and folder.name not in KEPT:
            shutil.rmtree(folder)
    about = checkout / "pyproject.toml"
    text = about.read_text()
    for old, new in (
        ('groups = ["tools", "split", "build-all"]', 'groups = ["tools"]'),
        ('tools = ["cffi>=1.17"', 'tools = ["numba>=9999"] # "cffi'),
    ):
        assert old in text
        text = text.replace(old, new)
    about.write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=checkout, check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(environments, "FOLDER", checkout / "bindings")
        patch.setenv("CALLCOST_CACHE", str(tmp_path_factory.mktemp("cache")))
        try:
            return make([sys.executable, sys.executable], print, layouts=6)
        except CallcostError as error:
            if "Failed to fetch" in str(error):
                pytest.skip("cannot reach the package index")
            raise


@needs_compiler
def test_one_interpreter_under_two_names_has_one_environment(places: list[Place]) -> None:
    one, other = places
    assert one.made.folder == other.made.folder
    assert other.environment.name == f"{one.environment.name} (2)"
    assert len(one.environment.layouts) in (0, 6)
    assert [name for name in KEPT if one.missing(mechanism(name)) is None] == list(KEPT[:3])
    # The resolver's own words, not only that it is not installed.
    assert "numba" in one.made.left_out and "9999" in str(one.missing(mechanism("numba_njit")))


@needs_compiler
def test_facts_are_found_in_the_other_interpreter_and_kept(
    places: list[Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "mechanisms", lambda: list(map(mechanism, KEPT)))
    one, _ = places
    found = one.facts
    assert found["cpython_fastcall"]["checks_type"] == "yes"
    kept = json.loads((one.made.folder / environments.FACTS_FILE).read_text())
    assert kept == found and "numba_njit" not in kept
    described = one.as_json()
    assert described["core"] == one.build.facts["files"][CORE]
    assert list(described["missing"]) == ["numba_njit"]
    # The same interpreter as this one, in an environment of its own.
    assert described["interpreter"] == interpreter_build.describe()


@needs_compiler
def test_interpreters_whose_core_differs_are_refused(places: list[Place]) -> None:
    one, other = places
    changed = replace(other)
    changed.build.facts["files"] = {**other.build.facts["files"], CORE: "0" * 64}
    with pytest.raises(UnequalCoreError, match="must be compiled by the same compiler"):
        environments._require_one_core([one, changed])


def mechanism(name: str) -> Mechanism:
    """Returns a mechanism of the running suite."""
    return next(found for found in mechanisms(FOLDER) if found.name == name)
