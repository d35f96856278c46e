"""Kinds of options that several commands have."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from callcost.console.files import mistyped, shown

F = TypeVar("F", bound=Callable[..., Any])
OUTPUT = click.Path(dir_okay=False, path_type=Path)
PYTHON_HELP = "a version (3.15, 3.15t), a name (pypy3.11) or a path"


class Existing(click.Path):
    """A path that must exist; the error suggests one for a mistyped name."""

    def __init__(self, **options: Any) -> None:
        super().__init__(exists=True, path_type=Path, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Checks the path; raises BadParameter."""
        path = Path(value)
        if not os.path.lexists(path):
            self.fail(f"{shown(path)} does not exist{mistyped(path)}.", param, ctx)
        return super().convert(value, param, ctx)


class FiniteRange(click.FloatRange):
    """A finite number within a range; click's own range lets NaN and infinity pass."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Reads the number; raises BadParameter."""
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return found


def name_option(name: str, what: str, example: str) -> Callable[[F], F]:
    """Makes the option for patterns of names: --workload or --mechanism."""
    return click.option(
        f"--{name}",
        f"{name}s",
        multiple=True,
        metavar="NAME",
        help=f"Only this {what}, or a pattern such as '{example}'. May be repeated.",
    )


workload_option = name_option("workload", "workload", "add_*")
mechanism_option = name_option("mechanism", "mechanism or tool", "tool_*")


quick_option = click.option(
    "--quick", is_flag=True, help="A first look: fewer and shorter processes, wider intervals."
)
results_option = click.option(
    "--results",
    default="results",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the record and the charts of the run.",
)


def json_option(text: str) -> Callable[[F], F]:
    """Makes the option --json, with its help."""
    return click.option("--json", "json_file", type=OUTPUT, help=text)
