"""A stale row fails by name; one that was not built is skipped with the reason."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from callcost.benchmarks import contenders as rows
from callcost.benchmarks.catalogue import WORKLOADS
from callcost.bindings.registry import Build, Mechanism, StaleBuildError, mechanisms


def marks(parameters: list[pytest.param]) -> dict[str, pytest.Mark]:  # type: ignore[valid-type]
    return {row.id: row.marks[0].mark for row in parameters}  # type: ignore[attr-defined]


def test_only_a_stale_mechanism_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def check(_: Build, mechanism: Mechanism) -> None:
        if mechanism.name == "cython_def":
            raise StaleBuildError("it is stale")

    monkeypatch.setattr(Build, "check_sources", check)
    found = marks(rows.rows(WORKLOADS))
    stale = [name for name, mark in found.items() if mark.name == "callcost_refused"]
    (mechanism,) = (m for m in mechanisms() if m.name == "cython_def")
    supported = [w.name for w in WORKLOADS if mechanism.offers(w.function)]
    assert stale == [f"{name}-cython_def" for name in supported] != []
    assert found["get_pi-cython_def"].kwargs == {"reason": "cython_def: it is stale"}


def test_a_mechanism_that_was_not_built_is_skipped_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Build, "missing", lambda _, m: "no compiler" if m.tool == "cffi" else None)
    found = marks(rows.rows(WORKLOADS))
    skipped = {name for name, mark in found.items() if mark.name == "skip"}
    assert skipped == {name for name in found if "-cffi_" in name}
    assert found["get_pi-cffi_api"].args == ("not built: no compiler",)


def test_a_refused_row_fails_with_its_reason_only(tmp_path: Path) -> None:
    (tmp_path / "test_refused.py").write_text(
        "import pytest\n"
        "from callcost.pytest_plugin.plugin import refused\n"
        "@pytest.mark.parametrize('name', [refused('tool: it is stale', 'x', identity='x')])\n"
        "def test_row(callcost, name):\n"
        "    callcost()\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", str(tmp_path), "--benchmark-only"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "tool: it is stale" in done.stdout
    assert "Traceback" not in done.stdout and "Error" not in done.stdout
