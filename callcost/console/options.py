"""Kinds of options that several commands have."""

from __future__ import annotations

import math
from typing import Any

import click

PYTHON_HELP = "a version (3.13), a name (pypy3.9) or a path"


class FiniteRange(click.FloatRange):
    """A finite number within a range; click's own range lets NaN and infinity pass."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Reads the number; raises BadParameter."""
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return found
