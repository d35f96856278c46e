"""The command `callcost inspect`: what a loader and ctypes see in a shared library."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from callcost.console.extras import require
from callcost.console.files import shown
from callcost.console.front import EXPLAIN, Front
from callcost.console.outputs import output_console

if TYPE_CHECKING:
    from callcost.inspect.facts import Library

# It prints more sentences than tables: longer lines are hard to read.
SENTENCES = 120


@click.command(
    "inspect",
    cls=Front,
    section=EXPLAIN,
    short_help="Show what a library exports and expects",
    examples=(
        "callcost inspect some_module.so",
        "callcost inspect some_module.so --json",
        "callcost inspect some.dll",
    ),
)
@click.argument("path", metavar="LIBRARY", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def inspect_library(path: Path, as_json: bool) -> None:
    """Show what a loader and ctypes can see in LIBRARY (ELF, PE or Mach-O).

    Lists exports, with whether ctypes can call them by their plain name, and what the library
    expects from elsewhere. For an extension module: how it is initialised, what its file name
    promises, and whether it keeps to the limited API. The library is never loaded or run.

    The exit code is 2 for a file that is damaged, or not a library.
    """
    require("callcost inspect", "inspect")
    # Imported late: they are slow to import, and other commands do not need them.
    from callcost.inspect.document import document
    from callcost.inspect.reader import Reader

    with Reader() as reader:
        libraries = reader.read(path)
    if as_json:
        found = [document(library, path.name) for library in libraries]
        click.echo(json.dumps({"file": str(path), "libraries": found}, indent=1))
    else:
        _print(libraries, path)


def _print(libraries: list[Library], path: Path) -> None:
    from callcost.inspect.sentences import describe
    from callcost.inspect.tables import tables

    console = output_console(pipe_width=SENTENCES)
    alike: dict[Library, list[Library]] = {}
    for library in libraries:
        alike.setdefault(replace(library, architecture=""), []).append(library)
    for library, *others in alike.values():
        for line in (f"{shown(path)}:", *describe(library, path.name)):
            console.print(line, markup=False)
        for other in others:
            console.print(f"The library for {other.architecture} is the same in all points below.")
        for heading, table in tables(library):
            console.print()
            console.print(heading, style="bold", markup=False)
            console.print(table)
