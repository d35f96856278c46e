"""What README and docs show is what the records in results/ say, and those meet their bars."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from callcost.benchmarks.charts import draw as charts
from callcost.benchmarks.publish import figures, publishing
from callcost.console import page
from callcost.console.page import THEMES
from callcost.estimate.reading import RecordError
from callcost.estimate.record import Record

pytestmark = pytest.mark.skipif(
    not (publishing.ROOT / "README.md").exists(), reason="not a checkout: no documents here"
)


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    return Record.load(publishing.REFERENCE).document


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


# Bad input takes a while to be tried: test_bad_input.py has the outcomes, and compares this one.
@pytest.mark.parametrize("name", [n for n in publishing.DOCUMENTS if n != "docs/bad-input.md"])
def test_every_generated_part_is_what_the_records_say(name: str) -> None:
    text = (publishing.ROOT / name).read_text()
    parts = publishing.BLOCK.findall(text)
    assert len(parts) == text.count("<!-- generated:") > 0
    assert text == publishing.fill(text)


def test_charts_of_the_reference_are_there_and_can_be_redrawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All figures are laid out again. One is rendered: that takes most of the time, and test_charts
    # renders each kind.
    def save(figure: Figure, stem: Path) -> list[Path]:
        if stem.name.endswith(f".per_call.{drawn.name}"):
            return page.save(figure, stem)
        return [stem.with_name(f"{stem.name}.{extension}") for extension in ("svg", "png")]

    monkeypatch.setattr(charts, "save", save)
    drawn, *others = THEMES  # alike but for their colours
    for path in charts.draw(publishing.REFERENCE, tmp_path, [drawn]):
        names = [path.name.replace(f".{drawn.name}.", f".{theme.name}.") for theme in others]
        for name in (path.name, *names):
            committed = publishing.RESULTS / name
            assert committed.exists(), f"run: callcost publish ({name} is missing)"
    readme = (publishing.ROOT / "README.md").read_text()
    shown = {part.partition('"')[0] for part in readme.split('"results/')[1:]}
    assert shown and all((publishing.RESULTS / name).exists() for name in shown)


def test_the_reference_is_whole_and_conclusive() -> None:
    publishing.refuse_unfit(publishing.REFERENCE)


def test_an_unfit_run_cannot_become_the_reference(tmp_path: Path) -> None:
    document = Record.load(publishing.REFERENCE).document
    document["callcost"]["interrupted"] = True
    del document["callcost"]["groups"]["get_pi"]
    path = tmp_path / "unfit.json"
    path.write_text(json.dumps(document))
    with pytest.raises(RecordError, match=r"it lacks get_pi; it was interrupted"):
        publishing.publish(path)


def test_the_reference_run_kept_to_its_budget(reference: dict[str, Any]) -> None:
    section = reference["callcost"]
    assert section["wall_s"] / len(reference["benchmarks"]) <= 0.5
    assert section["coordinator_peak_mib"] < 300
    used = [group["processes_used"] for group in section["groups"].values()]
    assert min(used) >= 10


def test_the_recorded_calibration_is_unbiased() -> None:
    found = read(publishing.CALIBRATION)
    assert abs(found["slope"] - 1) <= 0.03
    fitted_ns = [point["injected_ns"] for point in found["points"] if point["fitted"]]
    assert min(fitted_ns) < 22 and max(fitted_ns) > 195
    assert all(abs(end) <= 0.5 for end in found["empty_call_ns_interval"])
    assert found["wall_s"] < 60


def test_the_recorded_runs_repeat() -> None:
    found = read(publishing.REPEATABILITY)
    whole = found["harnesses"]["callcost, whole suite"]
    assert whole["compared"] >= 130
    assert whole["within_limit"] >= 0.95
    assert found["limit"] == 0.02
    assert found["order"]["turned_round"] == 0
    others = [name for name in found["harnesses"] if not name.startswith("callcost")]
    assert len(others) == 3


def test_a_large_history_is_fast() -> None:
    found = read(publishing.HISTORY)
    assert found["rows"] >= 1_000_000
    assert found["run_rows"] >= 500 and found["add_s"]["best"] < 2
    assert found["show_s"]["best"] < 1


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (publishing.HISTORY, "rows"),
        (publishing.GATE, "cold"),
        (publishing.REPEATABILITY, "order"),
        (publishing.REPORT, "few"),
        (publishing.FACTS_NEXT, "python"),
        (publishing.CALIBRATION, "aa_max"),
    ],
)
def test_a_damaged_file_of_figures_is_named(tmp_path: Path, path: Path, field: str) -> None:
    odd = tmp_path / path.name
    document = read(path)
    odd.write_text(json.dumps(document)[:-3])
    with pytest.raises(RecordError, match=rf"{odd.name} is not JSON"):
        figures.read(odd)
    odd.write_text(json.dumps({**document, "more": float("nan")}))
    with pytest.raises(RecordError, match=rf"{odd.name} is damaged: more: nan"):
        figures.read(odd)
    del document[field]
    odd.write_text(json.dumps(document))
    with pytest.raises(RecordError, match=rf"{odd.name} is damaged: the whole: it lacks {field}"):
        figures.read(odd)
