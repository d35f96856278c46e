"""The build backend: what it builds by default and on request, and what each build needs."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import subprocess
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
from checkout import ROOT
from packaging.requirements import Requirement

from callcost.estimate.estimate import MIN_PROCESSES

pytest.importorskip("setuptools", reason="the build runs in setuptools, which is not installed")


pytestmark = pytest.mark.skipif(not (ROOT / "setup.py").exists(), reason="not a checkout")


# The number of layouts of each build.
COUNTS: list[int] = []


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The backend, with a setuptools that only returns the choice that setup.py would get."""
    module = importlib.import_module("callcost.bindings._build.backend")
    choice = importlib.import_module("callcost.bindings._build.choice")
    for kind in ("wheel", "editable"):
        for hook in (f"get_requires_for_build_{kind}", f"prepare_metadata_for_build_{kind}"):
            monkeypatch.setattr(module.build_meta, hook, lambda *_: [choice.chosen()])
        monkeypatch.setattr(module.build_meta, f"build_{kind}", lambda *_: choice.chosen())
    # The real one replaces the checkout's layouts.
    monkeypatch.setattr(module, "linked", count_layouts)
    return module


def test_as_few_layouts_are_linked_as_give_an_interval() -> None:
    layouts = importlib.import_module("callcost.bindings._build.layouts")
    assert layouts.LEAST == MIN_PROCESSES


def count_layouts(count: int) -> AbstractContextManager[None]:
    COUNTS.append(count)
    return nullcontext()


def names(requirements: Iterable[str]) -> set[str]:
    return {Requirement(text).name for text in requirements}


@pytest.mark.parametrize(("kind", "otherwise"), [("wheel", "none"), ("editable", "default")])
def test_a_wheel_is_the_instrument_and_an_editable_install_the_suite(
    kind: str, otherwise: str, backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = getattr(backend, f"build_{kind}")
    assert build("folder") == build("folder", {}) == otherwise
    assert build("folder", {"mechanisms": "few"}) == "few"
    assert getattr(backend, f"prepare_metadata_for_build_{kind}")("folder") == f"['{otherwise}']"
    monkeypatch.setenv("CALLCOST_MECHANISMS", "all")
    assert build("folder") == "all"
    # The command line wins.
    assert build("folder", {"mechanisms": "few"}) == "few"
    assert os.environ["CALLCOST_MECHANISMS"] == "all"


def test_the_suite_is_linked_in_as_many_layouts_as_asked_for(
    backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    COUNTS.clear()
    backend.build_editable("folder")
    backend.build_editable("folder", {"layouts": "6"})
    monkeypatch.setenv("CALLCOST_LAYOUTS", "0")
    backend.build_editable("folder")
    backend.build_editable("folder", {"layouts": "8"})
    backend.build_editable("folder", {"layouts": "8", "mechanisms": "none"})
    assert COUNTS == [16, 6, 0, 8, 0]
    for wrong in ("many", "5", "-6", "6.5"):
        with pytest.raises(SystemExit, match=re.escape(f"Cannot build layouts={wrong}. Give 0 ")):
            backend.build_editable("folder", {"layouts": wrong})


@pytest.mark.parametrize("kind", ["wheel", "editable"])
def test_a_build_needs_the_tools_of_the_chosen_mechanisms(kind: str, backend: Any) -> None:
    asked = getattr(backend, f"get_requires_for_build_{kind}")
    tools = [asked({"mechanisms": choice}) for choice in ("none", "few", "default", "all")]
    assert tools[0] == ["none"]
    assert asked({"mechanisms": "present"}) == ["present"]
    few, default, everything = (names(found[1:]) for found in tools[1:])
    assert few == {"cffi", "Cython", "pybind11"}
    assert few | {"nanobind", "swig"} == default
    assert default | {"hpy", "mypy", "setuptools-rust"} == everything
    with pytest.raises(SystemExit, match="Choose none, few, default, all or present"):
        asked({"mechanisms": "some"})


@pytest.mark.parametrize("kind", ["wheel", "editable"])
def test_hooks_have_the_parameters_that_frontends_name(kind: str, backend: Any) -> None:
    def parameters(hook: str) -> list[str]:
        return list(inspect.signature(getattr(backend, hook)).parameters)

    written = ["wheel_directory", "config_settings", "metadata_directory"]
    assert parameters(f"build_{kind}") == written
    assert parameters(f"prepare_metadata_for_build_{kind}") == [
        "metadata_directory",
        "config_settings",
    ]


def test_each_build_requires_only_what_it_uses() -> None:
    choice = importlib.import_module("callcost.bindings._build.choice")
    instrument, few, everything = (
        names(choice.dependencies(chosen)) for chosen in ("none", "few", "all")
    )
    assert {"numpy", "rich", "uv"} <= instrument
    assert few - instrument == {"abi3info", "cffi", "matplotlib", "pycxxfilt", "scipy", "scour"}
    split = {"nanobind-backend"} if choice.HAS_STABLE_ABI else set()
    assert everything - few == {"hpy", "numba"} | split


def test_every_command_works_with_the_oldest_pip() -> None:
    # Debian 12's virtual environments have pip 23.0, which does not know the short option.
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, timeout=600, check=True
    )
    texts = {
        name: (ROOT / name).read_text(encoding="utf-8")
        for name in listed.stdout.split("\0")
        if name.endswith((".md", ".py", ".toml", ".ini", ".yml")) or name.startswith(".ci/")
    }
    assert len(texts) > 100
    short = re.compile(r"\b(pip|install|wheel)\b[^|&;\n]* -C\b")
    assert [name for name, text in texts.items() if short.search(text)] == []
