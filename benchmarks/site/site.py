"""Writes a site into a folder: pages, data, scripts, styles."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
import jinja2
from markupsafe import Markup

from callcost.benchmarks.charts.draw import provenance
from callcost.benchmarks.charts.look import Style
from callcost.benchmarks.charts.tools_chart import tools_chart
from callcost.benchmarks.facts.facts import FACTS, verdicts
from callcost.benchmarks.facts.marks import LEGACY_SAID, LEGEND, is_legacy, label_of, named
from callcost.benchmarks.site import charts, csv_files, drawn, render
from callcost.benchmarks.site.inputs import Inputs
from callcost.benchmarks.site.measured import WorkloadSheet
from callcost.benchmarks.site.pages import front, guide, history, pages, tabled
from callcost.benchmarks.site.pages.page import Page
from callcost.benchmarks.site.pages.tabled import short
from callcost.benchmarks.site.project import project
from callcost.benchmarks.tools import tool_of, workload_label
from callcost.console.numbers import interval, number
from callcost.console.page import save
from callcost.errors import CallcostError
from callcost.estimate.trust import failed_controls

PREVIEW = "preview.png"
DESCRIPTION = "what it costs to call C from Python through every tool, measured with its error"
MARKER = ".callcost-report"
"""A file in every site: a folder with it may be replaced by the next site."""
ABBREVIATION = Markup('<abbr title="{}">{}</abbr>')
SCRIPTS = (
    "charts.js", "downloads.js", "tables.js", "explorer.js", "guide.js", "picker.js", "history.js",
    "filter.js",
)  # fmt: skip


class Site:
    """A site while it is written."""

    def __init__(self, inputs: Inputs, folder: Path) -> None:
        self.book = pages.Book.of(inputs)
        self.folder = folder
        self._environment = jinja2.Environment(
            loader=jinja2.PackageLoader(__package__),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["workload_label"] = workload_label
        self._environment.globals.update(
            book=self.book,
            navigation=self._navigation(),
            project=project(),
            description=DESCRIPTION,
            preview=PREVIEW if self.book.headline and self.book.headline.tools.costs else "",
            failed=[(run, failed_controls(run.run, run.estimates)) for run in inputs.runs],
            legend=LEGEND,
            legacy=is_legacy,
            legacy_said=LEGACY_SAID,
            fact_columns=[
                ABBREVIATION.format(fact.words, fact.key.replace("_", " ")) for fact in FACTS
            ],
            number=number,
            interval=interval,
            json=as_script_json,
            facts=FACTS,
            colour=drawn.colour_of_mechanism,
            colour_written=drawn.colour_of,
            label_of=label_of,
            workload_label=workload_label,
            short=short,
            cells=tabled.rows,
            span=tabled.span,
            around=tabled.around,
            figure_of=tabled.figure_of,
            ns=drawn.ns,
            python_of=pages.python_of,
            tool_of=tool_of,
            named=named,
        )

    def _navigation(self) -> dict[str, str]:
        """Maps the addresses of the main pages to their titles; a history only if there is one."""
        left_out = set() if self.book.inputs.histories else {"history.html"}
        return {at: title for at, title in pages.NAVIGATION.items() if at not in left_out}

    def write(self) -> None:
        """Writes everything into the folder, which is empty."""
        # Its threads only wait: charts and scripts are made in other processes.
        with ThreadPoolExecutor() as pool:
            scripts = pool.submit(render.scripts)
            told = list(history.read(self.book.inputs.histories))
            histories = [history.page(told)] if self.book.inputs.histories else []
            self._write_pages([*self.book.pages(), *histories], pool)
            self._write_data(told)
            self._write_assets(scripts.result())
        self._write(MARKER, "")

    def _write_pages(self, every: list[Page], pool: Executor) -> None:
        found = [chart for page in every for chart in page.charts if chart]
        waiting = pool.submit(render.svgs, [chart.static_spec for chart in found], pool)
        for picture in (picture for page in every for picture in page.pictures):
            save(picture.drawing, self._ready(picture.stem), ["svg"])
        self._write_preview()
        svgs = waiting.result()
        svg_of = dict(zip(map(id, found), svgs, strict=True))
        for page in every:
            template = self._environment.get_template(page.template)
            text = template.render(
                page=page,
                root=page.root,
                svg_of=lambda chart: svg_of[id(chart)],
                run=self.book.run,
                **page.content,
            )
            self._write(page.path, text)

    def _write_preview(self) -> None:
        """Writes the picture that others show beside a link to the site."""
        run, sheet = self.book.run, self.book.headline
        if sheet is not None and sheet.tools.costs:
            footer = provenance(run.document, run.leading)
            drawing = partial(tools_chart, sheet.tools, footer)
            stem = self._ready(PREVIEW.removesuffix(".png"))
            save(lambda theme: drawing(Style(theme, {})), stem, ["png"])

    def _write_data(self, told: list[history.Told]) -> None:
        for place, run in enumerate(self.book.inputs.runs, 1):
            self._write(f"data/costs-{place}.csv", csv_files.costs(run))
            self._write(f"data/rounds-{place}.csv", csv_files.rounds(run))
        sheets = self.book.run.sheets
        self._write_script("data/costs.js", "costs", self._costs(sheets))
        for name, sheet in sheets.items():
            self._write_script(self._ratios_url(name), "ratios", {name: tabled.ratios(sheet)})
        self._write_script("data/guide.js", "guideData", guide.for_script(self.book))
        by_workload: dict[str, list[history.Told]] = {}
        for one in told:
            by_workload.setdefault(one.series.group, []).append(one)
        for workload, series in by_workload.items():
            content = {workload: [one.as_json() for one in series]}
            self._write_script(f"data/history/{series[0].number}.js", "history", content)

    def _ratios_url(self, workload: str) -> str:
        return f"data/ratios/{Path(self.book.workload_urls[workload]).stem}.js"

    def _costs(self, sheets: dict[str, WorkloadSheet]) -> dict[str, Any]:
        """Collects what the front page needs to show any workload, cells of its table included."""
        run = self.book.run
        return {
            "workloads": {
                name: {
                    **front.for_script(sheet),
                    "fastest": label_of(sheet.fastest.name) if sheet.fastest else "",
                    "ratios": self._ratios_url(name),
                    "lines": drawn.lines(sheet),
                    "rows": tabled.rows(sheet, run),
                }
                for name, sheet in sheets.items()
            },
            "mechanisms": {
                name: {
                    "tool": tool_of(name),
                    "facts": dict(run.facts.get(name, {})),
                    "verdicts": verdicts(run.facts.get(name, {})),
                    "colour": drawn.colour_of_mechanism(name),
                    "url": url,
                }
                for name, url in self.book.mechanism_urls.items()
            },
        }

    def _write_assets(self, vega: str) -> None:
        static = files(__package__).joinpath("static")
        style = static.joinpath("style.css").read_text(encoding="utf-8")
        self._write("assets/style.css", drawn.themes() + "\n" + style)
        scripts = [static.joinpath(name).read_text(encoding="utf-8") for name in SCRIPTS]
        self._write("assets/page.js", "\n".join(scripts))
        self._write("assets/icon.svg", static.joinpath("icon.svg").read_text(encoding="utf-8"))
        self._write("assets/vega.js", vega)
        grammars = {name: render.compiled(charts.grammar(name)) for name in charts.GRAMMARS}
        self._write_script("assets/grammars.js", "grammars", grammars)

    def _write_script(self, path: str, name: str, content: dict[str, Any]) -> None:
        """Writes data as a script: a page that is opened from disk may read nothing else."""
        self._write(
            path,
            "window.callcost ??= {};\n"
            f"callcost.{name} = {{...callcost.{name}, ...{as_json(content)}}};\n",
        )

    def _write(self, path: str, text: str) -> None:
        place = self._ready(path)
        # JSON can hold a lone surrogate, which a file cannot.
        place.write_text(text, encoding="utf-8", errors="replace")

    def _ready(self, path: str) -> Path:
        """Returns a place in the site whose folder exists."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        return place


def as_json(content: Any) -> str:
    """Writes compact JSON; NaN is an error."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def as_script_json(content: Any) -> Markup:
    """Writes JSON for a page, with escapes for what could end a script there."""
    text = as_json(content)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def write(inputs: Inputs, output: Path) -> None:
    """Writes a site to `output`, whole or not at all; raises CallcostError if it cannot."""
    try:
        with beside(output) as folder:
            Site(inputs, folder).write()
    except OSError as error:
        raise CallcostError(
            f"Cannot write the site to {output}: {error.strerror or error}."
        ) from error


def refuse_foreign(output: Path) -> None:
    """Raises UsageError if a place holds anything but an earlier site."""
    if output.is_dir() and not output.is_symlink():
        if any(output.iterdir()) and not (output / MARKER).exists():
            raise click.UsageError(
                f"{output} is not empty and was not written by callcost report: name another "
                "folder, or remove it"
            )
    elif output.exists() or output.is_symlink():
        raise click.UsageError(f"{output} is not a folder: name another place for the site")


@contextmanager
def beside(output: Path) -> Iterator[Path]:
    """Returns a new folder, which replaces `output` at the end, unless there was an error."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix=f".{output.name}.", dir=output.parent, ignore_cleanup_errors=True
    ) as name:
        new, old = Path(name, "new"), Path(name, "old")
        new.mkdir()
        yield new
        if output.exists():
            output.rename(old)
        try:
            new.rename(output)
        except OSError:
            if old.exists():
                old.rename(output)
            raise
