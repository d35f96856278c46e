"""Makes the pages of the site: for each its address, its template, and its content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from callcost.benchmarks.break_even import NEAR_FASTEST, REFERENCE, Curve, calls_the_c
from callcost.benchmarks.facts.facts import FACTS
from callcost.benchmarks.site import drawn, fits
from callcost.benchmarks.site.inputs import Inputs
from callcost.benchmarks.site.measured import FLOOR, Measured, WorkloadSheet
from callcost.benchmarks.site.pages import environments, guide, method, source, upgrades
from callcost.benchmarks.site.pages.page import Page
from callcost.benchmarks.site.pages.source import Source
from callcost.bindings.registry import Build, Mechanism, StaleBuildError
from callcost.console.files import file_stems
from callcost.explain.explanation import Explained, Explanation
from callcost.explain.parts import PARTS

HEADLINE = "fibonacci"
NAVIGATION = {
    "index.html": "Costs",
    "choose.html": "Which one?",
    "mechanisms/index.html": "Mechanisms",
    "workloads/index.html": "Workloads",
    "break-even.html": "Break-even",
    "scaling.html": "Per argument",
    "environments.html": "Environments",
    "history.html": "History",
    "method.html": "How it was measured",
    "record.html": "Record",
}


@dataclass(frozen=True)
class Writing:
    """The mechanisms that write a workload with the same lines of the same files."""

    mechanisms: list[str]
    lines: list[Source]


@dataclass
class Book:
    """What all pages share: the inputs, the addresses, the colours, the sources."""

    inputs: Inputs
    palette: drawn.Palette
    mechanism_urls: dict[str, str] = field(default_factory=dict)
    workload_urls: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, inputs: Inputs) -> Book:
        """Gives every mechanism and every workload of all runs an address."""
        mechanisms = {name for run in inputs.runs for name in run.mechanisms}
        workloads = {name for run in inputs.runs for name in run.sheets}
        return cls(
            inputs,
            drawn.Palette.of(mechanisms),
            addresses("mechanisms", mechanisms),
            addresses("workloads", workloads),
        )

    @property
    def run(self) -> Measured:
        """The run that most pages show."""
        return self.inputs.runs[0]

    @cached_property
    def headline(self) -> WorkloadSheet | None:
        """The workload on the front page."""
        sheets = self.run.sheets
        return sheets.get(HEADLINE) or next(iter(sheets.values()), None)

    @cached_property
    def folders(self) -> dict[str, Mechanism | None]:
        """The folder of each mechanism; None if it is only known from a record."""
        return {name: source.known(name) for name in self.mechanism_urls}

    @cached_property
    def sources(self) -> dict[str, list[Source]]:
        """The files of each mechanism that has a folder."""
        return {name: source.files(it) for name, it in self.folders.items() if it is not None}

    @cached_property
    def _depends(self) -> dict[str, list[str]]:
        """The sources of each mechanism: as the build here declared them, else as recorded."""
        recorded = self.run.depends
        try:
            return {**recorded, **Build().facts["depends"]}
        except StaleBuildError:
            return dict(recorded)

    def shared(self, mechanism: Mechanism) -> list[Source]:
        """Reads the files of other folders that a mechanism uses."""
        return source.shared_files(mechanism, self._depends.get(mechanism.module, []))

    def pages(self) -> Iterator[Page]:
        """Yields every page of the site except the history."""
        chart = drawn.cost_chart(self.headline, self.palette) if self.headline else None
        title = "What does it cost to call C from Python?"
        yield Page("index.html", "index.html", title, {"sheet": self.headline}, (chart,))
        yield self._choose()
        yield Page("mechanisms/index.html", "mechanisms.html", "The mechanisms")
        yield from map(self._mechanism, self.mechanism_urls)
        yield Page("workloads/index.html", "workloads.html", "The workloads")
        yield from map(self._workload, self.run.sheets.values())
        yield self._break_even()
        yield self._scaling()
        yield environments.page(self)
        yield method.page(self)
        yield Page("record.html", "record.html", "The record", {"facts_of": environments.facts_of})

    def _choose(self) -> Page:
        shown = {
            "guide": guide.as_json(self.run, self.mechanism_urls),
            "candidates": self._candidates.values(),
            "builds": guide.BUILDS,
        }
        return Page("choose.html", "choose.html", "Which one should I take?", shown)

    def _mechanism(self, name: str) -> Page:
        known = self.folders[name]
        sheets = self.run.sheets.values()
        costs = drawn.mechanism_chart(name, sheets, self.palette)
        explained = list(self._explained(name))
        parts = [drawn.parts_chart(rows, _parts_title(name, about)) for about, rows in explained]
        curves = self._compared_curves(name)
        title = f"Time of a call through {name}, plain Python and the fastest, by n"
        sweep = drawn.sweep_chart(curves, self.palette, title) if curves else None
        shown = {
            "name": name,
            "folder": known,
            "found": {fact.key: self.run.fact(name, fact.key) for fact in FACTS},
            "in_each_rows": upgrades.of_mechanism(self.run, name),
            "not_leading": self._not_leading(name),
            "candidate": self._candidates.get(name),
            "rows": [(sheet, row) for sheet in sheets if (row := sheet.row(name))],
            "elsewhere": [row for row in self.run.rows if row.name == name and row.place],
            "unsupported": _unsupported(known, self.run),
            "costs": costs,
            "explained": list(zip(explained, parts, strict=True)),
            "parts": PARTS,
            "curve": next((curve for curve in curves if curve.name == name), None),
            "sweep": sweep,
            "sources": self.sources.get(name, []),
            "shared": self._shared_named(known) if known else [],
        }
        url = self.mechanism_urls[name]
        return Page(url, "mechanism.html", name, shown, (costs, *parts, sweep))

    def _not_leading(self, name: str) -> str:
        """Says why the interpreter that most pages show does not have a mechanism."""
        lead = self.run.leading
        if lead is None or any(row.name == name for row in self.run.rows):
            return ""
        why = lead.missing.get(name)
        return f"Not in {lead.title}: {why or 'it was not measured there'}."

    @cached_property
    def _candidates(self) -> dict[str, guide.Candidate]:
        return {candidate.name: candidate for candidate in guide.candidates(self.run)}

    def _shared_named(self, known: Mechanism) -> list[tuple[Source, str]]:
        """Pairs the shared files of a mechanism with the address of the page that shows them."""
        return [
            (one, self.mechanism_urls.get(one.name.partition("/")[0], ""))
            for one in self.shared(known)
        ]

    def _explained(self, name: str) -> Iterator[tuple[Explanation, list[tuple[str, Explained]]]]:
        for explanation in self.inputs.explanations:
            rows = [
                (chapter.name, row)
                for chapter in explanation.chapters
                for row in chapter.rows
                if row.name == name
            ]
            if rows:
                yield explanation, rows

    def _compared_curves(self, name: str) -> list[Curve]:
        """Picks a mechanism's curve and those to compare it with; none if it has none."""
        curves = self.run.curves
        if name not in [curve.name for curve in curves]:
            return []
        fastest = next((c.name for c in curves if calls_the_c(c.name)), name)
        return [curve for curve in curves if curve.name in (name, fastest, REFERENCE)]

    def _workload(self, sheet: WorkloadSheet) -> Page:
        about, first = sheet.about, self._first_with(sheet)
        shown = {
            "sheet": sheet,
            "c": source.c_source(about) if about else None,
            "writings": self._writings(sheet) if about and not first else [],
            "first": first,
        }
        charts = (drawn.cost_chart(sheet, self.palette),)
        return Page(self.workload_urls[sheet.name], "workload.html", sheet.name, shown, charts)

    def _first_with(self, sheet: WorkloadSheet) -> str:
        """Names an earlier workload with the same function, whose page has the sources."""
        for other in self.run.sheets.values():
            if other is sheet:
                break
            same = sheet.about and other.about and sheet.about.function == other.about.function
            if same and {row.name for row in sheet.rows} <= {row.name for row in other.rows}:
                return other.name
        return ""

    def _writings(self, sheet: WorkloadSheet) -> list[Writing]:
        found: dict[tuple[tuple[str, str], ...], Writing] = {}
        for name in sorted({row.name for row in sheet.rows if row.kind != FLOOR}):
            known = self.folders[name]
            if known is not None and sheet.about is not None:
                every = [*self.sources[name], *self.shared(known)]
                lines = source.excerpt(every, sheet.about)
                key = tuple((part.name.rpartition("/")[2], part.text) for part in lines)
                found.setdefault(key, Writing([], lines)).mechanisms.append(name)
        return list(found.values())

    def _break_even(self) -> Page:
        run = self.run
        sizes = sorted({n for curve in run.curves for n in curve.n})
        within = f"{NEAR_FASTEST - 1:.0%}"
        columns = ["mechanism", "beats Python from n", f"within {within} from n"]
        shown = {
            "fits": fits.fit_sweep(run.own_estimates),
            "sizes": sizes,
            "within": within,
            "columns": [*columns, *(f"n = {n}" for n in sizes)],
        }
        title = "Time of a call by n, through every mechanism"
        chart = drawn.sweep_chart(run.curves, self.palette, title) if run.curves else None
        title = "When does it stop mattering?"
        return Page("break-even.html", "break_even.html", title, shown, (chart,))

    def _scaling(self) -> Page:
        all_series = fits.size_series(self.run.sheets)
        found = [(series, fits.fit_all(series, self.run.own_estimates)) for series in all_series]
        charts = [drawn.size_chart(*pair, self.palette) if pair[1] else None for pair in found]
        shown = {"all_series": [(*pair, chart) for pair, chart in zip(found, charts, strict=True)]}
        title = "Cost per argument and per element"
        return Page("scaling.html", "scaling.html", title, shown, tuple(charts))


def addresses(folder: str, names: Iterable[str]) -> dict[str, str]:
    """Gives each name a file in a folder of the site, whatever its characters."""
    return {name: f"{folder}/{stem}.html" for name, stem in file_stems(names).items()}


def _unsupported(known: Mechanism | None, run: Measured) -> list[tuple[str, str]]:
    """Lists the run's workloads that a mechanism does not support, with the reasons."""
    if known is None:
        return []
    return [
        (sheet.name, known.why_unsupported(sheet.about.function))
        for sheet in run.sheets.values()
        if sheet.about is not None and not known.offers(sheet.about.function)
    ]


def _parts_title(name: str, about: Explanation) -> str:
    return f"Instructions of one call through {name} by what they are spent on, {python_of(about)}"


def python_of(about: Explanation) -> str:
    """Returns the interpreter of an explanation."""
    return f"CPython {about.facts.get('python', '?')}"
