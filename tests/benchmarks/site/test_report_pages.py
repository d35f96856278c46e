"""The site in a real browser: nothing fails, nothing is loaded from outside, everything works.

Screenshots of every kind of page, at three widths, light and dark, go to the folder that
CALLCOST_SCREENSHOTS names. Without it there are none.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import made_records
import needs_site
import pytest
import sites
from checkout import RESULTS, SUPPORT

from callcost.benchmarks.which import choices
from callcost.benchmarks.which.choices import Place
from callcost.console.numbers import cost_text
from callcost.estimate.record import Record

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
axe_module = pytest.importorskip("axe_playwright_python.sync_playwright")

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
    ),
    needs_site.one_process("browser"),
]

WIDTHS = (390, 768, 1440)
THEMES = ("light", "dark")
KINDS = (
    "index.html", "choose.html", "mechanisms/index.html", "mechanisms/ctypes_cdll.html",
    "workloads/index.html", "workloads/callback_100.html", "break-even.html", "scaling.html",
    "stable-abi.html", "environments.html", "history.html", "method.html", "record.html",
    "matrix/index.html", "matrix/environments.html", "matrix/mechanisms/cffi_api.html",
)  # fmt: skip
"""One page of each kind, also of a site of a run in several interpreters."""
LONGEST_PX = 6000
DRAWN = "[...document.querySelectorAll('.chart')].every(chart => chart.dataset.drawn)"

Page = Any


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of two runs, an explanation, a calibration and a history with a change.

    In its folder `matrix` is a site of a run in several interpreters.
    """
    place = tmp_path_factory.mktemp("site")
    first = sites.write(place / "run.json", sites.small_record())
    few = ["ctypes_cdll", "cffi_api", "pybind11_module"]
    fewer = sites.cut(sites.reference(), ["get_pi", "fibonacci"], few, sweep=False)
    second = sites.write(place / "other.json", fewer)
    history = sites.history_with_a_change(place / "history", second)
    extra = RESULTS / "explain.json", RESULTS / "calibration.json"
    output = place / "site"
    sites.succeeded(sites.run_report(first, second, *extra, history, "--output", output))
    matrix = sites.write(place / "matrix.json", made_records.matrix_record())
    sites.succeeded(sites.run_report(matrix, "--output", output / "matrix"))
    return output


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's chromium, without a window."""
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser: Any, folder: Path) -> Iterator[Any]:
    """Returns the function that opens a page of the site and waits for its charts.

    The test fails if the browser complains or loads anything from outside the site.
    """
    contexts, complaints = [], []

    def complain(kind: str, text: str) -> None:
        complaints.append(f"{kind}: {text}")

    def watch(request: Any) -> None:
        if not request.url.startswith((folder.as_uri(), "data:", "blob:")):
            complain("asked for", request.url)

    def failed(request: Any) -> None:
        # A download is not a request of the page; nor is a picture that is left half loaded.
        if request.failure != "net::ERR_ABORTED":
            complain("failed", request.url)

    def open_it(address: str, width: int = 1100, theme: str = "light", **more: Any) -> Page:
        size = {"width": width, "height": 900}
        context = browser.new_context(viewport=size, color_scheme=theme, **more)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complain(message.type, message.text))
        page.on("pageerror", lambda error: complain("error", str(error)))
        page.on("request", watch)
        page.on("requestfailed", failed)
        page.goto(f"{folder.as_uri()}/{address}")
        if more.get("java_script_enabled", True):
            page.wait_for_function(DRAWN)
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """What the guide knows of the first run."""
    path = sites.write(tmp_path_factory.mktemp("place") / "run.json", sites.small_record())
    (found,) = choices.places(Record.load(path))
    return found


# Every page.


def test_every_page_loads_without_complaints(open_page: Any, folder: Path) -> None:
    page = open_page("index.html")
    addresses = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))
    assert len(addresses) > 30
    for address in addresses:
        page.goto(f"{folder.as_uri()}/{address}")
        page.wait_for_function(DRAWN)
        assert page.locator("h1").count() == 1, address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


def save_screenshot(page: Page, name: str) -> None:
    """Saves a picture of the whole page if CALLCOST_SCREENSHOTS is set."""
    if folder := os.environ.get("CALLCOST_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / name, full_page=True)


TOO_WIDE = (
    "[...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth + 1)"
    ".map(one => one.getAttribute('aria-label'))"
)
OVERLAPS = (SUPPORT / "overlaps.js").read_text(encoding="utf-8")
"""Lists the pairs of visible texts that overlap."""


@pytest.mark.parametrize("width", WIDTHS)
def test_pages_fit_and_no_text_covers_another(open_page: Any, folder: Path, width: int) -> None:
    page = open_page("index.html", width)
    for address in KINDS:
        page.goto(f"{folder.as_uri()}/{address}")
        page.wait_for_function(DRAWN)
        for theme in THEMES:
            # They differ only in their colours: all widths in both only for the screenshots.
            if theme == THEMES[0] or width == WIDTHS[-1] or "CALLCOST_SCREENSHOTS" in os.environ:
                page.emulate_media(color_scheme=theme)
                look = f"{address.replace('/', '.').removesuffix('.html')}.{width}.{theme}"
                save_screenshot(page, f"{look}.png")
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), look
                assert page.evaluate(OVERLAPS) == [], look
        height = page.evaluate("document.documentElement.scrollHeight")
        assert height <= LONGEST_PX, address
        if width == WIDTHS[-1]:
            assert page.evaluate(TOO_WIDE) == [], address


def unfold(page: Page) -> None:
    """Opens everything that is folded."""
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")


def test_unfolded_tables_fit_a_wide_page_and_charts_are_drawn(open_page: Any, folder: Path) -> None:
    page = open_page("index.html", WIDTHS[-1])
    for address in KINDS:
        page.goto(f"{folder.as_uri()}/{address}")
        page.wait_for_function(DRAWN)
        unfold(page)
        page.wait_for_function(
            "[...document.querySelectorAll('.chart')].every(chart => chart.dataset.drawn === 'live'"
            " && chart.querySelector('svg').getBoundingClientRect().width > 300)"
        )
        assert page.evaluate(TOO_WIDE) == [], address


def test_overlapping_texts_are_noticed(open_page: Any) -> None:
    page = open_page("index.html")
    page.evaluate("document.querySelector('h1').style.marginBottom = '-3rem'")
    assert page.evaluate(OVERLAPS) != []


def test_no_page_seriously_violates_accessibility(open_page: Any, folder: Path) -> None:
    axe = axe_module.Axe()
    page = open_page("index.html")
    for address in KINDS:
        page.goto(f"{folder.as_uri()}/{address}")
        page.wait_for_function(DRAWN)
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            # It would request the style sheets, which a page from a file may not do.
            options: dict[str, Any] = {"preload": False}
            if theme != THEMES[0]:  # which differ only in their colours
                options["runOnly"] = ["color-contrast"]
            found = axe.run(page, options=options).response["violations"]
            grave = [
                (address, theme, one["id"], [node["html"][:120] for node in one["nodes"]][:3])
                for one in found
                if one["impact"] in ("serious", "critical")
            ]
            assert grave == []


# The front page.


def names(page: Page) -> list[str]:
    """Lists the visible rows of the front page's table, in their order."""
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('#costs tr[data-name]')].filter(r => !r.hidden)"
        ".map(r => r.dataset.name)"
    )
    return found


def dots(page: Page) -> list[str]:
    """Lists the names on the chart of mechanisms, from the top, without ranks and marks."""
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('figure:not(#tools) svg text')]"
        ".filter(t => t.getAttribute('text-anchor') === 'end').map(t => t.textContent)"
    )
    plain = (re.sub(r"^\d+=? |[*†]+$", "", name) for name in found)
    return [name for name in plain if name != "not ranked:"]


def labels(page: Page) -> list[str]:
    """Lists what the visible rows of the front page's table are called, without the floors."""
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('#costs tr[data-name]')]"
        ".filter(r => !r.hidden && r.dataset.kind !== 'floor').map(r => r.dataset.shown)"
    )
    return found


def assert_labelled(page: Page) -> None:
    """Checks that the chart has the rows of the table; it may cut off a long name."""
    for dot, label in zip(dots(page), labels(page), strict=True):
        assert label == dot or (dot.endswith("…") and label.startswith(dot[:-1]))


def open_filters(page: Page) -> None:
    """Unfolds the filters of the front page."""
    page.evaluate("document.querySelector('details.filters').open = true")


def settled(page: Page, **state: str) -> None:
    """Waits until the chart shows a state with all of these values."""
    wanted = [f"{name}={value}" for name, value in state.items()]
    page.wait_for_function(
        "wanted => wanted.every(w => decodeURIComponent(document.querySelector('#chart .chart')"
        ".dataset.state || '').replaceAll('+', ' ').includes(w))",
        arg=wanted,
    )


def test_another_workload_is_shown_with_its_own_figures(open_page: Any, folder: Path) -> None:
    page = open_page("index.html")
    before = dots(page)
    page.select_option("[name=workload]", "callback_100")
    settled(page, workload="callback_100")
    own = open_page("workloads/callback_100.html")
    figures = "[...document.querySelectorAll('#costs tr[data-name]')].map(r => r.innerText)"
    assert sorted(page.evaluate(figures)) == sorted(own.evaluate(figures))
    assert "sum_calls(function, count)" in page.inner_text("#call")
    assert dots(page) != before
    assert sorted(dots(page)) == sorted(dots(own))


def test_rows_can_be_filtered(open_page: Any) -> None:
    page = open_page("index.html")
    assert not page.locator("[name=mechanism]").is_visible()
    page.click("details.filters summary")
    everything = names(page)
    page.fill("[name=mechanism]", "CFFI")
    settled(page, mechanism="CFFI")
    assert names(page) == [name for name in everything if "cffi" in name]
    assert_labelled(page)
    # By label, too.
    page.fill("[name=mechanism]", "API mode")
    settled(page, mechanism="API mode")
    assert set(names(page)) == {name for name in everything if name.startswith("cffi_api")}
    page.fill("[name=mechanism]", "")
    page.select_option("[name=gil]", "yes")
    settled(page, gil="yes")
    assert set(names(page)) == {"cffi_abi", "cffi_api", "ctypes_cdll"}
    page.select_option("[name=gil]", "")
    page.select_option("[name=abi]", "yes")
    settled(page, abi="yes")
    assert set(names(page)) == {"cffi_api", "cpython_limited", "cython_limited"}
    assert page.inner_text("#status") == f"3 of {len(everything)} rows"
    page.select_option("[name=abi]", "")
    page.select_option("[name=tool]", "ctypes")
    settled(page, tool="ctypes")
    assert {name.partition("_")[0] for name in names(page)} == {"ctypes"}
    page.click("text=Reset")
    page.wait_for_function("document.querySelector('#chart .chart').dataset.state === '#'")
    assert names(page) == everything


def test_rows_can_be_sorted_by_every_column(open_page: Any) -> None:
    page = open_page("index.html")
    heads = page.locator("#costs thead th")
    for column in range(heads.count()):
        heads.nth(column).locator("button").click()
        settled(page, sort=str(column))
        assert heads.nth(column).get_attribute("aria-sort") == "ascending"
    heads.nth(1).locator("button").click()
    settled(page, sort="1")
    ways = "[...document.querySelectorAll('#costs tbody:not(.below) tr')].map(r => r.dataset.shown)"
    ascending = page.evaluate(ways)
    assert ascending == sorted(ascending, key=str.lower)
    heads.nth(1).locator("button").click()
    settled(page, sort="1", down="1")
    assert page.evaluate(ways) == ascending[::-1]
    assert_labelled(page)
    # What is not ranked stays below the line.
    assert page.locator("#costs tbody.below tr").first.get_attribute("class") == "line"


def test_costs_are_relative_to_any_row(open_page: Any) -> None:
    page = open_page("index.html")
    net = "document.querySelector('tr[data-name=cffi_api] td[data-v]').dataset.v"
    assert float(page.evaluate(net)) > 0
    open_filters(page)

    def ratio_of(name: str) -> float:
        return float(page.inner_text(f"tr[data-name={name}] td:nth-of-type(3)").split()[0])

    page.select_option("[name=base]", "ctypes_cdll")
    settled(page, base="ctypes_cdll")
    one = ratio_of("cffi_api")
    assert ratio_of("ctypes_cdll") == 1
    page.select_option("[name=base]", "cffi_api")
    settled(page, base="cffi_api")
    other = ratio_of("ctypes_cdll")
    assert one * other == pytest.approx(1, abs=0.03)
    assert any(text.endswith("×") for text in page.locator("#chart svg text").all_text_contents())
    page.select_option("[name=scale]", "linear")
    settled(page, base="cffi_api", scale="linear")
    assert "0×" in page.locator("#chart svg text").all_text_contents()


def test_a_permalink_carries_the_whole_state(open_page: Any) -> None:
    page = open_page("index.html")
    open_filters(page)
    page.select_option("[name=workload]", "get_pi")
    page.select_option("[name=scale]", "linear")
    page.select_option("[name=base]", "cpython_fastcall")
    page.fill("[name=mechanism]", "c")
    page.select_option("[name=gil]", "not seen")
    page.locator("#costs thead button").nth(2).click()
    settled(
        page, workload="get_pi", scale="linear", mechanism="c", gil="not seen", sort="2", down="1"
    )
    shown, link = names(page), page.get_attribute("#permalink", "href")
    again = open_page(f"index.html{link}")
    settled(
        again, workload="get_pi", scale="linear", mechanism="c", gil="not seen", sort="2", down="1"
    )
    assert names(again) == shown
    assert dots(again) == dots(page)
    for name in ("workload", "scale", "base", "mechanism", "gil"):
        assert again.input_value(f"[name={name}]") == page.input_value(f"[name={name}]")
    again.reload()
    settled(again, workload="get_pi", base="cpython_fastcall")
    assert names(again) == shown


def test_an_invalid_address_shows_the_defaults(open_page: Any) -> None:
    page = open_page("index.html#workload=<script>&scale=x&base=nobody&sort=99&gil=maybe")
    page.wait_for_function("document.querySelector('#chart .chart').dataset.state !== undefined")
    assert page.input_value("[name=workload]") == "fibonacci"


def test_the_csv_is_downloaded(open_page: Any, folder: Path, tmp_path: Path) -> None:
    page = open_page("index.html")
    with page.expect_download() as waiting:
        page.click("text=every cost (CSV)")
    waiting.value.save_as(tmp_path / "costs.csv")
    with (tmp_path / "costs.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert (tmp_path / "costs.csv").read_bytes() == (folder / "data/costs-1.csv").read_bytes()
    fibonacci = [line for line in lines if line["workload"] == "fibonacci"]
    assert len(fibonacci) == page.locator("#costs tr[data-name]").count()


def test_a_dot_has_a_tooltip_with_its_figures(open_page: Any) -> None:
    page = open_page("workloads/fibonacci.html")
    box = page.locator(".chart .mark-symbol path").nth(3).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector("#vg-tooltip-element.visible")
    assert " ns ±" in page.inner_text("#vg-tooltip-element")


# Keyboard only.


def test_the_front_page_works_by_keyboard(open_page: Any) -> None:
    page = open_page("index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "workload":
            break
    # Typing the start of a choice's name selects it.
    page.keyboard.type("nothing -> float")
    settled(page, workload="get_pi")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('thead th') !== null"):
            break
    page.keyboard.press("Enter")
    settled(page, workload="get_pi", sort="0")
    focus = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(focus) == "solid"


def test_every_control_of_every_page_can_be_reached(open_page: Any, folder: Path) -> None:
    page = open_page("index.html")
    for address in KINDS:
        page.goto(f"{folder.as_uri()}/{address}")
        page.wait_for_function(DRAWN)
        unreachable = page.evaluate(
            "[...document.querySelectorAll('a, button, input, select, summary, [tabindex]')]"
            ".filter(e => e.checkVisibility() && e.tabIndex < 0).map(e => e.outerHTML.slice(0, 80))"
        )
        assert unreachable == [], address


# The other pages.


GUIDE = {
    "c": {},
    "cpp": {"abi": "one"},
    "rust": {"builds": "none"},
    "python": {"threads": "release"},
}


@pytest.mark.parametrize("have", GUIDE)
@pytest.mark.parametrize("calls", [10, 1_000_000, 20_000_000, 10**12])
def test_the_guide_answers_as_choices_does(
    open_page: Any, place: Place, have: str, calls: int
) -> None:
    page = open_page("choose.html")
    page.check(f"input[name=have][value={have}]")
    for name, value in GUIDE[have].items():
        page.select_option(f"[name={name}]", value)
    page.fill("[name=calls]", str(calls))
    answer = choices.choose(place, "fibonacci", {"have": have, **GUIDE[have]}, calls)
    assert page.inner_text("#answer .first") == answer.said
    cards = page.locator("#answer .card")
    assert cards.locator("h2").all_inner_texts() == [one.card.label for one in answer.cards]
    for number, one in enumerate(answer.cards):
        said = cards.nth(number).inner_text()
        assert cost_text(one.costs_ns["fibonacci"].value) in said
        assert f"The catch: {one.catch[have]}." in said
        assert 0 < len(cards.nth(number).locator("pre").inner_text().splitlines()) <= 6
    left = page.locator("#answer details li").all_text_contents()
    assert len(left) == len(answer.rest) + len(answer.left_out)
    for one, reasons in answer.left_out:
        assert f"{one.card.label}: {'; '.join(reasons)}" in left


def test_a_reason_of_the_guide_leads_to_the_fact(open_page: Any) -> None:
    page = open_page("choose.html")
    page.select_option("[name=builds]", "none")
    assert page.locator("#answer .card").count() == 3
    page.click("#answer summary >> nth=-1")
    reason = page.locator("#answer details >> nth=-1").locator("a:has-text('built with')").first
    reason.click()
    page.wait_for_load_state()
    assert page.url.endswith("#builds")
    assert "compiler" in page.inner_text("#builds")
    page.go_back()
    assert page.input_value("[name=builds]") == "none"
    # The address alone holds the answers, also those that were not changed.
    again = open_page("choose.html#threads=release")
    assert again.is_checked("input[name=have][value=c]")
    assert again.input_value("[name=threads]") == "release"


def test_the_guide_has_the_facts_of_each_interpreter(open_page: Any) -> None:
    page = open_page("matrix/choose.html")
    assert page.input_value("[name=python]") == "3.13"
    assert page.locator("[name=python] option").first.get_attribute("value") == "3.15"
    page.select_option("[name=threads]", "free")
    assert "has a GIL: choose a free-threaded Python" in page.inner_text("#answer .first")
    page.select_option("[name=python]", "3.14t")
    assert "GIL" not in page.inner_text("#answer .first")


def test_the_guide_refuses_a_rate_that_is_none(open_page: Any) -> None:
    page = open_page("choose.html")
    page.fill("[name=calls]", "-3")
    assert "above 0" in page.inner_text("#answer")


def test_a_row_highlights_its_curve(open_page: Any) -> None:
    page = open_page("scaling.html")
    unfold(page)
    faint = "document.querySelectorAll('#chart-add .mark-symbol path[opacity=\"0.1\"]').length"
    page.wait_for_function("document.querySelector('#chart-add .chart').dataset.drawn === 'live'")
    assert page.evaluate(faint) == 0
    page.locator("table.picks tbody tr").nth(2).focus()
    page.wait_for_function(f"{faint} > 0")
    page.locator("h1").click()
    page.keyboard.press("Tab")


def test_at_most_eight_named_curves_are_drawn(open_page: Any) -> None:
    page = open_page("break-even.html")
    named = (
        "[...document.querySelectorAll('#chart svg .mark-text.role-mark text')]"
        ".map(t => t.textContent).sort()"
    )
    boxes = page.locator("#picker input[name=tool]")
    checked = "[...document.querySelectorAll('#picker input:checked')].map(b => b.value).sort()"
    assert page.evaluate(named) == page.evaluate(checked)
    assert 2 < len(page.evaluate(named)) <= 8 < boxes.count()
    assert page.locator("#picker input:disabled").count() == boxes.count() - 8
    page.locator("#picker input:checked").first.uncheck()
    page.locator("#picker input[value=numba]").check()
    page.wait_for_function(f"{named}.includes('numba')")
    assert page.evaluate(named) == page.evaluate(checked)
    assert page.evaluate(OVERLAPS) == []


@pytest.mark.parametrize("kind", ["SVG", "PNG"])
def test_a_chart_can_be_downloaded(open_page: Any, tmp_path: Path, kind: str) -> None:
    page = open_page("workloads/fibonacci.html", theme="dark")
    with page.expect_download() as waiting:
        page.click(f"figure .downloads button:has-text('{kind}')")
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    content = path.read_bytes()
    if kind == "PNG":
        assert content.startswith(b"\x89PNG") and len(content) > 10_000
    else:
        # A file of its own: in the colours of the page, with the page behind it.
        text = content.decode()
        assert "var(--" not in text and "#0d1117" in text and "nanobind" in text
        assert ElementTree.fromstring(text).tag.endswith("svg")


def test_a_series_is_drawn_with_its_change(open_page: Any) -> None:
    page = open_page("history.html")
    assert "+" in page.inner_text("#changes li >> nth=0")
    page.locator("form.filter input[name=lone]").check()
    links = page.locator("#series tbody tr:not([hidden]) a")
    assert links.count() == 1
    page.locator("form.filter input[name=lone]").uncheck()
    other = page.locator("#series tbody tr:not([data-lone]) a").first
    number = other.get_attribute("data-series")
    other.click()
    page.wait_for_function(
        "number => document.querySelector('#chart .chart').dataset.state === number", arg=number
    )
    assert page.inner_text("#changes") == "No change was found."


def test_rows_that_are_missing_somewhere_can_be_selected(open_page: Any) -> None:
    page = open_page("environments.html")
    unfold(page)
    rows = page.locator("#rows tbody tr:not([hidden])")
    everything = rows.count()
    page.locator("form.filter input[name=lone]").check()
    assert 0 < rows.count() < everything
    page.fill("form.filter input[type=search]", "int -> int pyo3")
    assert rows.count() > 0
    assert "only 1: CPython" in rows.first.inner_text()


@pytest.mark.parametrize(("width", "end"), [(390, ".narrow.svg"), (1440, ".svg")])
def test_unfolded_workloads_fit_with_the_chart_of_that_width(
    open_page: Any, width: int, end: str
) -> None:
    page = open_page("matrix/environments.html", width)
    workloads = page.locator("details.workload")
    assert workloads.count() == 2
    assert not page.locator("img.slopes").first.is_visible()
    for number in range(workloads.count()):
        workloads.nth(number).locator("summary").click()
    for image in page.locator("img.slopes").all():
        image.scroll_into_view_if_needed()
        page.wait_for_function("image => image.complete", arg=image.element_handle())
        loaded = "image => [image.currentSrc, image.naturalWidth, image.clientWidth]"
        source, natural, shown = image.evaluate(loaded)
        assert source.endswith(end) and source.endswith(".narrow.svg") == (width == 390)
        # Neither smaller than drawn, which would make its words small, nor wider than the page.
        assert natural * 0.95 <= shown <= width
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(OVERLAPS) == []


# Without JavaScript, and on paper.


def test_pages_are_complete_without_javascript(open_page: Any, folder: Path) -> None:
    page = open_page("index.html", java_script_enabled=False)
    for address in KINDS:
        page.goto(f"{folder.as_uri()}/{address}")
        shown = "main table" if address != "choose.html" else "main .card"
        assert page.locator(shown).count() > 0 or address == "history.html"
        for figure in page.locator("figure").all():
            assert figure.locator("svg text").count() > 3, address
            folded = figure.evaluate("one => one.closest('details:not([open])') !== null")
            assert folded or figure.locator("svg").is_visible()
        assert page.locator(".controls:visible").count() == 0
    page.goto(f"{folder.as_uri()}/index.html")
    page.click("noscript a >> nth=1")
    assert page.locator("#costs tbody tr").count() > 5


def test_pages_print(open_page: Any, folder: Path, tmp_path: Path) -> None:
    page = open_page("index.html", theme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator(".controls:visible").count() == 0
    assert page.locator("#chart svg").is_visible()
    page.pdf(path=tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").stat().st_size > 10_000
