"""The site of a run in several interpreters: what upgrades cost, and pages of the leading one."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import made_records
import needs_site
import pytest
import sites

from callcost.benchmarks.facts.marks import label_of
from callcost.benchmarks.matrix.upgrades import largest, upgrades
from callcost.benchmarks.site import inputs
from callcost.benchmarks.site.measured import Measured
from callcost.benchmarks.site.pages import upgrades as upgrades_page
from callcost.benchmarks.tools import workload_label
from callcost.console.numbers import number

pytestmark = needs_site.one_process("matrix site")
LEADING = "CPython 3.13.1 (PGO, LTO, no JIT, GIL)"
PAGES = (
    "index.html", "choose.html", "mechanisms/index.html", "mechanisms/cffi_api.html",
    "mechanisms/ctypes_cdll.html", "workloads/index.html", "workloads/fibonacci.html",
    "break-even.html", "scaling.html", "stable-abi.html", "environments.html", "method.html",
    "record.html",
)  # fmt: skip


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("record")
    return made_records.written(folder / "run.json", made_records.matrix_record())


@pytest.fixture(scope="module")
def measured(record: Path) -> Measured:
    return inputs.read([record]).runs[0]


@pytest.fixture(scope="module")
def folder(record: Path) -> Path:
    place = record.parent / "site"
    sites.succeeded(sites.run_report(record, "--output", place))
    return place


def words(folder: Path, address: str) -> str:
    """Returns what a page says, without markup and with single spaces."""
    text = sites.page(folder, address).partition("<main")[2]
    text = re.sub(r"<script.*?</script>|<svg.*?</svg>", " ", text, flags=re.DOTALL)
    found = " ".join(re.sub(r"<[^>]+>", " ", text).split())
    return found.replace("&#39;", "'").replace("&gt;", ">")


@pytest.mark.parametrize("address", PAGES)
def test_every_page_says_which_interpreter_it_shows(folder: Path, address: str) -> None:
    said = words(folder, address)
    assert LEADING in said
    assert "The run has 4 interpreters; pages without their names show 3.13." in said


def test_every_page_of_the_site_has_something_to_say(folder: Path) -> None:
    every = {path.relative_to(folder).as_posix() for path in folder.rglob("*.html")}
    assert set(PAGES) <= every
    for address in every:
        body = words(folder, address).partition("CPython 3.13.1 (PGO")[0]
        assert len(body) > 60, address


def test_the_page_tells_what_each_upgrade_costs(folder: Path, measured: Measured) -> None:
    said = words(folder, "environments.html")
    found = list(upgrades(measured.matrix, largest(measured.matrix), {}))
    assert [(each.before, each.after) for each in found][:2] == [
        ("3.13", "3.14t"), ("3.13", "3.15"),
    ]  # fmt: skip
    for place, each in enumerate(found):
        folded = bool(each.skips or place)
        assert f"{each.heading}{': ' if folded else ' '}{each.counted}" in said
        for sentence in each.sentences:
            assert sentence.partition(";")[0] in said
    assert "2,600 instructions instead of 2,000 (+30.0%)." in said
    assert "3.15 CPython 3.15.0rc2 (release candidate 2, GIL; PGO, LTO and JIT unknown)" in said
    assert said.index("From 3.13 to 3.14t") < said.index("Every workload")


def test_every_cost_and_change_is_shown(folder: Path, measured: Measured) -> None:
    said = words(folder, "environments.html").partition("Every workload")[2]
    for sheet in measured.matrix.sheets:
        label = workload_label(sheet.workload)
        table = said.partition(f"{label} ")[2].partition("mechanism 3.13")[2]
        for line in sheet.lines:
            costs = [number(cost.value) for cost in line.net_ns.values()]
            row = re.search(rf"{re.escape(label_of(line.mechanism))}†? ([^a-z]*)", table)
            assert row is not None
            assert [cost for cost in costs if cost not in row[1]] == []
    (part,) = upgrades_page.parts([measured])
    cells = {row.name: row.cells for row in part.panels[1].rows}
    assert [cell.kind for cell in cells["ctypes_cdll"]] == ["", "slower", "slower", "slower"]
    assert cells["ctypes_cdll"][1].change.startswith(("+29.", "+30."))
    assert [bool(cell.around) for cell in cells["cffi_api"]] == [False, True, False, True]
    assert cells["cffi_api"][3].told == ""


def test_every_workload_has_its_charts_folded(folder: Path) -> None:
    text = sites.page(folder, "environments.html")
    assert text.count('<details class="workload">') == 2 and "<details open" not in text
    shown = re.findall(r'(?:src|srcset)="([^"]+\.svg)"', text)
    assert len(shown) == 4 and len({*shown}) == 4
    for address in shown:
        assert "C API, METH_FASTCALL" in (folder / address).read_text()


def test_facts_are_those_of_each_interpreter(folder: Path) -> None:
    told = "not seen (3.15, 3.13, pypy3.11); yes (3.14t)"
    assert told in words(folder, "mechanisms/ctypes_cdll.html")
    # Of many mechanisms at once, those of the interpreter that the page names.
    text = sites.page(folder, "mechanisms/index.html")
    row = text.partition(">ctypes.CDLL</a>")[2].partition("</tr>")[0]
    assert re.findall(r'<td title="([^"]*)"', row)[:2] == ["not seen", "yes"]
    assert f"revealed in {LEADING}" in words(folder, "mechanisms/index.html")
    said = words(folder, "environments.html")
    assert "Cython 3.3.1 3.4.0 3.4.0 3.4.0" in said
    assert "C API, METH_FASTCALL -O2; text.c: -O3" in said
    assert "cffi, API mode: no compiler (in 3.13 and 3.15)" in said
    said = words(folder, "record.html")
    assert "Cython 3.3.1 (3.13); 3.4.0 (3.14t, 3.15, pypy3.11)" in said


def test_a_mechanism_that_the_leading_interpreter_lacks_says_so(folder: Path) -> None:
    said = words(folder, "mechanisms/cffi_api.html")
    assert f"Not in {LEADING}: no compiler." in said
    assert "In each interpreter" in said
    assert re.search(r"1 int -> int – (49|50)\.\d ±[\d.]+ – (9|10)\.\d", said)


def test_the_front_page_has_the_leading_interpreters_rows(folder: Path) -> None:
    text = sites.page(folder, "index.html")
    names = re.findall(r'<tr data-name="([^"]+)"', text)
    assert sorted(names) == ["cpython_fastcall", "ctypes_cdll", "python_reference"]


def test_the_csv_has_the_rows_of_every_interpreter(folder: Path, measured: Measured) -> None:
    with (folder / "data/costs-1.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    expected = {
        (workload, name, place)
        for workload in ("get_pi", "fibonacci")
        for name, costs in made_records.MATRIX_NS.items()
        for place in costs
    }
    assert {(one["workload"], one["mechanism"], one["interpreter"]) for one in lines} == expected
    for one in lines:
        planted = made_records.MATRIX_NS[one["mechanism"]][one["interpreter"]]
        assert float(one["net_ns"]) == pytest.approx(planted, rel=0.02)
    ranked = {one["interpreter"] for one in lines if one["rank"]}
    assert ranked == {"3.13"}


def test_a_mechanism_of_the_past_is_called_legacy(tmp_path: Path) -> None:
    document = made_records.with_legacy(made_records.matrix_record())
    (part,) = upgrades_page.parts([Measured(tmp_path / "run.json", document)])
    for panel in part.panels:
        assert "HPy, universal ABI (legacy)" in {row.shown for row in panel.rows}


def test_one_interpreter_alone_has_nothing_to_compare(tmp_path: Path) -> None:
    document = made_records.matrix_record()
    section = document["callcost"]
    section["groups"] = {n: g for n, g in section["groups"].items() if n.endswith("@ 3.15")}
    about = section["environment"]["interpreters"]
    section["environment"]["interpreters"] = {"3.15": about["3.15"]}
    path = made_records.written(tmp_path / "run.json", document)
    sites.succeeded(sites.run_report(path, "--output", tmp_path / "site"))
    said = words(tmp_path / "site", "environments.html")
    assert "There is one interpreter, so there is nothing to compare." in said
    assert not list((tmp_path / "site").rglob("slopes/**/*.svg"))
    assert "release candidate 2" in words(tmp_path / "site", "index.html")


def test_interpreters_without_any_row_are_still_named(tmp_path: Path) -> None:
    document = made_records.matrix_record()
    document["benchmarks"] = []
    path = made_records.written(tmp_path / "run.json", document)
    sites.succeeded(sites.run_report(path, "--output", tmp_path / "site"))
    assert "No call was measured in them." in words(tmp_path / "site", "environments.html")
    assert "This run holds no rows" in words(tmp_path / "site", "index.html")


def test_a_run_in_several_interpreters_stands_beside_another(tmp_path: Path, record: Path) -> None:
    other = made_records.written(tmp_path / "other.json", made_records.record())
    sites.succeeded(sites.run_report(record, other, "--output", tmp_path / "site"))
    said = words(tmp_path / "site", "environments.html")
    assert "From 3.13 to 3.14t" in said and "All runs side by side" in said
    assert "1: CPython 3.13.1" in said and "1: 3.14t" in said and "2: CPython 3.12.1" in said


def test_hostile_names_of_interpreters_are_escaped(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    text = made_records.written(tmp_path / "run.json", made_records.matrix_record()).read_text()
    path = tmp_path / "evil.json"
    path.write_text(text.replace("3.14t", evil))
    sites.succeeded(sites.run_report(path, "--output", tmp_path / "site"))
    for page in (tmp_path / "site").rglob("*.html"):
        assert evil not in page.read_text(), page
