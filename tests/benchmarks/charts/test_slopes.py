"""Slope charts: every line is named, no text covers another, and scales do not magnify noise."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from itertools import combinations
from pathlib import Path

import made_records
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from callcost.benchmarks.charts import draw as charts
from callcost.benchmarks.charts.look import style_for
from callcost.benchmarks.charts.slopes import (
    LEAST,
    NARROW_IN,
    Slope,
    Slopes,
    bare_slope_chart,
    limits_ns,
    slope_chart,
    slopes_of,
)
from callcost.benchmarks.facts.marks import Marks
from callcost.benchmarks.matrix.figures import Matrix
from callcost.bindings.registry import mechanisms
from callcost.console import page
from callcost.console.page import LIGHT
from callcost.estimate.record import Record
from callcost.model.interval import Interval

PLACES = ("3.11", "3.13", "3.14", "3.14t", "3.15", "3.15t", "pypy3.11")


def slope(name: str, **costs_ns: float) -> Slope:
    net_ns = {p.replace("_", "."): Interval(ns, 0.98 * ns, 1.02 * ns) for p, ns in costs_ns.items()}
    return Slope(name, name, net_ns)


def crowded() -> Slopes:
    """Every mechanism of bindings/ in many interpreters, with costs that hardly differ."""
    slopes = [
        Slope(
            mechanism.name,
            f"{mechanism.name}†",
            {
                place: Interval(cost, 0.99 * cost, 1.01 * cost)
                for column, place in enumerate(PLACES[: 1 + number % len(PLACES)])
                for cost in [40 + number / 100 + column / 10]
            },
        )
        for number, mechanism in enumerate(mechanisms())
    ]
    return Slopes("fibonacci", PLACES, tuple(slopes))


def drawn(found: Slopes, width_in: float | None) -> Figure:
    style = style_for([slope.mechanism for slope in found.slopes], LIGHT)
    with page.settings(LIGHT):
        if width_in is None:
            figure = slope_chart(found, "one\ntwo", style)
        else:
            figure = bare_slope_chart(found, width_in, style)
        # Places all texts.
        figure.savefig(io.BytesIO(), format="png")
    return figure


def texts(figure: Figure) -> list[str]:
    inside = [text.get_text() for axes in figure.axes for text in axes.texts]
    return [*inside, *(text.get_text() for text in figure.texts)]


def every_text(figure: Figure) -> Iterator[Text]:
    """Yields all texts that can be seen."""
    for axes in figure.axes:
        own = *axes.texts, *axes.get_xticklabels(), *axes.get_yticklabels()
        yield from (text for text in own if text.get_text().strip())
    yield from figure.texts


def box_of(text: Text) -> Bbox:
    """Returns the place of a text without empty lines above it, and without the leader of one."""
    lines, box = text.get_text().split("\n"), Text.get_window_extent(text)
    share = len("\n".join(lines).lstrip("\n").split("\n")) / len(lines)
    return Bbox([[box.x0, box.y0], [box.x1, box.y0 + share * box.height]])


@pytest.mark.parametrize("width_in", [None, NARROW_IN, page.WIDTH_IN])
def test_no_text_covers_another_or_leaves_the_chart(width_in: float | None) -> None:
    found = crowded()
    figure = drawn(found, width_in)
    with page.settings(LIGHT):
        boxes = [(text.get_text().strip(), box_of(text)) for text in every_text(figure)]
    for text, box in boxes:
        assert box.x0 >= -1 and box.x1 <= figure.bbox.width + 1, text
        assert box.y0 >= -1 and box.y1 <= figure.bbox.height + 1, text
    for (one, a), (other, b) in combinations(boxes, 2):
        wide = min(a.x1, b.x1) - max(a.x0, b.x0)
        high = min(a.y1, b.y1) - max(a.y0, b.y0)
        # Boxes have room above and below their letters.
        assert not (wide > 1 and high > 3.5), (one, other)
    named = [text for text in texts(figure) if text.endswith("†")]
    assert sorted(named) == sorted(slope.label for slope in found.slopes)


def test_a_panel_has_the_mechanisms_of_one_tool_and_the_first_tool_comes_first() -> None:
    found = Slopes(
        "work",
        ("3.13", "3.14"),
        (
            slope("tool_b", **{"3_13": 5.0, "3_14": 6.0}),
            slope("other_a", **{"3_13": 7.0}),
            slope("tool_a", **{"3_13": 9.0, "3_14": 8.0}),
            Slope("lost_a", "lost_a", {"3.13": Interval(-0.1, -0.3, 0.1)}),
        ),
    )
    panels = [(tool, [one.mechanism for one in members]) for tool, members in found.panels]
    assert panels == [("tool", ["tool_b", "tool_a"]), ("other", ["other_a"])]


def test_a_scale_is_logarithmic_only_for_a_wide_span_and_never_magnifies_noise() -> None:
    low, high, is_log = limits_ns([slope("a", x=10.0, y=80.0)])
    assert is_log and low < 9.8 and high > 81.6
    low, high, is_log = limits_ns([slope("a", x=10.0, y=40.0)])
    assert not is_log and low < 9.8 and high > 40.8
    low, high, is_log = limits_ns([slope("a", x=100.0, y=101.0)])
    assert not is_log and high / low >= LEAST


def test_the_heading_names_interpreters_whose_controls_failed() -> None:
    record = Record(Path("run.json"), made_records.matrix_record(twin="3.15"))
    matrix = Matrix(record.estimates, list(made_records.INTERPRETERS))
    found = slopes_of(matrix, Marks.of_record(record.document))
    assert [each.inconclusive for each in found] == [("3.15",)] * 2
    said = "\n".join(texts(drawn(found[1], None)))
    assert "Inconclusive" in said and "3.15" in said
    assert {"ctypes.CDLL†", "cffi, API mode"} <= set(texts(drawn(found[1], None)))


def test_a_mechanism_of_the_past_is_called_legacy() -> None:
    record = Record(Path("run.json"), made_records.with_legacy(made_records.matrix_record()))
    found = slopes_of(Matrix(record.estimates, list(made_records.INTERPRETERS)), Marks({}))
    assert "HPy, universal ABI (legacy)" in {slope.label for slope in found[0].slopes}


def saved(folder: Path, workloads: Iterable[str] = ("get_pi", "fibonacci")) -> Path:
    return made_records.written(folder / "run.json", made_records.matrix_record(workloads))


def test_a_run_in_several_interpreters_gets_a_chart_for_each_workload(tmp_path: Path) -> None:
    made = {path.name for path in charts.draw(saved(tmp_path))}
    charts_of = ("slopes.get_pi", "slopes.fibonacci", "per_call")
    assert made == {f"run.{chart}.{end}" for chart in charts_of for end in ("svg", "png")}
    said = (tmp_path / "run.slopes.fibonacci.svg").read_text()
    for words in ("3.15: CPython 3.15.0rc2 (release candidate 2, GIL", "pypy3.11: PyPy 7.3.20"):
        assert words in said
    # The other chart is of the leading interpreter alone, and says which that is.
    said = (tmp_path / "run.per_call.svg").read_text()
    assert "CPython 3.13.1 (PGO, LTO, no JIT, GIL)" in said
    assert " @ " not in said and "cffi_api" not in said


def test_many_slope_charts_have_no_png(tmp_path: Path) -> None:
    workloads = ["get_pi", "fibonacci", "add_two", "../evil", "list_100"]
    made = charts.draw(saved(tmp_path, workloads=workloads))
    slopes = {path.name for path in made if ".slopes." in path.name}
    assert len(slopes) == len(workloads)
    assert {path.suffix for path in made if ".slopes." in path.name} == {".svg"}
    # A name from a record is no path.
    assert {path.parent for path in made} == {tmp_path}
    assert {path.name for path in made} - slopes == {
        f"run.{chart}.{end}" for chart in ("per_call", "overview") for end in ("svg", "png")
    }


def test_one_interpreter_alone_is_drawn_like_the_running_one(tmp_path: Path) -> None:
    document = made_records.matrix_record()
    section = document["callcost"]
    section["groups"] = {n: g for n, g in section["groups"].items() if n.endswith("@ 3.15")}
    about = section["environment"]["interpreters"]
    section["environment"]["interpreters"] = {"3.15": about["3.15"]}
    path = tmp_path / "run.json"
    path.write_text(json.dumps(document))
    made = {file.name for file in charts.draw(path, formats=["svg"])}
    assert made == {"run.per_call.svg"}
    assert "CPython 3.15.0rc2 (release candidate 2" in (tmp_path / "run.per_call.svg").read_text()
