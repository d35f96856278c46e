"""The command `python -m callcost.benchmarks.facts`."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import click

from callcost.benchmarks.facts.facts import facts_table, probe_all
from callcost.console.files import write_atomically
from callcost.console.front import Front
from callcost.model import abi
from callcost.worker.worker import interpreter_facts


@click.command(cls=Front)
@click.option(
    "--json",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the answers to this file.",
)
def main(path: Path | None) -> None:
    """Ask every built mechanism what it does, and print the answers as a table."""
    found = probe_all()
    python = f"{platform.python_implementation()} {abi.version(interpreter_facts())}"
    if path is not None:
        text = json.dumps({"python": python, "facts": found}, indent=1)
        write_atomically(path, text + "\n")
    click.echo(facts_table({python: found}))


main()
