"""The command `callcost report`."""

from __future__ import annotations

from pathlib import Path

import click

from callcost.console.extras import require
from callcost.console.front import PUBLISH, Front
from callcost.console.options import Existing


@click.command(
    cls=Front,
    section=PUBLISH,
    short_help="Write a static site from recorded runs",
    examples=(
        "callcost report results/RUN.json --output site",
        "callcost report results/*Z_*.json --output site",
        "callcost report results/RUN.json --history results/history --output site",
    ),
)
@click.argument(
    "records",
    metavar="RUN.json [MORE...]",
    nargs=-1,
    required=True,
    type=Existing(),
)
@click.option(
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write the site to. An earlier site there is replaced.",
)
@click.option(
    "--history",
    "histories",
    multiple=True,
    type=Existing(file_okay=False),
    help="The folder of a history (callcost history add). Its series get a page.",
)
def report(records: tuple[Path, ...], output: Path, histories: tuple[Path, ...]) -> None:
    """Write a static site from recorded runs: charts, tables, and how far to trust them.

    Takes one run or more (pytest benchmarks --benchmark-only); most pages show the first. Also
    takes explanations (callcost explain --output FOLDER), calibrations (callcost calibrate --json
    FILE) and histories, and recognises them by their content. The site needs neither a server nor
    a network: open index.html.
    """
    require("callcost report", "site")
    # Imported late: they are slow to import, and other commands do not need them.
    from callcost.benchmarks.site import inputs, site

    output = output.absolute()
    site.refuse_foreign(output)
    site.write(inputs.read([*records, *histories]), output)
    click.echo(f"saved: {output / 'index.html'}")
