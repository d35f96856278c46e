"""Draws a record: what each call costs, all of it at a glance, and when that stops mattering.

Of a run in several interpreters, it draws each workload in all of them, and what each call costs
in the leading one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from callcost.benchmarks.break_even import REFERENCE, Curve, curves, sweep
from callcost.benchmarks.catalogue import OTHER_TOPIC, TOPICS, topic_of
from callcost.benchmarks.charts.bars import Panel, panel_of, per_call_chart
from callcost.benchmarks.charts.break_even_chart import break_even_chart
from callcost.benchmarks.charts.layouts_chart import Moved, layouts_chart, moved
from callcost.benchmarks.charts.look import Style, style_for
from callcost.benchmarks.charts.overview import overview_chart
from callcost.benchmarks.charts.slopes import Slopes, slope_chart, slopes_of
from callcost.benchmarks.charts.tools_chart import tools_chart
from callcost.benchmarks.facts.marks import Marks
from callcost.benchmarks.matrix.figures import Matrix
from callcost.benchmarks.matrix.interpreters import (
    Interpreter,
    interpreters,
    leading_groups,
    running,
)
from callcost.benchmarks.tools import CHOICES, tools_of
from callcost.console.files import file_stems
from callcost.console.page import FORMATS, THEMES, Theme, save
from callcost.estimate.estimate import GroupEstimate, aa_error
from callcost.estimate.record import Record
from callcost.model.group import ELSEWHERE

# More panels than this get a chart for each topic, and one for the headline alone.
ONE_CHART = 4
HEADLINE = "fibonacci"
# The curves of the README: plain Python, and what callcost advises.
FEW = {REFERENCE, *(choice.mechanism for choice in CHOICES)}
SLOPES = "slopes."


@dataclass(frozen=True)
class Content:
    """What there is to draw of a record."""

    panels: tuple[Panel, ...]
    swept: tuple[Curve, ...]
    swept_call: str
    moved: tuple[Moved, ...]
    moved_call: str
    slopes: tuple[Slopes, ...]
    slopes_footer: str
    footer: str

    @property
    def names(self) -> set[str]:
        """The mechanisms that appear in any chart."""
        drawn = {bar.name for panel in self.panels for bar in panel.bars}
        curves = {curve.name for curve in self.swept}
        slopes = {slope.mechanism for each in self.slopes for slope in each.slopes}
        return drawn | curves | slopes | {each.name for each in self.moved}


def draw(
    record: Path, folder: Path | None = None, formats: Collection[str] = FORMATS
) -> list[Path]:
    """Draws the charts of a record into `folder` or beside it, and returns the files made.

    Raises RecordError.
    """
    content = _content(Record.load(record))
    stem = (folder or record.parent) / record.name.partition(".json")[0]
    styles = {theme: style_for(content.names, theme) for theme in THEMES}
    made = []
    for chart, drawing in _drawings(content):
        place = stem.with_name(f"{stem.name}.{chart}")
        made += save(_by_theme(drawing, styles), place, _formats(content, chart, formats))
    return sorted(made)


def _formats(content: Content, chart: str, formats: Collection[str]) -> Collection[str]:
    """Leaves out the PNG of slope charts if they are many."""
    many = chart.startswith(SLOPES) and len(content.slopes) > ONE_CHART
    return [one for one in formats if one != "png"] if many else formats


def draw_slopes(path: Path, folder: Path, workloads: Collection[str]) -> list[Path]:
    """Draws some workloads of a run in several interpreters, and returns the files made."""
    record = Record.load(path)
    footer, name, made = slopes_footer(record), path.name.partition(".json")[0], []
    for slopes in _slopes(record):
        if slopes.workload in workloads:
            mechanisms = [slope.mechanism for slope in slopes.slopes]
            styles = {theme: style_for(mechanisms, theme) for theme in THEMES}
            drawing = _by_theme(partial(slope_chart, slopes, footer), styles)
            made += save(drawing, folder / f"{name}.{SLOPES}{slopes.workload}", ["svg"])
    return made


def draw_front(reference: Record, folder: Path) -> list[Path]:
    """Draws the pictures of the README into a folder, and returns the files made.

    One is of the tools; the other is of when it stops mattering what one takes.
    """
    estimates, lead = leading_groups(reference)
    tools, content = tools_of(estimates[HEADLINE]), _content(reference)
    few = [curve for curve in content.swept if curve.name in FEW]
    footer = provenance(reference.document, lead)
    drawings: dict[str, Callable[[Style], Figure]] = {
        "front.tools": partial(tools_chart, tools, footer),
        "front.break_even": partial(break_even_chart, few, content.swept_call, content.footer),
    }
    styles = {theme: style_for([curve.name for curve in few], theme) for theme in THEMES}
    made = []
    for name, drawing in drawings.items():
        made += save(_by_theme(drawing, styles), folder / name, ["svg"])
    return made


def draw_layouts(rows: tuple[Moved, ...], call: str, footer: str, folder: Path) -> list[Path]:
    """Draws what layouts make of one call into a folder, and returns the file made."""
    styles = {theme: style_for([row.name for row in rows], theme) for theme in THEMES}
    drawing = _by_theme(partial(layouts_chart, rows, call, footer), styles)
    return save(drawing, folder / "layouts", ["svg"])


def _by_theme(
    drawing: Callable[[Style], Figure], styles: Mapping[Theme, Style]
) -> Callable[[Theme], Figure]:
    return lambda theme: drawing(styles[theme])


def _content(record: Record) -> Content:
    document = record.document
    estimates, lead = leading_groups(record)
    swept = list(sweep(estimates).values())
    headline = estimates.get(HEADLINE)
    return Content(
        tuple(panels_of(estimates, Marks.of_record(document))),
        tuple(curves(estimates)),
        estimates[swept[0]].times.contenders[0].call if swept else "",
        tuple(moved(headline)) if headline else (),
        headline.times.contenders[0].call if headline else "",
        tuple(_slopes(record)),
        slopes_footer(record),
        provenance(document, lead),
    )


def _slopes(record: Record) -> list[Slopes]:
    """Collects what is drawn of each workload if there are several interpreters."""
    matrix = Matrix.of(record)
    marks = Marks.of_record(record.document)
    return slopes_of(matrix, marks) if len(matrix.places) > 1 else []


def _drawings(content: Content) -> Iterator[tuple[str, Callable[[Style], Figure]]]:
    """Yields a part of the file's name for each chart of a record, and what draws it."""
    panels, footer = content.panels, content.footer
    stems = file_stems(slopes.workload for slopes in content.slopes)
    for slopes in content.slopes:
        drawing = partial(slope_chart, slopes, content.slopes_footer)
        yield f"{SLOPES}{stems[slopes.workload]}", drawing
    if 0 < len(panels) <= ONE_CHART:
        yield "per_call", partial(per_call_chart, panels, footer)
    elif panels:
        headline = next((panel for panel in panels if panel.name == HEADLINE), panels[0])
        yield "per_call", partial(per_call_chart, [headline], footer)
        yield "overview", partial(overview_chart, panels, footer)
        # Each of these workloads has a chart of its own if there are several interpreters.
        topics = {} if content.slopes else by_topic(panels)
        for topic, members in topics.items():
            yield file_part(topic), partial(per_call_chart, members, footer, headline=topic)
    if content.swept:
        yield "break_even", partial(break_even_chart, content.swept, content.swept_call, footer)
    if content.moved and not content.slopes:
        yield "layouts", partial(layouts_chart, content.moved, content.moved_call, footer)


def file_part(topic: str) -> str:
    """Turns the name of a topic into a part of a file's name."""
    return topic.lower().replace(" ", "_")


def by_topic(panels: Sequence[Panel]) -> dict[str, list[Panel]]:
    """Sorts panels by the topic of their workload, in the order of the catalogue."""
    found: dict[str, list[Panel]] = {topic: [] for topic in (*TOPICS, OTHER_TOPIC)}
    for panel in panels:
        found[topic_of(panel.name.partition(ELSEWHERE)[0])].append(panel)
    return {topic: members for topic, members in found.items() if members}


def panels_of(estimates: dict[str, GroupEstimate], marks: Marks) -> list[Panel]:
    """Collects what is drawn of the groups outside the sweep, one panel for each workload."""
    swept = sweep(estimates).values()
    error = aa_error(list(estimates.values()))
    here = {name: own for name, own in estimates.items() if name not in swept}
    panels = []
    for name, estimate in here.items():
        workload, _, place = name.partition(ELSEWHERE)
        if place and workload in here:
            continue  # it is in the panel of its workload
        elsewhere = {
            other.partition(ELSEWHERE)[2]: here[other]
            for other in here
            if other.startswith(f"{name}{ELSEWHERE}")
        }
        panels.append(panel_of(name, estimate, error, marks, elsewhere))
    return panels


def slopes_footer(record: Record) -> str:
    """Says what each interpreter of a record is, and what machine measured them."""
    said = [f"{each.place}: {each.title}" for each in interpreters(record)]
    return "\n".join([*said, machine(record.document)])


def machine(document: dict[str, Any]) -> str:
    """Names the system and the processor of a record, as far as it knows them."""
    facts = document.get("machine_info", {})
    processor = facts.get("cpu", {}).get("brand_raw", "")
    parts = (facts.get("system", ""), facts.get("machine", ""), processor)
    return " · ".join(part.strip() for part in parts if part.strip())


def provenance(document: dict[str, Any], lead: Interpreter | None = None) -> str:
    """Says what a record was measured with, as far as the record knows.

    `lead` is the interpreter that stands for a run in several.
    """
    python = lead or running(document)
    return " · ".join(filter(None, (python.title if python else "", machine(document))))
