"""The site has the figures, facts and sources of its records, whatever names they contain."""

from __future__ import annotations

import csv
import html
import json
import math
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import needs_site
import pytest
import sites
from checkout import RESULTS, ROOT

from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.facts.marks import label_of, legacy_names, named
from callcost.benchmarks.matrix.interpreters import running
from callcost.benchmarks.publish.publishing import REFERENCE
from callcost.benchmarks.site import charts, drawn, fits, inputs, render, site
from callcost.benchmarks.site.drawing import Chart
from callcost.benchmarks.site.measured import FLOOR, WAY, Measured
from callcost.benchmarks.site.pages import pages, source, tabled
from callcost.bindings.registry import Build, mechanisms
from callcost.console.numbers import number
from callcost.estimate.reading import RecordError
from callcost.history.files import HistoryError
from callcost.history.store import Store
from callcost.model.interval import Interval

pytestmark = needs_site.one_process("site")


class Reader(HTMLParser):
    """Reads the tables of a page: for each the text and the attributes of every cell."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[list[list[tuple[str, dict[str, str | None]]]]] = []
        self.tags: list[str] = []
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begins a table, a row or a cell."""
        self.tags.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append(("", dict(attrs)))
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        """Ends a cell."""
        if tag in ("td", "th"):
            self._inside = False

    def handle_data(self, data: str) -> None:
        """Adds to the text of a cell."""
        if self._inside:
            text, attributes = self.tables[-1][-1][-1]
            self.tables[-1][-1][-1] = (text + data, attributes)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("record")
    return sites.write(folder / "run.json", sites.small_record())


@pytest.fixture(scope="module")
def measured(record: Path) -> Measured:
    return inputs.read([record]).runs[0]


@pytest.fixture(scope="module")
def folder(record: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("site") / "site"
    explained = RESULTS / "explain.json", RESULTS / "explain.cp313.json"
    calibration = RESULTS / "calibration.json"
    sites.succeeded(sites.run_report(record, *explained, calibration, "--output", place))
    return place


# Figures: the pages agree with the record.


def cost_cells(text: str) -> dict[str, list[str]]:
    """Returns the cells of a workload's table as text, by the name of the row."""
    names = re.findall(r'<tr data-name="([^"]+)"', text)
    table = Reader(text).tables[0][1:]
    rows = [[" ".join(cell.split()) for cell, _ in row] for row in table if len(row) > 1]
    return dict(zip(map(html.unescape, names), rows, strict=True))


@pytest.mark.parametrize("workload", sites.WORKLOADS)
def test_costs_are_those_of_the_record(folder: Path, record: Path, workload: str) -> None:
    document = json.loads(record.read_text())
    shown = cost_cells(sites.page(folder, f"workloads/{workload}.html"))
    recorded = [row for row in sites.rows_of(document) if row["group"] == workload]
    elsewhere = [row for row in sites.rows_of(document) if row["group"].startswith(f"{workload} @")]
    assert len(shown) == len(recorded) + len(elsewhere)
    for row in recorded:
        cells = shown[row["name"]]
        assert cells[1].rstrip("*†") == named(row["name"])
        assert ("(legacy)" in cells[1]) == (row["name"] in legacy_names())
        assert cells[2] == f"{number(row['net_ns'][0])} {tabled.around(Interval(*row['net_ns']))}"
        assert cells[4] == number(row["gross_ns"][0])
        assert cells[7] == str(row["processes_used"])
    for row in elsewhere:
        _, _, place = row["group"].partition(" @ ")
        assert shown[f"{row['name']} @ {place}"][2].split()[0] == number(row["net_ns"][0])


@pytest.mark.parametrize("workload", sites.WORKLOADS)
def test_only_calls_of_c_are_ranked(folder: Path, workload: str) -> None:
    text = sites.page(folder, f"workloads/{workload}.html")
    above, _, below = text.partition('<tr class="line">')
    rank = r'data-kind="([^"]+)"[^>]*><td>([^<]*)</td>'
    assert {kind for kind, _ in re.findall(rank, above)} == {"way"}
    assert all(place for _, place in re.findall(rank, above))
    ranked_not = re.findall(rank, below)
    assert {"own code", "python"} & {kind for kind, _ in ranked_not}
    assert not any(place or kind == "way" for kind, place in ranked_not)


def test_ranks_are_those_of_the_record(tmp_path: Path) -> None:
    """Those of the ways to call C alone; cutting a record changes ranks, so it is whole."""
    document = sites.reference()
    whole = {row["name"] for row in sites.rows_of(document)}
    cut = sites.cut(document, ["get_pi"], whole)
    path = sites.write(tmp_path / "run.json", cut)
    sheet = inputs.read([path]).runs[0].sheets["get_pi"]
    ways = {row.name for row in sheet.ranked}
    rows = [row for row in sites.rows_of(cut) if row["group"] == "get_pi" and row["name"] in ways]
    # Ranks that the others have taken are free: the rank is the place among those that are left.
    taken = sorted(row["rank"] for row in rows if row["rank"] is not None)
    ranks = {row["name"]: row["rank"] and taken.index(row["rank"]) + 1 for row in rows}
    # The run's A/A error depends on its groups: with fewer, ties may appear or disappear.
    told = {row.label: int(row.rank.rstrip("=")) for row in sheet.rows if row.rank}
    assert told.keys() == {name for name, rank in ranks.items() if rank is not None}
    assert sorted(told, key=lambda n: (told[n], n))[0] in {n for n, r in ranks.items() if r == 1}
    assert all(abs(told[name] - ranks[name]) <= 3 for name in told)


def test_a_ratio_is_that_of_the_estimate(measured: Measured) -> None:
    sheet = measured.sheets["fibonacci"]
    estimate = measured.estimates["fibonacci"]
    for row in sheet.rows:
        for base in sheet.rows:
            found = sheet.ratio(row, base)
            if row.place or base.place:
                assert found is None
                continue
            one, other = estimate.names.index(row.name), estimate.names.index(base.name)
            known = estimate.ratio(one, other)
            assert found is not None
            assert found.as_list() == pytest.approx(known.as_list(), rel=1e-9)


def test_the_csv_has_every_row_with_all_digits(folder: Path, measured: Measured) -> None:
    with (folder / "data/costs-1.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    rows = list(measured.rows)
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert (line["workload"], line["mechanism"]) == (row.workload, row.name)
        assert float(line["net_ns"]) == pytest.approx(row.net_ns.value, rel=1e-8)
        assert float(line["gross_high_ns"]) == pytest.approx(row.gross_ns.high, rel=1e-8)
        assert (line["ratio_low"] == "") == (row.ratio is None)
        if row.ratio is not None:
            assert float(line["ratio_low"]) == pytest.approx(row.ratio.low, rel=1e-8)
        luck = row.estimate.luck(row.number)
        assert float(line["within_sd"]) == pytest.approx(luck.within, rel=1e-3)
        assert int(line["layouts"]) >= 1
        assert (line["layout_sd"] == "") == math.isnan(luck.layout)


def test_the_csv_of_processes_has_the_cost_in_each_process(
    folder: Path, measured: Measured
) -> None:
    with (folder / "data/rounds-1.csv").open(newline="") as file:
        lines = [line for line in csv.reader(file) if line[0] == "fibonacci"]
    rows = measured.sheets["fibonacci"].rows
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert line[1:3] == [row.name, row.place]
        assert [float(cell) for cell in line[3:]] == pytest.approx(list(row.rounds_ns), rel=1e-5)


def script_data(text: str) -> Any:
    """Reads the data of a script."""
    return json.loads(text[text.index("...{") + 3 : text.rindex("}")])


def test_ratios_for_the_script_are_those_of_the_sheet(folder: Path, measured: Measured) -> None:
    names, table = script_data(sites.page(folder, "data/ratios/fibonacci.js"))["fibonacci"]
    sheet = measured.sheets["fibonacci"]
    assert len(table) == len(names) * (len(names) - 1) / 2
    pairs = [(row, base) for place, row in enumerate(names) for base in names[:place]]
    for (row, base), ends in zip(pairs, table, strict=True):
        one, other = sheet.row(row), sheet.row(base)
        assert one is not None
        assert other is not None
        known = sheet.ratio(one, other)
        assert known is not None
        assert ends == pytest.approx(known.as_list(), rel=1e-4)


def test_cells_for_the_script_are_those_of_the_pages(folder: Path) -> None:
    """The front page refills its table with them, and must show the same as the pages."""
    found = script_data(sites.page(folder, "data/costs.js"))["workloads"]
    for workload, known in found.items():
        shown = cost_cells(sites.page(folder, f"workloads/{workload}.html"))
        for cells, (name, row) in zip(known["rows"], shown.items(), strict=True):
            made = tabled.Cells(*cells)
            net, ratio = f"{made.net} {made.net_around}", f"{made.ratio} {made.ratio_around}"
            told = [f"{made.shown}{made.marks}", net.strip(), ratio.strip(), made.gross, made.gil]
            assert name == made.name
            assert row == [made.rank, *told, made.abi, str(made.processes)]


# Pages: each has its content.


def test_every_mechanism_and_workload_has_a_page(folder: Path, measured: Measured) -> None:
    for name in measured.mechanisms:
        assert f"<h1>{label_of(name)}</h1>" in sites.page(folder, f"mechanisms/{name}.html")
    for name, sheet in measured.sheets.items():
        heading = html.escape(sheet.label, quote=False)
        assert f"<h1>{heading}</h1>" in sites.page(folder, f"workloads/{name}.html")


def test_the_page_of_a_mechanism_has_its_whole_source(folder: Path) -> None:
    text = sites.page(folder, "mechanisms/pybind11_module.html")
    shown = re.sub(r"<[^>]+>", "", text)
    unescaped = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'")
    unescaped = unescaped.replace("&quot;", '"').replace("&amp;", "&")
    own = (ROOT / "bindings/pybind11_module/module.cpp").read_text().strip()
    assert own in unescaped


def test_instructions_are_those_of_the_explanation(folder: Path) -> None:
    text = sites.page(folder, "mechanisms/ctypes_cdll.html")
    recorded = json.loads((RESULTS / "explain.json").read_text())
    chapter = next(c for c in recorded["chapters"] if c["name"] == "fibonacci")
    row = next(r for r in chapter["rows"] if r["name"] == "ctypes_cdll")
    assert f"<strong>{number(row['instructions'], 0)}</strong>" in text
    for took in row["parts"].values():
        assert f"<td>{number(took, 0)}</td>" in text
    assert "CPython 3.13" in text


def test_every_link_leads_to_a_page(folder: Path) -> None:
    pages = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    anchors = {
        page: set(re.findall(r'\bid="([^"]+)"', sites.page(folder, page)))
        for page in pages
        if page.endswith(".html")
    }
    for page in anchors:
        for target in re.findall(r'(?:href|src)="([^"]+)"', sites.page(folder, page)):
            address, _, anchor = target.partition("#")
            if target.startswith(("data:", "https://")):
                continue
            found = (folder / page).parent.joinpath(address).resolve() if address else folder / page
            place = found.relative_to(folder.resolve()).as_posix() if address else page
            assert place in pages, f"{page} leads to {target}"
            if anchor and "=" not in anchor:
                assert anchor in anchors[place], f"{page} leads to {target}"


def test_no_page_loads_anything_from_outside(folder: Path) -> None:
    for path in [*folder.rglob("*.html"), folder / "assets/style.css"]:
        text = path.read_text(encoding="utf-8")
        # A link may lead outside; nothing else may.
        loaded = re.sub(r'<a href="https://[^"]+"', "", text)
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', loaded), path
        assert "@import" not in text
        assert not re.findall(r"url\((?!data:)", text), path


def test_every_chart_is_svg_and_has_a_table_beside_it(folder: Path) -> None:
    for path in folder.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        figures = text.count("<figure")
        assert text.count("<svg") == figures, path
        assert not figures or text.count("<table") >= figures - 1, path


# Names are data.

HOSTILE = "<script>alert('x')</script>\u202e"


def test_hostile_names_are_escaped(tmp_path: Path) -> None:
    document = sites.cut(sites.reference(), ["fibonacci"], ["ctypes_cdll", "cffi_api"])
    changed = sites.renamed(
        document,
        lambda name: {"ctypes_cdll": HOSTILE, "fibonacci": "=\"'&</style><img src=x>"}.get(
            name, name
        ),
    )
    path = sites.write(tmp_path / "run.json", changed)
    sites.succeeded(sites.run_report(path, "--output", tmp_path / "site"))
    for page in (tmp_path / "site").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "alert(" not in re.sub(r"&lt;script&gt;alert|u003cscript\\u003ealert", "", text)
        assert "<img" not in text
        # The report's own scripts: one in the head, three at the end, and data.
        tags = Reader(text).tags
        own = 7
        assert tags.count("script") <= own + tags.count("figure"), page
    with (tmp_path / "site/data/costs-1.csv").open(newline="") as file:
        workloads = {line["workload"] for line in csv.DictReader(file)}
    assert "'=\"'&</style><img src=x>" in workloads


def test_every_name_has_its_own_file() -> None:
    from callcost.benchmarks.site.pages.pages import addresses

    names = ["a/b", "a b", "../../etc", "index", "A B", "", "x" * 300, "ctypes_cdll"]
    found = addresses("mechanisms", names)
    assert len(set(map(str.lower, found.values()))) == len(names)
    assert found["ctypes_cdll"] == "mechanisms/ctypes_cdll.html"
    for address in found.values():
        assert re.fullmatch(r"mechanisms/[A-Za-z0-9_][A-Za-z0-9_.-]*\.html", address)
        assert ".." not in address
    assert "mechanisms/index.html" not in found.values()


def test_json_in_a_page_cannot_end_its_script() -> None:
    text = site.as_script_json({"name": "</script><!--\u2028&"})
    assert not re.search(r"[<>&\u2028]", text)
    assert json.loads(text) == {"name": "</script><!--\u2028&"}


# Unusual records.


def test_the_pages_of_a_run_without_rows_say_so(tmp_path: Path) -> None:
    document = sites.cut(sites.reference(), [], [])
    document["benchmarks"], document["callcost"]["groups"] = [], {}
    path = sites.write(tmp_path / "run.json", document)
    sites.succeeded(sites.run_report(path, "--output", tmp_path / "site"))
    assert "holds no rows" in sites.page(tmp_path / "site", "index.html")
    assert "nothing to choose from" in sites.page(tmp_path / "site", "choose.html")


@pytest.mark.parametrize("version", [0, 1, 2])
def test_a_run_of_an_older_version_is_read(tmp_path: Path, version: int) -> None:
    document = sites.cut(sites.reference(), ["fibonacci"], ["ctypes_cdll", "cffi_api"])
    document["callcost"]["version"] = version
    if version < 2:
        for younger in ("delays", "delays_missing", "interpreters"):
            document["callcost"].pop(younger, None)
        keep = [name for name in document["callcost"]["groups"] if " @ " not in name]
        document["callcost"]["groups"] = {n: document["callcost"]["groups"][n] for n in keep}
        for name in ("facts", "marks", "depends", "tools"):
            document["callcost"]["environment"].pop(name, None)
    path = sites.write(tmp_path / "run.json", document)
    sites.succeeded(sites.run_report(path, "--output", tmp_path / "site"))
    assert "ctypes_cdll" in sites.page(tmp_path / "site", "index.html")


def truncated(path: Path) -> None:
    path.write_text(path.read_text()[:10_000])


def from_the_future(path: Path) -> None:
    document = json.loads(path.read_text())
    document["callcost"]["version"] = 99
    sites.write(path, document)


def of_another_program(path: Path) -> None:
    sites.write(path, {"benchmarks": []})


def a_list(path: Path) -> None:
    sites.write(path, [1, 2])


def without_machine(path: Path) -> None:
    document = json.loads(path.read_text())
    del document["machine_info"]
    sites.write(path, document)


def a_calibration_without_points(path: Path) -> None:
    document = json.loads((RESULTS / "calibration.json").read_text())
    sites.write(path, {**document, "points": [{"injected_ns": 1}]})


def with_damaged_epochs(path: Path) -> None:
    document = json.loads(path.read_text())
    sites.rows_of(document)[0]["epoch_ns"] = "what?"
    sites.write(path, document)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (truncated, "is not JSON"),
        (from_the_future, "99"),
        (of_another_program, "is not a record of callcost"),
        (a_list, "is not a record"),
        (without_machine, "machine_info"),
        (with_damaged_epochs, "is damaged"),
        (a_calibration_without_points, "is damaged"),
    ],
)
def test_an_unreadable_file_is_named_and_nothing_is_written(
    tmp_path: Path, record: Path, damage: Any, said: str
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(record.read_text())
    damage(bad)
    before = sorted(tmp_path.iterdir())
    result = sites.run_report(record, bad, "--output", tmp_path / "site")
    assert result.exit_code == 2
    assert "bad.json" in result.output
    assert said in " ".join(result.output.split())
    assert sorted(tmp_path.iterdir()) == before


def test_a_report_needs_a_run() -> None:
    with pytest.raises(RecordError, match="there is no run"):
        inputs.read([RESULTS / "explain.json"])


def test_a_folder_that_is_not_a_history_is_refused(tmp_path: Path, record: Path) -> None:
    with pytest.raises(HistoryError, match="is not a history"):
        inputs.read([record, tmp_path])


# The folder of the site.


def test_a_site_replaces_an_earlier_one(tmp_path: Path, folder: Path) -> None:
    old = tmp_path / "site"
    with site.beside(old) as new:
        (new / site.MARKER).touch()
        (new / "only-old.html").touch()
    with site.beside(old) as new:
        (new / site.MARKER).touch()
        (new / "index.html").touch()
    assert sorted(path.name for path in old.iterdir()) == [site.MARKER, "index.html"]
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_failure_keeps_the_earlier_site(tmp_path: Path) -> None:
    old = tmp_path / "site"
    with site.beside(old) as new:
        (new / "index.html").write_text("earlier")
    with pytest.raises(KeyError), site.beside(old) as new:
        (new / "index.html").write_text("half")
        raise KeyError
    assert (old / "index.html").read_text() == "earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_folder_that_is_not_a_site_is_not_replaced(tmp_path: Path, record: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    result = sites.run_report(record, "--output", tmp_path)
    assert result.exit_code == 2
    assert "was not written by callcost report" in " ".join(result.output.split())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


# Controls that failed.


def test_every_page_names_a_failed_control(tmp_path: Path) -> None:
    document = sites.cut(sites.reference(), ["fibonacci"], ["ctypes_cdll", "cffi_api"])
    twin = document["callcost"]["groups"]["fibonacci"]["controls"][1]
    twin["epoch_ns"] = [
        " ".join(str(int(ns) * 2) for ns in epochs.split()) for epochs in twin["epoch_ns"]
    ]
    path = sites.write(tmp_path / "run.json", document)
    sites.succeeded(sites.run_report(path, "--output", tmp_path / "site"))
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > 10
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "INCONCLUSIVE: fibonacci" in text[: text.index("<main")], page
    cells = cost_cells(sites.page(tmp_path / "site", "workloads/fibonacci.html"))
    assert cells["ctypes_cdll"][0] == ""
    assert cells["ctypes_cdll"][3] == "–"


def test_a_run_whose_controls_passed_has_no_banner(folder: Path) -> None:
    for page in folder.rglob("*.html"):
        assert 'class="banner"' not in page.read_text(encoding="utf-8"), page


# Environments.


def test_a_row_in_one_environment_only_is_marked(tmp_path: Path) -> None:
    both = sites.cut(sites.reference(), ["fibonacci"], ["ctypes_cdll", "cffi_api", "pyo3_module"])
    first = sites.write(tmp_path / "first.json", both)
    fewer = sites.cut(sites.reference(), ["fibonacci"], ["ctypes_cdll", "cffi_api"])
    second = sites.write(tmp_path / "second.json", fewer)
    sites.succeeded(sites.run_report(first, second, "--output", tmp_path / "site"))
    table = Reader(sites.page(tmp_path / "site", "environments.html")).tables[1]
    heads, rows = [cell for cell, _ in table[0]], table[1:]
    own = running(sites.reference())
    assert own is not None and heads[2] == f"1: {own.label}"
    told = {row[1][0]: row[-1][0] for row in rows}
    assert told["PyO3"] == f"only 1: {own.label}"
    assert told["cffi, API mode"] == "all"


# The fits.


def test_the_fit_finds_a_planted_line(measured: Measured) -> None:
    (add,) = (series for series in fits.size_series(measured.sheets) if series.name == "add")
    assert add.groups == {2: "add_two", 4: "add_four", 8: "add_eight"}
    found = {fit.name: fit for fit in fits.fit_all(add, measured.estimates)}
    # With ctypes, each argument costs about as much as a whole call with others.
    assert found["ctypes_cdll"].marginal_ns.low > 5 * found["cpython_fastcall"].marginal_ns.high
    assert found["ctypes_cdll"].worst_share < 0.1


def test_calling_the_c_costs_its_own_time_once(measured: Measured) -> None:
    found = {fit.name: fit for fit in fits.fit_sweep(measured.estimates)}
    assert found["cffi_api"].marginal_ns.value == pytest.approx(1, abs=0.1)
    assert found["python_reference"].marginal_ns.low > 10


# The sources.


@pytest.mark.parametrize("mechanism", mechanisms(), ids=lambda mechanism: mechanism.name)
def test_every_mechanism_shows_how_it_writes_fibonacci(mechanism: Any) -> None:
    (about,) = (workload for workload in WORKLOADS if workload.name == "fibonacci")
    if not mechanism.offers(about.function):
        pytest.skip("it does not offer fibonacci")
    depends = {
        "cpython_limited": ["callcost/bindings/cpython_fastcall/numbers.c"],
        "cython_limited": ["callcost/bindings/cython_def/_def.pyx"],
        "hpy_cpython": ["callcost/bindings/hpy_universal/module.c"],
        "nanobind_abi3": ["callcost/bindings/nanobind_module/module.cpp"],
        "nanobind_split": ["callcost/bindings/nanobind_module/module.cpp"],
        "pyo3_abi3": ["callcost/bindings/pyo3_module/src/lib.rs"],
        "swig_builtin": ["callcost/bindings/swig_proxy/core.i"],
    }
    files = source.files(mechanism)
    shared = source.shared_files(mechanism, depends.get(mechanism.name, []))
    found = source.excerpt([*files, *shared], about)
    if not mechanism.name.startswith("swig"):  # SWIG reads the header of C itself
        assert any(re.search(r"\bfibonacci\b", part.text) for part in found)
    assert not any("fibonacci_batch" in part.text.split("\n")[0] for part in found)


def test_the_sources_in_other_folders_are_those_of_the_build_here() -> None:
    (limited,) = (it for it in mechanisms() if it.name == "cython_limited")
    if Build().missing(limited):
        pytest.skip("cython_limited was not built")
    # The record names a file that was removed since.
    recorded = {limited.module: ["callcost/bindings/cython_def/gone.pyx"]}
    run = SimpleNamespace(depends=recorded)
    book = pages.Book(SimpleNamespace(runs=[run]))  # type: ignore[arg-type]
    assert "cython_def/_def.pyx" in [shared.name for shared in book.shared(limited)]


def test_the_c_of_a_workload_is_shown() -> None:
    (about,) = (workload for workload in WORKLOADS if workload.name == "tally_increment")
    text = re.sub(r"<[^>]+>", "", source.c_source(about))
    assert "int tally_increment(tally *self)" in text
    assert "tally_free" not in text


def test_a_name_from_a_record_is_not_used_as_a_path() -> None:
    assert source.known("../bindings/ctypes_cdll") is None
    assert source.known("ctypes_cdll") is not None
    assert source.known("") is None


# The charts.


def test_many_charts_are_rendered_in_their_order() -> None:
    rows = [{"size": 1.0, "value": 2.0, "low": 1.0, "high": 3.0, "told": "x"}]
    wanted = [
        Chart("delays", [{**rows[0], "size": 10.0 + number}], "t").static_spec
        for number in range(render.WORTH_A_PROCESS + 1)
    ]
    with ThreadPoolExecutor() as pool:
        found = render.svgs(wanted, pool)
    assert found == list(map(render.svg, wanted))
    assert len(set(found)) == len(wanted)


@pytest.mark.parametrize("name", charts.GRAMMARS)
def test_every_grammar_is_vega_lite(name: str) -> None:
    """Writing a site does not validate: that takes as long as everything else."""
    import altair

    altair.Chart.from_dict(charts.grammar(name), validate=True).to_dict(validate=True)
    render.compiled(charts.grammar(name))


def test_colours_are_those_of_the_static_charts(folder: Path, measured: Measured) -> None:
    from callcost.benchmarks.charts.look import style_for
    from callcost.console.page import DARK, LIGHT

    style = sites.page(folder, "assets/style.css")
    light, _, dark = style.partition("@media")
    for theme, declared in ((LIGHT, light), (DARK, dark.partition("}}")[0])):
        for name, look in style_for(measured.mechanisms, theme).looks.items():
            variable = drawn.colour_of_mechanism(name).removeprefix("var(").rstrip(")")
            grey = variable == "--muted"
            assert grey == (name == "python_reference")
            assert grey or f"{variable}:{look.colour};" in declared


def test_floors_are_lines_and_not_dots(measured: Measured) -> None:
    sheet = measured.sheets["fibonacci"]
    dots = [row["name"].rstrip("*†") for row in drawn.cost_rows(sheet)]
    line = dots.index(drawn.NOT_RANKED)
    assert dots[:line] == [f"{row.rank} {row.shown}" for row in sheet.ranked]
    assert dots[line + 1 :] == [row.shown for row in sheet.below if row.kind != FLOOR]
    assert [line["text"].partition(",")[0] for line in drawn.lines(sheet)] == [
        "C from C (direct)",
        "plain Python",
    ]
    assert sheet.fastest in [row for row in sheet.rows if row.kind == WAY]


# The history.


def test_without_a_history_there_is_no_page_and_no_link(folder: Path) -> None:
    assert not (folder / "history.html").exists()
    assert "history.html" not in sites.page(folder, "index.html")


def test_every_series_is_read_one_by_one(tmp_path: Path, record: Path) -> None:
    from callcost.history import store as stores
    from callcost.history.runs import read

    folder = tmp_path / "history"
    Store(folder).add(read(record))
    whole = Store(folder).series()
    assert list(Store(folder).each_series()) == whole
    assert len({series.group for series in whole}) > 3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stores, "BATCH_ROWS", 1)
        assert sorted(Store(folder).each_series(), key=str) == sorted(whole, key=str)


def test_a_missing_extra_gets_a_sentence_with_the_line_that_installs_it(tmp_path: Path) -> None:

    program = "import sys; sys.modules['vl_convert'] = None; from callcost.cli import main; main()"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            program,
            "report",
            str(REFERENCE),
            "--output",
            str(tmp_path / "site"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    (sentence,) = done.stderr.splitlines()
    assert "needs vl-convert. Install it: pip install 'callcost[site]'" in sentence
    assert not (tmp_path / "site").exists()
