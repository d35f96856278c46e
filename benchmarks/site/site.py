"""Writes the folder: pages, data, scripts, styles; all of it beside its place, then renamed."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
import jinja2
from markupsafe import Markup

from callcost.benchmarks.facts.facts import verdicts
from callcost.benchmarks.facts.marks import LEGEND
from callcost.benchmarks.site import charts, csv_files, drawing, drawn, render
from callcost.benchmarks.site.inputs import Inputs
from callcost.benchmarks.site.measured import FLOOR, Measured, Sheet
from callcost.benchmarks.site.pages import history, pages, tabled
from callcost.benchmarks.site.pages.page import Page
from callcost.benchmarks.site.pages.tabled import short
from callcost.console.numbers import interval, number
from callcost.errors import CallcostError
from callcost.estimate.trust import failed_controls

MARKER = ".callcost-report"
"""A file in every site: what has it may be replaced by the next."""
SCRIPTS = ("charts.js", "tables.js", "explorer.js", "guide.js", "history.js", "filter.js")


class Site:
    """A site while it is being written."""

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
        self._environment.globals.update(
            book=self.book,
            navigation=pages.NAVIGATION,
            failed=[(run, failed_controls(run.run, run.estimates)) for run in inputs.runs],
            legend=LEGEND,
            number=number,
            interval=interval,
            known=is_known,
            floor=FLOOR,
            json=as_script_json,
            colour=self.book.palette.of_mechanism,
            short=short,
            cells=tabled.rows,
            span=tabled.span,
            figure_of=tabled.figure_of,
            ns=drawn.ns,
            python_of=pages.python_of,
        )

    def write(self) -> None:
        """Writes everything into the folder, which is there and empty."""
        scripts = render.Scripts()
        try:
            self._write_pages()
            self._write_assets(scripts.finish())
        finally:
            scripts.abandon()
        self._write(MARKER, "")

    def _write_pages(self) -> None:
        told = list(history.read(self.book.inputs.histories))
        every = [*self.book.pages(), history.page(told)]
        found = [chart for page in every for chart in page.charts]
        drawn_charts = dict(zip(map(id, found), drawing.svgs(found), strict=True))
        for page in every:
            self._write(page.path, self._render(page, drawn_charts))
        self._write_data(told)

    def _render(self, page: Page, drawn_charts: dict[int, Markup]) -> str:
        template = self._environment.get_template(page.template)
        return template.render(
            page=page,
            root=page.root,
            svg_of=lambda chart: drawn_charts[id(chart)],
            run=self.book.run,
            **page.content,
        )

    def _write_data(self, told: Iterable[history.Told]) -> None:
        for place, run in enumerate(self.book.inputs.runs, 1):
            self._write(f"data/costs-{place}.csv", csv_files.costs(run))
            self._write(f"data/rounds-{place}.csv", csv_files.rounds(run))
        sheets = self.book.run.sheets
        self._write_script("data/costs.js", "costs", self._costs(sheets))
        for name, address in self.book.workload_urls.items():
            if name in sheets:
                stem = Path(address).stem
                self._write_script(
                    f"data/ratios/{stem}.js", "ratios", {name: tabled.ratios(sheets[name])}
                )
        for workload, series in _by_workload(told).items():
            self._write_script(
                f"data/history/{series[0].number}.js",
                "history",
                {workload: [one.as_json() for one in series]},
            )

    def _costs(self, sheets: dict[str, Sheet]) -> dict[str, Any]:
        """Collects what the front page needs to show any workload: the cells of its table, too."""
        run = self.book.run
        return {
            "workloads": {
                name: {
                    "call": sheet.call,
                    "isolates": sheet.isolates,
                    "fastest": sheet.fastest,
                    "ratios": f"data/ratios/{Path(self.book.workload_urls[name]).stem}.js",
                    "lines": drawn.lines(sheet),
                    "rows": tabled.rows(sheet, run),
                }
                for name, sheet in sheets.items()
            },
            "mechanisms": {
                name: {
                    "family": name.partition("_")[0],
                    "facts": dict(run.facts.get(name, {})),
                    "verdicts": verdicts(run.facts.get(name, {})),
                    "colour": self.book.palette.of_mechanism(name),
                    "url": self.book.mechanism_urls[name],
                }
                for name in self.book.mechanism_urls
            },
        }

    def _write_assets(self, vega: str) -> None:
        static = files(__package__).joinpath("static")
        style = static.joinpath("style.css").read_text(encoding="utf-8")
        self._write("assets/style.css", self.book.palette.themes() + "\n" + style)
        scripts = [static.joinpath(name).read_text(encoding="utf-8") for name in SCRIPTS]
        self._write("assets/page.js", "\n".join(scripts))
        self._write("assets/vega.js", vega)
        grammars = {name: render.compiled(charts.grammar(name)) for name in charts.GRAMMARS}
        self._write_script("assets/grammars.js", "grammars", grammars)

    def _write_script(self, path: str, name: str, content: dict[str, Any]) -> None:
        """Writes data as a script, since a page from a file system may read nothing else."""
        self._write(
            path,
            "window.callcost ??= {};\n"
            f"callcost.{name} = {{...callcost.{name}, ...{as_json(content)}}};\n",
        )

    def _write(self, path: str, text: str) -> None:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        # JSON can name half a character, which no file can hold.
        place.write_text(text, encoding="utf-8", errors="replace")


def _by_workload(told: Iterable[history.Told]) -> dict[str, list[history.Told]]:
    found: dict[str, list[history.Told]] = {}
    for one in told:
        found.setdefault(one.workload, []).append(one)
    return found


def is_known(value: float) -> bool:
    """Tells whether a figure is one: not NaN."""
    return value == value


def as_json(content: Any) -> str:
    """Writes JSON in few characters; NaN has no place in it."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def as_script_json(content: Any) -> Markup:
    """Writes JSON that may stand in a page: what could end a script there becomes an escape."""
    text = as_json(content)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def write(inputs: Inputs, output: Path) -> Measured:
    """Writes a site to `output`, whole or not at all; returns the run that it is about.

    Raises CallcostError where it cannot be written.
    """
    try:
        with beside(output) as folder:
            site = Site(inputs, folder)
            site.write()
    except OSError as error:
        raise CallcostError(
            f"Cannot write the site to {output}: {error.strerror or error}."
        ) from error
    return site.book.run


def refuse_foreign(output: Path) -> None:
    """Raises UsageError for a place that holds anything else than an earlier site."""
    if output.is_dir() and not output.is_symlink():
        if any(output.iterdir()) and not (output / MARKER).exists():
            raise click.UsageError(
                f"{output} is not empty and was not written by callcost report: name another "
                "folder, or remove it"
            )
    elif output.exists() or output.is_symlink():
        raise click.UsageError(f"{output} is no folder: name another place for the site")


@contextmanager
def beside(output: Path) -> Iterator[Path]:
    """Gives a new folder, which takes the place of `output` when all has gone well."""
    output.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
    try:
        yield folder
        folder.chmod(0o755)
        _exchange(folder, output)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _exchange(folder: Path, output: Path) -> None:
    """Puts a folder in the place of another, which is removed; neither is ever half there."""
    if not output.exists():
        folder.rename(output)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{output.name}.old.", dir=output.parent))
    try:
        output.rename(old)
        try:
            folder.rename(output)
        except OSError:
            old.rename(output)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
