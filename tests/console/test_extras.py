"""One sentence names a missing optional library, with the line that installs it."""

from __future__ import annotations

import sys

import pytest

from callcost.console.extras import MissingExtraError, require


def test_an_installed_extra_is_accepted() -> None:
    require("callcost inspect", "inspect")


def test_one_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(MissingExtraError) as caught:
        require("callcost history", "history")
    install = "Install it: pip install 'callcost[history]'"
    assert str(caught.value) == f"callcost history needs DuckDB. {install}"
    assert caught.value.exit_code == 2


def test_several_missing_libraries_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lief", None)
    monkeypatch.setitem(sys.modules, "pycxxfilt", None)
    with pytest.raises(MissingExtraError, match=r"needs LIEF and pycxxfilt\. Install them: "):
        require("callcost inspect", "inspect")
