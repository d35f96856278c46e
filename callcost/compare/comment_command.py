"""The command `callcost comment`."""

from __future__ import annotations

from pathlib import Path

import click

from callcost.console.front import PUBLISH, Front


@click.command(
    cls=Front,
    section=PUBLISH,
    short_help="Turn a comparison into a review comment",
    examples=(
        "callcost compare main . --json comparison.json",
        "callcost comment comparison.json",
        "callcost comment comparison.json > comment.md",
    ),
)
@click.argument("comparison", type=click.Path(path_type=Path))
def comment(comparison: Path) -> None:
    """Print a comparison as the comment of a pull request.

    COMPARISON is a file of callcost compare REV REV --json. It may come from a stranger's job: what
    it contains cannot become a link, a mention or HTML. The comment fits GitHub's 65,536 characters
    and begins with a hidden line, by which a workflow finds it again (docs/ci.md).
    """
    # Imported late: they are slow to import, and the list of commands does not need them.
    from callcost.compare import comment as writer
    from callcost.compare import document

    click.echo(writer.comment(document.read(comparison)), nl=False)
