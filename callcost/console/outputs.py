"""Writes the files that commands are asked for, and checks beforehand that they can."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from callcost.console.files import probe_file, probe_writable, write_atomically
from callcost.errors import CallcostError

if TYPE_CHECKING:
    from rich.console import Console


# The widest table fits.
PIPE_WIDTH = 140


def refuse_unwritable(path: Path | None, option: str) -> None:
    """Raises BadParameter if a result cannot be written, before time is spent on it."""
    if path is None:
        return
    if not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder {path.parent}", param_hint=option)
    with _refusing(path, option):
        probe_file(path)


def make_writable(folder: Path | None, option: str) -> None:
    """Makes a folder for results, if one was asked for; raises BadParameter if that fails."""
    if folder is None:
        return
    with _refusing(folder, option):
        folder.mkdir(parents=True, exist_ok=True)
        probe_writable(folder)


@contextlib.contextmanager
def _refusing(path: Path, option: str) -> Iterator[None]:
    """Turns an OSError into a BadParameter that names the option."""
    try:
        yield
    except OSError as error:
        message = f"{path} cannot be written ({error.strerror})"
        raise click.BadParameter(message, param_hint=option) from error


def output_console(*, highlight: bool = False, pipe_width: int = PIPE_WIDTH) -> Console:
    """Returns a console for standard output: as wide as the terminal, or wide enough in a pipe.

    A pipe has no width, and whoever reads a file can scroll.
    """
    # Late: it is slow to import, and no command's help needs it.
    from rich.console import Console

    console = Console(highlight=highlight)
    if console.is_terminal:
        return console
    return Console(highlight=highlight, width=max(console.width, pipe_width))


def save(path: Path | None, content: str | bytes) -> None:
    """Writes a file, if one was asked for, and prints its name; raises CallcostError."""
    if path is not None:
        with writing(path):
            write_atomically(path, content)
        click.echo(f"saved: {path}")


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns an OSError into a CallcostError that names the file."""
    try:
        yield
    except OSError as error:
        raise CallcostError(f"Cannot write {path}: {error.strerror or error}.") from error


def save_json(path: Path | None, document: Any) -> None:
    """Writes figures as JSON, if a file was asked for, and prints its name."""
    save(path, json.dumps(document, indent=1) + "\n")
