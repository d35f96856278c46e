"""The command `callcost clean`."""

from __future__ import annotations

import click

from callcost.console.front import MEASURE, Front


@click.command(
    cls=Front,
    section=MEASURE,
    short_help="Remove cached environments",
    examples=(
        "callcost clean --dry-run",
        "callcost clean",
        "callcost clean --older-than 30",
    ),
)
@click.option(
    "--older-than",
    "days",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="Keep what was used in the last DAYS days.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and remove nothing.")
def clean(days: float | None, dry_run: bool) -> None:
    """Remove the environments of `callcost compare` and `bisect`, except those in use."""
    # Imported late: they are slow to import, and the command's help needs none of them.
    from callcost.commands.clean import mebibytes, removals
    from callcost.revisions.cache import describe, location
    from callcost.revisions.errors import CacheError

    cache = location()
    verb, freed = ("would remove", "would free") if dry_run else ("removed", "freed")
    total = count = 0
    try:
        cache.refuse_untrusted()
        for removal in removals(cache, days, dry_run):
            click.echo(f"{verb} {removal.what} ({mebibytes(removal.size_bytes)})")
            total += removal.size_bytes
            count += 1
    except OSError as error:
        raise CacheError(describe(error, cache.folder)) from error
    if count:
        click.echo(f"{freed} {mebibytes(total)} in {cache.folder}")
    else:
        click.echo(f"nothing to remove in {cache.folder}")
