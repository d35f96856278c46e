"""README and docs show what the records in results/ say, and the records meet their limits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import made_records
import pytest
from matplotlib.figure import Figure

from callcost.benchmarks.charts import draw as charts
from callcost.benchmarks.facts import marks
from callcost.benchmarks.publish import figures, matrix_tables, publishing
from callcost.console import page
from callcost.console.page import LIGHT, Theme
from callcost.estimate.reading import RecordError, checked
from callcost.estimate.record import Record
from callcost.explain import chart

LARGEST_CHART_B = 60_000
pytestmark = pytest.mark.skipif(
    not (publishing.ROOT / "README.md").exists(), reason="not a checkout: no documents here"
)


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    return Record.load(publishing.REFERENCE).document


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


# test_bad_input.py has the outcomes of bad input, which take a while, and compares that document.
@pytest.mark.parametrize("name", [n for n in publishing.DOCUMENTS if n != "docs/bad-input.md"])
def test_every_generated_part_matches_the_records(name: str) -> None:
    text = (publishing.ROOT / name).read_text()
    parts = publishing.BLOCK.findall(text)
    assert len(parts) == text.count("<!-- generated:") > 0
    assert text == publishing.fill(text)


@pytest.mark.parametrize("part", ["cost-table", "the_call"])
def test_a_table_calls_legacy_mechanisms_so(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "legacy_names", lambda: frozenset({"cffi_api"}))
    rows = re.findall(r"^\| `(\w+)`( \(legacy\))? \|", publishing.GENERATORS[part](), re.MULTILINE)
    called = {name for name, said in rows if said}
    assert called == {name for name, _ in rows} & {"cffi_api"} != set()


def test_git_and_the_sdist_have_every_record_that_the_documents_show() -> None:
    records = [path for path in vars(publishing).values() if isinstance(path, Path)]
    names = [path.name for path in records if path.parent == publishing.RESULTS]
    assert {"reference.json.xz", "cases.json"} <= {*names}
    # A user's own runs are in results/ too, and ignored there.
    told = (publishing.ROOT / ".gitignore").read_text().split()
    kept = [line.removeprefix("!results/") for line in told if line.startswith("!results/")]
    packed = (publishing.ROOT / "MANIFEST.in").read_text().split()
    for name in names:
        assert any(fnmatch(name, pattern) for pattern in kept), name
        assert any(fnmatch(f"results/{name}", f"*{pattern}") for pattern in packed), name


def anchors(document: Path) -> set[str]:
    """Returns the anchors of a Markdown page's headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", [path.name for path in (publishing.ROOT / "docs").glob("*.md")])
def test_links_between_documents_lead_somewhere(name: str) -> None:
    document = publishing.ROOT / "docs" / name
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.M | re.S)
    # Not those to elsewhere.
    for link in re.findall(r'(?:\]\(|src=")(?!https:)([^)"\s:]+)', text):
        place, _, anchor = link.partition("#")
        target = document.parent / place if place else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def texts_of(drawing: Callable[[Theme], Figure]) -> set[str]:
    """Lays a figure out, which is quicker than rendering it, and collects what it says."""
    with page.settings(LIGHT):
        figure = drawing(LIGHT)
    texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    return {line for text in texts for line in text.get_text().splitlines()}


def test_the_published_charts_say_what_the_records_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: dict[str, set[str]] = {}

    def lay_out(
        drawing: Callable[[Theme], Figure], stem: Path, formats: Collection[str]
    ) -> list[Path]:
        said[f"{stem.name}.svg"] = texts_of(drawing)
        return []

    monkeypatch.setattr(charts, "save", lay_out)
    monkeypatch.setattr(chart, "save", lay_out)
    monkeypatch.setattr(page, "save", lay_out)
    charts.draw(publishing.REFERENCE, tmp_path)
    publishing.draw_explanation(tmp_path)
    publishing.draw_layouts(tmp_path)
    publishing.draw_stable_abi(tmp_path)
    publishing.draw_front(tmp_path)
    matrix_tables.draw(publishing.MATRIX, tmp_path)
    # The user's own runs are there too: 2026-11-27T120000Z_0123abcd.per_call.svg
    drawn = {path.name for path in publishing.RESULTS.glob("[!0-9]*.svg")}
    assert drawn == said.keys()
    for name, texts in said.items():
        published = publishing.RESULTS / name
        assert published.stat().st_size < LARGEST_CHART_B
        missing = texts - set(ElementTree.parse(published).getroot().itertext())
        assert not missing, f"run: callcost publish ({name})"


@pytest.mark.parametrize("name", publishing.DOCUMENTS)
def test_every_picture_of_a_document_is_there(name: str) -> None:
    document = publishing.ROOT / name
    shown = re.findall(r'<img[^>]* src="([^":]+)"', document.read_text())
    assert all((document.parent / path).exists() for path in shown)
    assert shown or name not in ("README.md", "docs/costs.md", "docs/explaining.md")


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


@pytest.mark.parametrize(
    "place", [("system",), ("cpu",), ("cpu", "brand_raw"), ("callcost", "cpu_count")], ids=".".join
)
def test_a_reference_names_its_machine(tmp_path: Path, place: tuple[str, ...]) -> None:
    document = made_records.record()
    checked(tmp_path, document, figures.Reference)
    *above, last = place
    part = document["machine_info"]
    for name in above:
        part = part[name]
    del part[last]
    with pytest.raises(RecordError, match=rf"machine_info.*{last}"):
        checked(tmp_path, document, figures.Reference)


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_failed_publication_keeps_the_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    reference = tmp_path / "reference.json.xz"
    reference.write_bytes(b"old")
    monkeypatch.setattr(publishing, "REFERENCE", reference)
    monkeypatch.setattr(publishing, "refuse_unfit", lambda _: None)
    monkeypatch.setattr(publishing, "compressed", lambda _: b"new")

    def fail() -> None:
        assert reference.read_bytes() == b"new"
        raise error

    monkeypatch.setattr(publishing, "_write_all", fail)
    with pytest.raises(error):
        publishing.publish(made_records.written(tmp_path / "run.json", made_records.record()))
    assert reference.read_bytes() == b"old"


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
