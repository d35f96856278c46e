"""Makes the pages of the site: for each its address, its template, and its content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from callcost.benchmarks.break_even import REFERENCE, Curve, calls_the_c
from callcost.benchmarks.facts.facts import FACTS, UNKNOWN, by_answer, verdict
from callcost.benchmarks.facts.marks import label_of
from callcost.benchmarks.site import drawn, fits
from callcost.benchmarks.site.inputs import Inputs
from callcost.benchmarks.site.measured import FLOOR, Measured, WorkloadSheet
from callcost.benchmarks.site.pages import (
    break_even_page,
    environments,
    front,
    guide,
    method,
    source,
    stable_abi,
    upgrades,
)
from callcost.benchmarks.site.pages.page import Page
from callcost.benchmarks.site.pages.source import Source
from callcost.benchmarks.tools import cards, tool_of, written_of
from callcost.benchmarks.which import choices
from callcost.benchmarks.which.choices import Candidate, Place
from callcost.bindings.registry import WRITTEN, Build, Mechanism, StaleBuildError
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
    "stable-abi.html": "Stable ABI",
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
    """What all pages share: the inputs, the addresses, the sources."""

    inputs: Inputs
    mechanism_urls: dict[str, str] = field(default_factory=dict)
    workload_urls: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, inputs: Inputs) -> Book:
        """Gives every mechanism and every workload of all runs an address."""
        mechanisms = {name for run in inputs.runs for name in run.mechanisms}
        workloads = {name for run in inputs.runs for name in run.sheets}
        return cls(
            inputs,
            addresses("mechanisms", mechanisms),
            addresses("workloads", workloads),
        )

    @property
    def run(self) -> Measured:
        """The run that most pages show."""
        return self.inputs.runs[0]

    @cached_property
    def several(self) -> Measured:
        """The first run in several interpreters; the run that most pages show if there is none."""
        return next((run for run in self.inputs.runs if run.interpreters), self.run)

    @cached_property
    def places(self) -> list[Place]:
        """The interpreters of that run, newest first, with the mechanisms that call C there."""
        return choices.places_of(self.run, self.several)

    def _candidate(self, name: str) -> Candidate | None:
        """Finds a mechanism in the newest interpreter that has it."""
        every = (one for place in self.places for one in place.candidates)
        return next((one for one in every if one.name == name), None)

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
        yield front.page(self)
        yield guide.page(self)
        yield self._mechanisms()
        yield from map(self._mechanism, self.mechanism_urls)
        yield Page("workloads/index.html", "workloads.html", "The workloads")
        yield from map(self._workload, self.run.sheets.values())
        yield break_even_page.page(self)
        yield self._scaling()
        yield stable_abi.page(self)
        yield environments.page(self)
        yield method.page(self)
        yield Page("record.html", "record.html", "The record", {"facts_of": environments.facts_of})

    def _mechanism(self, name: str) -> Page:
        known = self.folders[name]
        sheets = self.run.sheets.values()
        costs = drawn.mechanism_chart(name, sheets)
        explained = list(self._explained(name))
        parts = [drawn.parts_chart(rows, _parts_title(name, about)) for about, rows in explained]
        curves = self._compared_curves(name)
        title = f"Time of a call through {label_of(name)}, plain Python and the fastest, by n"
        sweep = drawn.sweep_chart(curves, title) if curves else None
        shown = {
            "name": name,
            "folder": known,
            "found": {fact.key: self.fact(name, fact.key) for fact in FACTS},
            "home": known.card.home_page.partition("://")[2].strip("/") if known else "",
            **self._built(name),
            "in_each_rows": upgrades.of_mechanism(self.several, name),
            "not_leading": self._not_leading(name),
            "candidate": self._candidate(name),
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
        said = known.summary if known else ""
        return Page(url, "mechanism.html", label_of(name), shown, (costs, *parts, sweep), said=said)

    def _mechanisms(self) -> Page:
        place = choices.default_place(self.several, self.places)
        facts = {one.name: one.facts for one in place.candidates} if place else {}

        def ticks(name: str, key: str) -> tuple[str, str]:
            answer = facts.get(name, self.run.facts.get(name, {})).get(key, "")
            return answer, verdict(answer)

        names = sorted(self.mechanism_urls, key=lambda name: (tool_of(name), name))
        where = f" in {place.title}" if place else ""
        shown = {
            "names": names,
            "ticks": ticks,
            "written": [each for each in WRITTEN if each in set(map(written_of, names))],
            "caption": f"The mechanisms, and what running them revealed{where}",
        }
        return Page("mechanisms/index.html", "mechanisms.html", "The mechanisms", shown)

    def fact(self, name: str, key: str) -> str:
        """Returns a fact of a mechanism in every interpreter of all runs, the newest first."""
        answers = {
            each.interpreter.place: each.interpreter.mechanism_facts.get(name, {}).get(key, "")
            for each in self.places
            if each.interpreter and each.interpreter.place
        }
        if not self.run.interpreters:
            answers[self.run.python] = self.run.facts.get(name, {}).get(key, "")
        found = {place: answer for place, answer in answers.items() if answer}
        known = {at: answer for at, answer in found.items() if not answer.startswith(UNKNOWN)}
        return by_answer(known or found)

    def _built(self, name: str) -> dict[str, str]:
        """Returns the version of a mechanism's tool and its flags, in the newest place with it."""
        there = (
            place.interpreter
            for place in self.places
            if place.interpreter and any(one.name == name for one in place.candidates)
        )
        found, card = next(there, None), cards().get(name)
        if found is None or card is None:
            return {"version": "", "flags": ""}
        return {"version": found.version_of(card), "flags": found.flags(name)}

    def _not_leading(self, name: str) -> str:
        """Says why the interpreter that most pages show does not have a mechanism."""
        lead = self.run.leading
        if lead is None or any(row.name == name for row in self.run.rows):
            return ""
        why = lead.missing.get(name)
        return f"Not in {lead.title}: {why or 'it was not measured there'}."

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
        charts = (drawn.cost_chart(sheet),)
        url = self.workload_urls[sheet.name]
        return Page(url, "workload.html", sheet.label, shown, charts, said=front.finding(sheet))

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

    def _scaling(self) -> Page:
        all_series = fits.size_series(self.run.sheets)
        found = [(series, fits.fit_all(series, self.run.own_estimates)) for series in all_series]
        charts = [drawn.size_chart(*pair) if pair[1] else None for pair in found]
        # The first series counts arguments.
        bars = drawn.marginal_chart(*found[0]) if found and found[0][1] else None
        names = {fit.name for _, several in found for fit in several}
        shown = {
            "all_series": [(*pair, chart) for pair, chart in zip(found, charts, strict=True)],
            "bars": bars,
            "written": [each for each in WRITTEN if each in set(map(written_of, names))],
        }
        title = "Cost per argument and per element"
        return Page("scaling.html", "scaling.html", title, shown, (*charts, bars))


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
    through = f"Instructions of one call through {label_of(name)} by what they are spent on"
    return f"{through}, {python_of(about)}"


def python_of(about: Explanation) -> str:
    """Returns the interpreter of an explanation."""
    return f"CPython {about.facts.get('python', '?')}"
