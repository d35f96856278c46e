"""What several commands read from their options in the same way."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from callcost.job import Environment


class FiniteRange(click.FloatRange):
    """A number within a range: NaN passes every comparison with its ends, and infinity one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Reads the number; raises BadParameter."""
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return found


def interpreter_at(python: str | None) -> Environment | None:
    """Finds the interpreter that --python names; None is the one that runs this.

    Raises BadParameter.
    """
    if python is None:
        return None
    # Late, as it is slow to import and the commands' help does without.
    from callcost.environment import find
    from callcost.process import WorkerError

    try:
        return find(python)
    except (WorkerError, KeyError) as error:
        raise click.BadParameter(
            f"{python} is no interpreter that can be measured in: {error}", param_hint="--python"
        ) from error
