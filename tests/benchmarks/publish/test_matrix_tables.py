"""docs/interpreters.md shows what the record of several interpreters says."""

from __future__ import annotations

import re
from pathlib import Path

import made_records
import pytest

from callcost.benchmarks.matrix.figures import Matrix
from callcost.benchmarks.publish import matrix_tables, publishing
from callcost.console.numbers import number
from callcost.estimate.reading import RecordError
from callcost.estimate.record import Record

pytestmark = pytest.mark.skipif(
    not (publishing.ROOT / "README.md").exists(), reason="not a checkout: no documents here"
)


def made(folder: Path, *, twin: str = "") -> Path:
    document = made_records.matrix_record(["get_pi", "fibonacci"], twin=twin)
    return made_records.written(folder / "matrix.json", document)


def test_the_document_has_interpreters_upgrades_and_a_table_for_each_workload(
    tmp_path: Path,
) -> None:
    path = made(tmp_path)
    text = matrix_tables.document(path)
    assert (
        "| 3.15 | CPython 3.15.0rc2 (release candidate 2, GIL; PGO, LTO and JIT unknown) |" in text
    )
    assert "Run of 2026-11-01: Linux · x86_64 · A CPU, 4 CPUs; 26 rows in 2 s" in text
    assert re.search(r"### From 3\.13 to 3\.14t\n\n\d of 6 rows slower, 0 faster\.", text)
    assert "2,600 instructions instead of 2,000 (+30.0%)." in text
    assert "| Cython | 3.3.1 | 3.4.0 | 3.4.0 | 3.4.0 |" in text
    assert "| `cpython_fastcall` | `-O2; text.c: -O3` |" in text
    assert "- `cffi_api` in 3.13 and 3.15: no compiler" in text
    assert text.count("<details>") == text.count("</details>") == 2


def test_every_cost_is_in_the_tables(tmp_path: Path) -> None:
    path = made(tmp_path)
    text = matrix_tables.document(path)
    matrix = Matrix(Record.load(path).estimates, list(made_records.INTERPRETERS))
    for sheet in matrix.sheets:
        table = text.partition(f"<summary>{sheet.workload}")[2].partition("</details>")[0]
        for line in sheet.lines:
            (row,) = re.findall(rf"^\| `{line.mechanism}`.*$", table, re.MULTILINE)
            cells = [cell.strip() for cell in row.strip("|").split("|")]
            # A column for each interpreter, and one between each and the one before.
            assert len(cells) == 2 * len(matrix.places)
            for place, cell in zip(matrix.places, [cells[1], *cells[2::2]], strict=True):
                cost = line.net_ns.get(place)
                assert cell.partition(" ")[0] == ("–" if cost is None else number(cost.value))
    assert "| `ctypes_cdll`† |" in text


def test_a_group_whose_control_moved_is_named(tmp_path: Path) -> None:
    text = matrix_tables.document(made(tmp_path, twin="3.14t"))
    assert text.count("(inconclusive in 3.14t)") == 2
    assert "| ? |" in text


def test_a_mechanism_of_the_past_is_called_legacy(tmp_path: Path) -> None:
    document = made_records.with_legacy(made_records.matrix_record())
    text = matrix_tables.document(made_records.written(tmp_path / "matrix.json", document))
    assert text.count("| `hpy_universal` (legacy) |") == 2


def test_without_a_record_the_document_says_so(tmp_path: Path) -> None:
    assert matrix_tables.document(tmp_path / "matrix.json.xz") == matrix_tables.NOT_RECORDED
    assert matrix_tables.draw(tmp_path / "matrix.json.xz", tmp_path) == []


def test_the_charts_of_the_document_are_drawn_and_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix_tables, "CHARTED", ("fibonacci",))
    path = made(tmp_path)
    drawn = matrix_tables.draw(path, tmp_path)
    assert [file.name for file in drawn] == ["matrix.slopes.fibonacci.svg"]
    shown = re.findall(r'src="../results/([^"]+)"', matrix_tables.document(path))
    assert shown == [file.name for file in drawn]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["callcost"].update(interrupted=True), "it was interrupted"),
        (lambda d: d["callcost"]["environment"]["interpreters"].pop("3.13"), ""),
        (lambda d: d["machine_info"].pop("cpu"), r"machine_info.*cpu"),
    ],
)
def test_a_run_that_is_not_whole_is_not_published(
    tmp_path: Path, change: object, message: str
) -> None:
    document = made_records.matrix_record()
    assert callable(change)
    change(document)
    record = Record(tmp_path / "run.json", document)
    if not message:
        matrix_tables.refuse_unfit(record)
        for place in ("3.14t", "3.15"):
            document["callcost"]["environment"]["interpreters"].pop(place)
        message = "it has one interpreter"
    with pytest.raises(RecordError, match=message):
        matrix_tables.refuse_unfit(record)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Other places for the two records, and a reference that may stay."""
    reference, matrix = tmp_path / "reference.json.xz", tmp_path / "matrix.json.xz"
    reference.write_bytes(b"reference")
    monkeypatch.setattr(publishing, "REFERENCE", reference)
    monkeypatch.setattr(publishing, "MATRIX", matrix)
    monkeypatch.setattr(publishing, "refuse_unfit", lambda _: None)
    return reference, matrix


def test_a_run_in_several_interpreters_is_published_beside_the_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, places: tuple[Path, Path]
) -> None:
    reference, matrix = places
    monkeypatch.setattr(publishing, "_write_all", lambda: [])
    given = tmp_path / "run"
    given.mkdir()
    publishing.publish(made(given))
    assert reference.read_bytes() == b"reference"
    assert matrix_tables.document(matrix).replace("matrix.slopes", "") == (
        matrix_tables.document(given / "matrix.json").replace("matrix.slopes", "")
    )
    filled = publishing.fill("<!-- generated: interpreters -->\n<!-- end -->\n")
    assert "### From 3.13 to 3.14t" in filled


def test_a_failed_publication_leaves_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, places: tuple[Path, Path]
) -> None:
    _, matrix = places

    def fail() -> None:
        assert matrix.exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(publishing, "_write_all", fail)
    with pytest.raises(KeyboardInterrupt):
        publishing.publish(made(tmp_path))
    assert not matrix.exists()
