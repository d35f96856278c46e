"""The charts: drawn from any record, the same bytes each time, in colours that stay put."""

from __future__ import annotations

import json
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from colours import SIGHTS, contrast, distance

from callcost.benchmarks.break_even import REFERENCE
from callcost.benchmarks.charts import draw as charts
from callcost.benchmarks.charts import look
from callcost.benchmarks.charts.bars import FAMILY_GAP, per_call_chart
from callcost.benchmarks.charts.look import style_for
from callcost.benchmarks.facts import marks
from callcost.benchmarks.facts.marks import OWN_CODE, Marks, named
from callcost.bindings.registry import WRITTEN, mechanisms
from callcost.console import page
from callcost.console.page import DARK, LIGHT, THEMES, Theme
from callcost.errors import CallcostError
from callcost.estimate import facts
from callcost.estimate.estimate import GroupEstimate, aa_error, estimate_run
from callcost.estimate.reading import RecordError
from callcost.estimate.record import SECTION
from callcost.model.contender import Contender
from callcost.model.group import Group, controls_for
from callcost.model.plan import Plan, Settings
from callcost.model.run import GroupTimes, Run

PROCESSES, PASSES = 12, 20
PLAN = Plan(unroll=100, loops=100, warm_loops=1, passes=PASSES)
EMPTY_NS, YARDSTICK_NS = 0.2, 50.0
# More families than there are hues, and more of one family than there are dashes.
MANY = [f"tool{number:02}_{mode}" for number in range(20) for mode in "abcdef"]

Costs = dict[str, float]


def planted(name: str, costs_ns: Costs, twin: float = 1.0) -> GroupTimes:
    """Makes the times of a group whose net costs are about these; its twin is off by `twin`."""
    group = Group(name, tuple(Contender(name, "", f"{name}(n)") for name in costs_ns))
    rows_ns = np.array(
        [*costs_ns.values(), 0.0, next(iter(costs_ns.values())) * twin, YARDSTICK_NS]
    )
    drift = 1 + 0.01 * np.sin(np.arange(PROCESSES))
    epochs = (rows_ns[:, None] * drift + EMPTY_NS) * PLAN.calls
    epochs[-1] = YARDSTICK_NS * PLAN.calls
    processes = [
        np.repeat(np.rint(epochs[:, [process]]).astype(np.int64), PASSES, axis=1)
        for process in range(PROCESSES)
    ]
    times = GroupTimes(group, controls_for(group, 0), PLAN, processes)
    times.reports = [{} for _ in processes]
    return times


def with_layouts(times: GroupTimes) -> GroupTimes:
    """Gives the processes of a group layouts: two to each."""
    times.layouts = [1 + number // 2 for number in range(PROCESSES)]
    return times


def saved(
    folder: Path, groups: Iterable[GroupTimes], marks: dict[str, dict[str, str]] | None = None
) -> Path:
    """Writes a record of some groups, as a session does."""
    run = Run(Settings(), cpu=0, seed=1, groups={times.group.name: times for times in groups})
    estimates = estimate_run(run)
    floor = aa_error(list(estimates.values()))
    rows = [
        {"extra_info": {SECTION: facts.contender_facts(e, row, e.ranks(floor))}}
        for e in estimates.values()
        for row in range(e.size)
    ]
    path = folder / "run.json"
    section = facts.run_facts(run, estimates, {"marks": marks or {}})
    path.write_text(json.dumps({"benchmarks": rows, SECTION: section}))
    return path


CALLS: Costs = {"cpython_fastcall": 14.0, "cffi_api": 70.0, REFERENCE: 30.0}


def calls(name: str = "fibonacci", twin: float = 1.0) -> GroupTimes:
    return planted(name, CALLS, twin)


def over_n(ns: Iterable[int] = (0, 5, 20)) -> list[GroupTimes]:
    return [
        planted(
            f"break-even n={n:02}",
            {
                name: cost_ns + 2.0**n * (300 if name == REFERENCE else 1)
                for name, cost_ns in CALLS.items()
            },
        )
        for n in ns
    ]


def names(paths: Iterable[Path]) -> list[str]:
    return [path.name for path in paths]


def files_of(*drawn: str) -> list[str]:
    return sorted(f"run.{chart}.{extension}" for chart in drawn for extension in ("svg", "png"))


def size_pt(svg: Path) -> tuple[float, float]:
    root = ET.parse(svg).getroot()
    return float(root.attrib["width"][:-2]), float(root.attrib["height"][:-2])


def test_every_chart_is_drawn_beside_the_record(tmp_path: Path) -> None:
    path = saved(tmp_path, [calls(), *over_n()])
    made = charts.draw(path)
    assert names(made) == files_of("per_call", "break_even")
    # Nothing else stays behind, no half-written file among it.
    assert sorted(tmp_path.iterdir()) == sorted([path, *made])
    for file in made:
        start = b"\x89PNG\r\n" if file.suffix == ".png" else b"<svg "
        assert file.read_bytes().startswith(start)


def test_charts_go_where_they_are_wanted(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    made = charts.draw(saved(tmp_path, [calls()]), folder)
    assert {file.parent for file in made} == {folder}
    assert sorted(folder.iterdir()) == made


@pytest.mark.parametrize(
    ("groups", "drawn"),
    [
        ([calls()], ["per_call"]),
        ([with_layouts(calls("fibonacci"))], ["per_call", "layouts"]),
        (over_n(), ["break_even"]),
        (over_n([5]), ["break_even"]),
        ([calls(f"workload{number}") for number in range(4)], ["per_call"]),
        (
            [calls(name) for name in ("get_pi", "fibonacci", "half_of", "mirror", "unheard_of")],
            ["per_call", "overview", "the_call", "numbers", "structs_and_objects", "other"],
        ),
        ([planted("fibonacci", {"cffi_api": 70.0})], ["per_call"]),
        ([planted("break-even n=05", {"cffi_api": 70.0})], ["break_even"]),
        ([planted("break-even n=05", {REFERENCE: 70.0})], ["break_even"]),
        (
            [calls(twin=1.1), *[planted("break-even n=05", CALLS, twin=1.1)]],
            ["per_call", "break_even"],
        ),
        pytest.param(
            [planted("fibonacci", {"cffi_api": 70.0, "cython_def": -0.1})],
            ["per_call"],
            marks=pytest.mark.filterwarnings("ignore::RuntimeWarning"),
        ),
        ([planted("fibonacci", {"cffi_api": 0.3, "cython_def": 0.02})], ["per_call"]),
    ],
    ids=[
        "no sweep",
        "layouts",
        "sweep only",
        "one n",
        "two columns",
        "by topic",
        "one mechanism",
        "one mechanism, one n",
        "Python only",
        "inconclusive",
        "lost in the empty loop",
        "empty loop on the axis",
    ],
)
def test_every_slice_of_a_run_can_be_drawn(
    tmp_path: Path, groups: list[GroupTimes], drawn: list[str]
) -> None:
    assert names(charts.draw(saved(tmp_path, groups))) == files_of(*drawn)


def test_the_same_record_gives_the_same_bytes(tmp_path: Path) -> None:
    path = saved(tmp_path, [calls(), *over_n()])
    first = {file.name: file.read_bytes() for file in charts.draw(path)}
    own: dict[Any, Any] = {
        "font.size": 30,
        "font.family": "serif",
        "savefig.bbox": "tight",
        "text.parse_math": True,
    }
    with matplotlib.rc_context(own):
        second = {file.name: file.read_bytes() for file in charts.draw(path)}
        assert matplotlib.rcParams["font.size"] == 30
    assert first == second


def rules(sheet: str) -> dict[str, str]:
    return dict(re.findall(r"\.(\w+)\{(.*?)\}", sheet))


def test_one_svg_has_the_colours_of_both_pages(tmp_path: Path) -> None:
    # The bar of its own code is hatched.
    path = saved(tmp_path, [calls(), *over_n()], {"cffi_api": {"fibonacci": OWN_CODE}})
    for file in charts.draw(path, formats=["svg"]):
        root = ET.parse(file).getroot()
        light, _, dark = "".join(root.itertext()).partition("@media (prefers-color-scheme:dark)")
        light_rules, dark_rules = rules(light), rules(dark)
        used = {name for name in (e.get("class") for e in root.iter()) if name}
        assert used == light_rules.keys() > dark_rules.keys()
        for colour in (LIGHT.text, LIGHT.muted, LIGHT.grid):
            assert colour in light and colour not in dark
        for colour in (DARK.text, DARK.muted, DARK.grid):
            assert colour in dark and colour not in light
        names = {element.get("id") for element in root.iter()}
        assert set(re.findall(r'(?:url\(|href=")#([^")]+)', file.read_text())) <= names
        assert "url(" not in dark


def test_another_record_gives_another_chart(tmp_path: Path) -> None:
    first = {file.name: file.read_bytes() for file in charts.draw(saved(tmp_path, [calls()]))}
    other = planted("fibonacci", CALLS | {"cffi_api": 140.0})
    second = {file.name: file.read_bytes() for file in charts.draw(saved(tmp_path, [other]))}
    assert not set(first.values()) & set(second.values())


def estimated(*groups: GroupTimes) -> dict[str, GroupEstimate]:
    return {times.group.name: GroupEstimate(times) for times in groups}


def test_panels_show_families_the_fastest_first_and_mark_ties() -> None:
    costs_ns = {"a_slow": 90.0, "a_fast": 20.0, "b_like_fast": 20.0, REFERENCE: 50.0}
    (panel,) = charts.panels_of(estimated(planted("fibonacci", costs_ns), *over_n()), Marks({}))
    assert [(bar.name, bar.rank) for bar in panel.bars] == [
        ("a_fast", "1="),
        ("a_slow", "4"),
        ("b_like_fast", "1="),
        (REFERENCE, "3"),
    ]
    assert [bar.net_ns.value for bar in panel.bars] == pytest.approx([20, 90, 20, 50], rel=0.01)
    assert [bar.place for bar in panel.bars] == [0, 1, 2 + FAMILY_GAP, 3 + 2 * FAMILY_GAP]
    assert panel.empty_label == "empty loop, 0.20 ns"


def test_another_interpreter_is_in_its_workloads_panel_without_a_rank() -> None:
    groups = calls(), calls("fibonacci @ pypy9"), calls("f @ pypy9")
    panels = charts.panels_of(estimated(*groups), Marks({}))
    assert [panel.name for panel in panels] == ["fibonacci", "f @ pypy9"]
    elsewhere = [bar for bar in panels[0].bars if bar.is_elsewhere]
    assert [(bar.name, bar.rank, bar.family) for bar in elsewhere] == [
        (f"{name} @ pypy9", "", "pypy9") for name in CALLS
    ]


def test_marks_of_a_record_follow_the_names() -> None:
    marks = Marks({"cffi_api": {"fibonacci": "†"}, REFERENCE: {"fibonacci": "*"}})
    panels = charts.panels_of(estimated(calls(), calls("get_pi")), marks)
    labels = {bar.name: (bar.label, bar.own_code) for bar in panels[0].bars}
    assert labels["cffi_api"] == ("cffi, API mode†", False)
    assert labels[REFERENCE] == ("plain Python*", True)
    assert all(bar.label == named(bar.name) for bar in panels[1].bars)


def test_a_legacy_mechanism_is_called_so_wherever_it_is_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mechanism itself says that it is: its name plays no role."""
    monkeypatch.setattr(marks, "legacy_names", lambda: frozenset({"cffi_api"}))
    groups = estimated(calls(), calls("fibonacci @ pypy9"))
    (panel,) = charts.panels_of(groups, Marks({"cffi_api": {"fibonacci": "†"}}))
    labels = {bar.name: bar.label for bar in panel.bars}
    assert labels.pop("cffi_api") == "cffi, API mode (legacy)†"
    assert labels.pop("cffi_api @ pypy9") == "cffi, API mode (legacy) @ pypy9"
    assert labels and not any("legacy" in label for label in labels.values())


def test_an_inconclusive_group_says_so_and_has_no_ranks() -> None:
    panels = charts.panels_of(estimated(calls(), calls("get_pi", twin=1.1)), Marks({}))
    assert [panel.inconclusive for panel in panels] == [False, True]
    assert [{bool(bar.rank) for bar in panel.bars} for panel in panels] == [{True}, {False}]
    with page.settings(LIGHT):
        figure = per_call_chart(panels, "", style_for(CALLS, LIGHT))
    titles = [text.get_text() for text in figure.texts if text.get_fontweight() == "bold"]
    assert titles[1] == "fibonacci"
    assert titles[2].startswith("get_pi: inconclusive")


def test_a_chart_grows_with_its_rows_and_not_in_width(tmp_path: Path) -> None:
    few = {name: 20.0 + place for place, name in enumerate(MANY[:4])}
    many = {name: 20.0 + place for place, name in enumerate(MANY[:16])}
    sizes = []
    for costs_ns in (few, many):
        groups = [planted("fibonacci", costs_ns), planted("break-even n=05", costs_ns)]
        made = {file.name: file for file in charts.draw(saved(tmp_path, groups))}
        sizes.append([size_pt(made[f"run.{c}.svg"]) for c in ("per_call", "break_even")])
    for (few_width, few_height), (many_width, many_height) in zip(*sizes, strict=True):
        assert few_width == many_width == 72 * page.WIDTH_IN
        assert many_height - few_height == pytest.approx(
            12 * 72 * page.ROW_IN, abs=72 * 2.1 * FAMILY_GAP * page.ROW_IN
        )


ODD = "<script>alert(1)</script> & $x_y$ $\\frac{1}{ \\n --> ü [red]"


def test_odd_names_are_drawn_as_they_are(tmp_path: Path) -> None:
    costs_ns = {**CALLS, ODD: 40.0, "_": 50.0, "": 60.0}
    made = charts.draw(
        saved(tmp_path, [planted(ODD, costs_ns), planted("break-even n=05", costs_ns)])
    )
    assert names(made) == files_of("per_call", "break_even")
    for file in made:
        if file.suffix == ".svg":
            tags = {element.tag.rpartition("}")[2] for element in ET.parse(file).iter()}
            assert tags <= {"svg", "defs", "style", "g", "path", "use", "clipPath", "rect",
                            "pattern", "text", "tspan"}  # fmt: skip


def test_dollar_signs_are_not_mathematics() -> None:
    with page.settings(LIGHT):
        as_text = page.text_width_in(["$x_y$"])
        assert as_text > page.text_width_in(["x_y"])
        figure = page.start_chart(2.0, "$x_y$", [], "")
        assert not any(text.get_parse_math() for text in figure.texts)


def test_names_that_would_overlap_move_apart_and_stay_inside() -> None:
    assert look.spread([1.0, 4.0, 2.5], room=5) == pytest.approx([1.0, 4.0, 2.5])
    assert look.spread([2.0, 2.0], room=5) == pytest.approx([1.5, 2.5])
    assert look.spread([0.0, 0.0, 0.1, 4.0], room=5) == pytest.approx([0.0, 1.0, 2.0, 4.0])
    assert look.spread([5.0, 5.0, 5.0], room=5) == pytest.approx([3.0, 4.0, 5.0])


def looks(among: Iterable[str], theme: Theme = LIGHT) -> dict[str, look.Look]:
    return style_for(among, theme).looks


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_colour_stands_out_from_its_page(theme: Theme) -> None:
    for seen in looks([*(mechanism.name for mechanism in mechanisms()), *MANY], theme).values():
        assert contrast(seen.colour, theme.page) >= 3
    for colour in (theme.text, theme.muted, theme.warning):
        assert contrast(colour, theme.page) >= 4.5


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_colours_differ_also_for_the_colour_blind(theme: Theme, sight: str) -> None:
    """2.3 is the least difference that can be seen, and 10 is seen at a glance."""
    colours = [look.colour_of(written, theme) for written in WRITTEN]
    assert len(set(colours)) == len(WRITTEN) == 6
    for one, other in combinations(colours, 2):
        assert distance(one, other, sight) >= 20, (one, other)


def test_a_simulated_sight_confuses_what_the_colour_blind_confuse() -> None:
    red, green = "#d62728", "#2ca02c"
    for sight in ("protanopia", "deuteranopia"):
        assert distance(red, green, sight) < distance(red, green) / 2
    blue, green = "#006080", "#006a55"
    assert distance(blue, green, "tritanopia") < distance(blue, green) / 2


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_a_colour_tells_what_one_writes(theme: Theme) -> None:
    found = looks([mechanism.name for mechanism in mechanisms()], theme)
    for mechanism in mechanisms():
        seen = found[mechanism.name].colour
        assert seen == look.colour_of(mechanism.card.you_write, theme)
        # Plain Python alone is grey.
        assert (seen == theme.muted) == (mechanism.name == REFERENCE)


def test_mechanisms_of_one_colour_differ_in_dashes() -> None:
    found = looks(["pybind11_module", "nanobind_module", "boost_python"])
    assert len({each.colour for each in found.values()}) == 1
    assert len({each.dashes for each in found.values()}) == 3


def test_looks_depend_on_bindings_and_not_on_what_was_measured() -> None:
    every = [mechanism.name for mechanism in mechanisms()]
    whole = looks(every)
    for name in every:
        assert looks([name]) == {name: whole[name]}
        assert looks([name, "aaa_old", "zzz_old"])[name] == whole[name]


@pytest.mark.parametrize(
    ("low_ns", "high_ns", "length_in", "labels"),
    [
        (5.6, 620, 6.0, ["10 ns", "20 ns", "50 ns", "100 ns", "200 ns", "500 ns"]),
        (5.6, 1500, 2.0, ["10 ns", "100 ns", "1 µs"]),
        (8, 3e7, 4.0, ["10 ns", "100 ns", "1 µs", "10 µs", "100 µs", "1 ms", "10 ms"]),
        (0.006, 0.3, 6.0, ["0.01 ns", "0.02 ns", "0.05 ns", "0.1 ns", "0.2 ns"]),
    ],
)
def test_ticks_are_round_times(
    low_ns: float, high_ns: float, length_in: float, labels: list[str]
) -> None:
    ticks_ns, found = look.ticks_ns(low_ns, high_ns, length_in)
    assert found == labels
    assert all(low_ns <= tick_ns <= high_ns for tick_ns in ticks_ns)
    assert all(math.isclose(a, b) for a, b in zip(ticks_ns, sorted(ticks_ns), strict=True))


def test_a_damaged_record_is_refused_and_nothing_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text("{}")
    with pytest.raises(RecordError):
        charts.draw(path)
    assert list(tmp_path.iterdir()) == [path]


def test_no_half_written_chart_is_left_where_saving_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path, [calls()])

    def full(self: Path, target: Path) -> Path:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CallcostError, match="no space left on device"):
        charts.draw(path)
    assert list(tmp_path.iterdir()) == [path]
