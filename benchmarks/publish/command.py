"""The command `callcost publish`."""

from __future__ import annotations

from pathlib import Path

import click

from callcost.bindings.registry import Build, left_out
from callcost.console.front import PUBLISH, Front
from callcost.console.options import Existing


@click.command(
    cls=Front,
    section=PUBLISH,
    short_help="Redraw the figures of README and docs",
    examples=(
        "callcost publish",
        "callcost publish results/RUN.json",
        "callcost publish && git diff --stat",
    ),
)
@click.argument("record", metavar="[RECORD]", type=Existing(dir_okay=False), required=False)
def publish(record: Path | None) -> None:
    """Redraw every chart and every figure of README and docs from the reference record.

    If RECORD is given, it first becomes the reference record, or that of docs/interpreters.md if
    it has several interpreters (callcost matrix).
    """
    from callcost.benchmarks.publish import publishing

    for name, damage in left_out(Build()).items():
        click.echo(f"{name} is left out: {damage}", err=True)
    for path in publishing.publish(record):
        click.echo(path)
