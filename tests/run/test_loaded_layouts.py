"""Each process of a run loads one layout, all of them equally often."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from callcost.model.contender import Binary, Contender
from callcost.model.group import Group
from callcost.model.layout import AS_BUILT, Layout
from callcost.model.plan import Settings
from callcost.model.run import Run
from callcost.run.coordinator import measure

PROCESSES = 12
SETTINGS = Settings(processes=PROCESSES, row_s=0.02, seed=1)
COUNT = 4


def measured(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Measures a package that exists as built (0) and in layouts; it says which one it is."""
    places = [folder / str(number) for number in range(COUNT + 1)]
    for number, place in enumerate(places):
        place.mkdir()
        (place / "moved.py").write_text(f"NUMBER = {number}\nCALLS = []\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(places[0]))
    contender = Contender("moved", "import moved", "moved.CALLS", report="moved.NUMBER")
    layouts = [Layout("", {}, str(place)) for place in places[1:]]
    return measure([Group("g", (contender,))], SETTINGS, lambda _: None, layouts=layouts)


def test_processes_load_all_layouts_equally_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = measured(tmp_path, monkeypatch)
    assert not run.failures
    times = run.groups["g"]
    assert [report["moved"] for report in times.reports] == times.layouts
    assert Counter(times.layouts) == dict.fromkeys(range(1, COUNT + 1), PROCESSES // COUNT)


def test_a_layout_has_its_own_files() -> None:
    there = Binary("pkg/_m.so", "/built/_m.so", "1" * 64, "pkg._m")
    other = Binary("pkg/_n.so", "/built/_n.so", "2" * 64, "pkg._n")
    contender = Contender(
        "c", "", "f()", binaries=(there, other), program=("/built/program", "fibonacci")
    )
    layout = Layout(
        "",
        {"/built/_m.so": ("/3/_m.so", "3" * 64), "/built/program": ("/3/program", "4" * 64)},
        "/3",
    )
    moved = layout.contender(contender)
    assert moved.binaries == (Binary("pkg/_m.so", "/3/_m.so", "3" * 64, "pkg._m"), other)
    assert moved.program == ("/3/program", "fibonacci")
    assert AS_BUILT == 0
