"""Makes the part of the environments page about runs in several interpreters.

Says what each upgrade costs, and shows every workload in all interpreters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from matplotlib.figure import Figure

from callcost.benchmarks.charts.look import style_for
from callcost.benchmarks.charts.slopes import NARROW_IN, Slopes, bare_slope_chart, slopes_of
from callcost.benchmarks.facts.marks import Marks, named
from callcost.benchmarks.matrix.figures import Change, Line, Matrix, Sheet
from callcost.benchmarks.matrix.interpreters import Interpreter, flags_of, versions_of
from callcost.benchmarks.matrix.table import around, change_text
from callcost.benchmarks.matrix.upgrades import Upgrade, largest, nothing_changed, upgrades
from callcost.benchmarks.site.measured import Measured
from callcost.benchmarks.site.pages.page import Picture
from callcost.benchmarks.tools import workload_label
from callcost.console.files import file_stems
from callcost.console.numbers import cost_text, count, percent_interval
from callcost.console.page import WIDTH_IN, Theme
from callcost.model.group import ELSEWHERE

NONE = "–"


@dataclass(frozen=True)
class Cell:
    """A cost in one interpreter as text, and the change from the one before.

    `kind` is slower, faster, or empty for neither; `change` may be empty, too.
    """

    ns: str
    around: str = ""
    change: str = ""
    told: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Row:
    """A mechanism's cells, or a workload's: one for each interpreter."""

    name: str
    shown: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Panel:
    """A workload: what changed, its rows, and the addresses of its charts."""

    name: str
    call: str
    said: str
    rows: tuple[Row, ...]
    wide: str
    narrow: str


@dataclass(frozen=True)
class Part:
    """What the page shows of one run."""

    run: Measured
    upgrades: tuple[Upgrade, ...]
    nothing: str
    panels: tuple[Panel, ...]
    pictures: tuple[Picture, ...]

    @property
    def interpreters(self) -> list[Interpreter]:
        """The interpreters of the run."""
        return self.run.interpreters

    @property
    def versions(self) -> list[tuple[str, list[str], bool]]:
        """What was used in each interpreter: name, versions, and whether these differ."""
        rows = versions_of(self.interpreters)
        return [(name, values, len(set(values)) > 1) for name, values in rows]

    @property
    def flags(self) -> list[tuple[str, str]]:
        """The flags of each mechanism that is compiled, with the interpreters if they differ."""
        told = ((name, flags_of(self.interpreters, name)) for name in self.run.mechanisms)
        return [(name, flags) for name, flags in told if flags]


def parts(runs: Sequence[Measured]) -> list[Part]:
    """Makes a part for each run that names interpreters."""
    return [_part(run, number) for number, run in enumerate(runs, 1) if run.interpreters]


def _part(run: Measured, number: int) -> Part:
    matrix = run.matrix
    found = tuple(upgrades(matrix, largest(matrix), run.environment.get("instructions", {})))
    stems = file_stems(sheet.workload for sheet in matrix.sheets)
    drawn = slopes_of(matrix, Marks.of_record(run.document)) if len(matrix.places) > 1 else []
    addresses = {each.workload: f"slopes/{number}/{stems[each.workload]}" for each in drawn}
    pictures = [picture for each in drawn for picture in _pictures(each, addresses[each.workload])]
    panels = [_panel(run, matrix, sheet, addresses.get(sheet.workload)) for sheet in matrix.sheets]
    nothing = "" if found else nothing_changed(matrix)
    return Part(run, found, nothing, tuple(panels), tuple(pictures))


def _pictures(found: Slopes, stem: str) -> Iterator[Picture]:
    for end, width_in in (("", WIDTH_IN), (".narrow", NARROW_IN)):
        yield Picture(f"{stem}{end}", partial(_drawn, found, width_in))


def _drawn(found: Slopes, width_in: float, theme: Theme) -> Figure:
    style = style_for([slope.mechanism for slope in found.slopes], theme)
    return bare_slope_chart(found, width_in, style)


def _panel(run: Measured, matrix: Matrix, sheet: Sheet, stem: str | None) -> Panel:
    marks = Marks.of_record(run.document)
    rows = [
        Row(
            line.mechanism,
            named(line.mechanism) + marks.of(line.mechanism, sheet.workload),
            _cells(matrix, line),
        )
        for line in sheet.lines
    ]
    first = next(e for n, e in run.estimates.items() if n.partition(ELSEWHERE)[0] == sheet.workload)
    call = first.times.contenders[0].call
    wide, narrow = (f"{stem}.svg", f"{stem}.narrow.svg") if stem else ("", "")
    return Panel(sheet.workload, call, _said(sheet), tuple(rows), wide, narrow)


def _said(sheet: Sheet) -> str:
    """Says how many changes of a workload are clear, and where it cannot be known."""
    changes = [change for line in sheet.lines for change in line.changes.values()]
    slower = sum(_kind(change) == "slower" for change in changes)
    faster = sum(_kind(change) == "faster" for change in changes)
    moved = f"; inconclusive in {', '.join(sheet.inconclusive)}" if sheet.inconclusive else ""
    if not changes:
        return f"{count(len(sheet.lines), 'mechanism')}{moved}"
    return f"{slower} slower, {faster} faster of {count(len(changes), 'change')}{moved}"


def _cells(matrix: Matrix, line: Line) -> tuple[Cell, ...]:
    return tuple(_cell(line, place) for place in matrix.places)


def _cell(line: Line, place: str) -> Cell:
    net_ns = line.net_ns.get(place)
    if net_ns is None:
        return Cell(NONE)
    change = line.changes.get(place)
    told = "" if change is None else f"since {change.before}: {percent_interval(change.share)}"
    return Cell(cost_text(net_ns.value), around(net_ns), change_text(change), told, _kind(change))


def _kind(change: Change | None) -> str:
    if change is None or not change.is_clear:
        return ""
    return "slower" if change.share.value > 0 else "faster"


def of_mechanism(run: Measured, name: str) -> list[Row]:
    """Lists what each workload costs through one mechanism, in every interpreter of a run."""
    if not run.interpreters:
        return []
    matrix = run.matrix
    return [
        Row(sheet.workload, workload_label(sheet.workload), _cells(matrix, line))
        for sheet in matrix.sheets
        for line in sheet.lines
        if line.mechanism == name
    ]
