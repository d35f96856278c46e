"""The mechanisms that are built for the stable ABI: which they are, and that they keep to it."""

from __future__ import annotations

import importlib
import re
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from callcost.bindings.registry import (
    FOLDER,
    Build,
    Mechanism,
    StaleBuildError,
    mechanisms,
    tool_of,
)
from callcost.model import abi

setuptools = pytest.importorskip(
    "setuptools", reason="the build runs in setuptools, which is not installed"
)
declare, libraries = (
    importlib.import_module(f"callcost.bindings._build.{name}") for name in ("declare", "libraries")
)
FORMS = {each.name: each.stable_form_of for each in mechanisms()}
STABLE = [name for name, native in FORMS.items() if native]
PROMISED = re.compile(r"-DPy_(?:LIMITED_API|TARGET_ABI3T)=0x(..)(..)0000")


def test_every_tool_with_a_stable_abi_is_compared_with_its_native_form() -> None:
    assert {tool_of(name) for name in STABLE} == {"cpython", "cython", "nanobind", "pyo3"}
    for name in STABLE:
        native = FORMS[name]
        assert native in FORMS and FORMS[native] is None and tool_of(native) == tool_of(name)


@pytest.mark.parametrize("name", STABLE)
def test_a_stable_abi_is_left_out_where_it_does_not_exist(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """3.14 without a GIL has neither abi3 nor abi3t."""
    monkeypatch.setattr(sysconfig, "get_config_var", {"Py_GIL_DISABLED": 1}.get)
    monkeypatch.setattr(sys, "version_info", (3, 14, 0, "final", 0))
    with pytest.raises(declare.PlatformError, match="GIL"):
        declare.load_file(declare.ROOT / "bindings" / name / "build.py")


def built(name: str) -> tuple[list[Path], list[str]]:
    """Returns a mechanism's extensions and flags; skips the test if it was not built."""
    mechanism = Mechanism(name, FOLDER / name)
    try:
        build = Build()
        missing = build.missing(mechanism)
    except StaleBuildError as error:
        pytest.skip(str(error))
    if missing is not None:
        pytest.skip(missing)
    files = [each for each in build.files(mechanism) if each.module]
    flags = build.facts["flags"]
    return [each.path for each in files], [f for each in files for f in flags.get(each.module, ())]


@pytest.mark.parametrize("name", [*STABLE, "cffi_api"])
def test_a_file_for_the_stable_abi_calls_only_what_its_version_has(name: str) -> None:
    """The headers of a later Python offer more, which older ones do not have."""
    abi3info: Any = pytest.importorskip("abi3info", reason="abi3info is not installed")
    tables = (abi3info.FUNCTIONS, abi3info.DATAS)
    added = {symbol.name: found.added for table in tables for symbol, found in table.items()}
    files, flags = built(name)
    if sysconfig.get_config_var("Py_GIL_DISABLED") and sys.version_info < (3, 15):
        pytest.skip("there is no stable ABI without a GIL before 3.15")
    match = PROMISED.search(" ".join(flags))
    promised = tuple(int(part, 16) for part in match.groups()) if match else (3, 11)
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        promised = (3, 15)
    for path in files:
        assert abi.is_stable(path.name)
        used = libraries.symbols(path)
        if used is None:
            pytest.skip("nm cannot read the file")
        assert used, "an extension calls Python"
        assert used <= added.keys(), f"{path.name} calls what no version promises"
        late = {each for each in used if (added[each].major, added[each].minor) > promised}
        assert not late, f"{path.name} promises {promised}, but these came later: {late}"
