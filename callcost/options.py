"""What several commands read from their options in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from callcost.job import Environment


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
