"""The files that commands write their figures to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from callcost.files import probe_writable, write_atomically


def refuse_unwritable(path: Path | None, option: str) -> None:
    """Says before time is spent on it that a result could not be written; raises BadParameter."""
    if path is None:
        return
    if not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder {path.parent}", param_hint=option)
    try:
        probe_writable(path.parent)
    except OSError as error:
        raise click.BadParameter(
            f"{path.parent} cannot be written ({error.strerror})", param_hint=option
        ) from error


def make_writable(folder: Path | None, option: str) -> None:
    """Makes a folder for results, if one was asked for; raises BadParameter where it cannot."""
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe_writable(folder)
    except OSError as error:
        raise click.BadParameter(
            f"{folder} cannot be written ({error.strerror})", param_hint=option
        ) from error


def console_at_least(width: int, *, highlight: bool = True) -> Console:
    """Returns a console for standard output that is wide enough for a table, in a pipe too.

    A pipe has no width of its own, and a table that is cut there would lose what was asked for.
    """
    console = Console(highlight=highlight)
    if console.is_terminal:
        return console
    return Console(highlight=highlight, width=max(console.width, width))


def save(path: Path | None, content: str | bytes) -> None:
    """Writes a file, if one was asked for, and says so."""
    if path is not None:
        write_atomically(path, content)
        click.echo(f"saved: {path}")


def save_json(path: Path | None, document: Any) -> None:
    """Writes figures as JSON, if a file was asked for, and says so."""
    save(path, json.dumps(document, indent=1) + "\n")
