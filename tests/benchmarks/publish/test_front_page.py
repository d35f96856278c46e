"""The README answers first, in the words of people, with figures of the record."""

from __future__ import annotations

import pytest
from matplotlib.colors import to_rgba

from callcost.benchmarks.charts.look import style_for
from callcost.benchmarks.charts.tools_chart import tools_chart
from callcost.benchmarks.facts.marks import is_legacy
from callcost.benchmarks.publish import front_page, publishing
from callcost.benchmarks.tools import BY_HAND, CHOICES, Tools, cards, tools_of
from callcost.console import page
from callcost.console.numbers import cost_text
from callcost.console.page import THEMES, Theme
from callcost.estimate.record import Record

LONGEST_README = 250
pytestmark = pytest.mark.skipif(
    not (publishing.ROOT / "README.md").exists(), reason="not a checkout: no documents here"
)


@pytest.fixture(scope="module")
def reference() -> Record:
    return Record.load(publishing.REFERENCE)


@pytest.fixture(scope="module")
def tools(reference: Record) -> Tools:
    return tools_of(reference.estimates["fibonacci"])


def test_the_readme_is_short_and_begins_with_a_picture() -> None:
    lines = (publishing.ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= LONGEST_README
    pictures = [number for number, line in enumerate(lines) if line.startswith("<img")]
    assert 1 <= len(pictures) <= 3 and pictures[0] < 10


def test_what_is_advised_exists_and_fits_a_table() -> None:
    assert len(CHOICES) <= 8
    assert {choice.mechanism for choice in CHOICES} <= cards().keys()
    # Nothing of the past is advised.
    assert not any(is_legacy(choice.mechanism) for choice in CHOICES)


def test_tools_are_ranked_by_their_leanest_mechanism(reference: Record, tools: Tools) -> None:
    estimate = reference.estimates["fibonacci"]
    net_ns = {name: estimate.net_ns(row).value for row, name in enumerate(estimate.names)}
    assert len({cost.tool for cost in tools.costs}) == len(tools.costs) >= 10
    leanest = [cost.net_ns.value for cost in tools.costs]
    assert leanest == sorted(leanest)
    for cost in tools.costs:
        own = [
            net_ns[name]
            for name, card in cards().items()
            if card.tool == cost.tool and name in net_ns
        ]
        assert cost.net_ns.value == net_ns[cost.leanest] >= min(own)
    # Plain Python and code that calls no C are no tools to call it with.
    assert tools.python_ns == net_ns["python_reference"]
    assert not {"Python"} & {cost.tool for cost in tools.costs}


def test_the_title_of_the_picture_is_computed(tools: Tools) -> None:
    by_tool = {cost.tool: cost for cost in tools.costs}
    low, high = (
        value / by_tool[BY_HAND].net_ns.value
        for value in (by_tool["ctypes"].net_ns.value, by_tool["ctypes"].most_ns)
    )
    assert tools.finding.startswith(f"ctypes costs {low:.0f} to {high:.0f} times a hand-written")
    few = tuple(cost for cost in tools.costs if cost.tool != BY_HAND)
    assert Tools(few, None).finding == "What one call of C costs, tool by tool"


def test_the_table_of_tools_has_the_figures_of_the_record(reference: Record) -> None:
    table = front_page.tools_table(reference)
    estimate = reference.estimates["text_ascii_16"]
    (row,) = (line for line in table.splitlines() if line.startswith("| nanobind |"))
    cost_ns = min(
        estimate.net_ns(row).value
        for row, name in enumerate(estimate.names[: estimate.size])
        if cards()[name].tool == "nanobind"
    )
    assert row.split("|")[4].strip() == cost_text(cost_ns)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_the_picture_is_opaque_and_fits_a_slide(tools: Tools, theme: Theme) -> None:
    with page.settings(theme):
        figure = tools_chart(tools, "a machine", style_for([], theme))
    width, height = figure.get_size_inches()
    assert width / height == pytest.approx(16 / 9)
    assert to_rgba(figure.get_facecolor())[3] == 1
    sizes = [float(text.get_fontsize()) for text in figure.axes[0].texts]
    # At a width of 420 pixels, what is written beside the bars can be read on a phone.
    assert min(sizes) / 72 * 420 / width >= 7
