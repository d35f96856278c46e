"""The command `callcost bisect`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from callcost.compare.command import (
    budget_option,
    instructions_option,
    one_layout_option,
    progress,
    refuse_one_file_for_two,
    threshold_option,
)
from callcost.console import options
from callcost.console.front import MEASURE, Front
from callcost.console.outputs import refuse_unwritable, save

if TYPE_CHECKING:
    from callcost.compare.flow import Request
    from callcost.compare.outcome import Outcome


@click.command(
    cls=Front,
    section=MEASURE,
    short_help="Find the commit or release that slowed a call",
    examples=(
        "callcost bisect v1.4 main",
        "callcost bisect main~64 main --threshold 2",
        "callcost bisect .+numpy==2.0.0 .+numpy==2.3.0",
    ),
)
@click.argument("good")
@click.argument("bad")
@options.mechanism_option
@options.workload_option
@budget_option
@threshold_option
@instructions_option
@one_layout_option
@options.json_option("Write everything to this file.")
@click.option(
    "--log", "log_file", type=options.OUTPUT, help="Write each decision, as `git bisect log` does."
)
def bisect(
    good: str,
    bad: str,
    mechanisms: tuple[str, ...],
    workloads: tuple[str, ...],
    budget_s: float | None,
    threshold: float | None,
    instructions: bool,
    one_layout: bool,
    json_file: Path | None,
    log_file: Path | None,
) -> None:
    """Find what made a call slower between GOOD and BAD: a commit, or a tool's release.

    Both are REV[@PYTHON][+REQUIREMENT[,REQUIREMENT...]], as for `callcost compare`. If the
    revisions differ, it searches their commits (main~64 main). If one requirement differs, it
    searches the releases between (.+TOOL==1.2 .+TOOL==2.0).

    It compares GOOD with BAD, follows the row that is most clearly slower, and halves what lies
    between them, as `git bisect` does: about 6 more comparisons for 64 commits. What does not
    build is skipped. PERCENT has to be a little less than the slowdown.

    Exit code: 0 nothing is slower, 1 something is, and the commit or release was found, 2 wrong
    usage, or an end that fails, 3 could not be decided.
    """
    from callcost.bisect import flow, report
    from callcost.compare.flow import Request
    from callcost.compare.flow import run as compare_once

    files = {"--json": json_file, "--log": log_file}
    refuse_one_file_for_two(files)
    for option, path in files.items():
        refuse_unwritable(path, option)

    def compare(request: Request, title: str) -> Outcome:
        with progress(f"callcost bisect, {title}") as tell:
            return compare_once(request, Path.cwd(), tell)

    def say(step: flow.Step) -> None:
        click.echo(report.step_text(step), err=True)

    request = Request(
        good, bad, mechanisms, workloads, budget_s, threshold, instructions, one_layout
    )
    result = flow.run(request, Path.cwd(), compare, say)
    report.show(result)
    if json_file is not None:
        save(json_file, report.as_json(result))
    if log_file is not None:
        save(log_file, report.log(result))
    raise click.exceptions.Exit(result.exit_code)
