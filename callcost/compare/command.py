"""The command `callcost compare`."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from callcost.console import options
from callcost.console.front import MEASURE, Front
from callcost.console.outputs import refuse_unwritable, save
from callcost.paired.rules import DEFAULT_THRESHOLD

if TYPE_CHECKING:
    from callcost.compare.outcome import Outcome


# `callcost bisect` has these, too. A threshold arrives as a share: 2% as 0.02.
budget_option = click.option(
    "--budget", "budget_s", type=options.FiniteRange(min=1), metavar="SECONDS",
    help="Seconds of measuring, without builds and instructions. Default: 2 per row, and up to "
    "12 with a threshold below 2%.",
)  # fmt: skip
threshold_option = click.option(
    "--threshold", type=options.FiniteRange(min=0, max=1000), metavar="PERCENT",
    callback=lambda _context, _option, percent: None if percent is None else percent / 100,
    help="Smaller changes do not count. Default: [tool.callcost.thresholds] of the first revision, "
    f"or {100 * DEFAULT_THRESHOLD:g}.",
)  # fmt: skip
instructions_option = click.option(
    "--instructions/--no-instructions", default=True,
    help="Also count instructions, under valgrind.  [default: instructions]",
)  # fmt: skip
one_layout_option = click.option(
    "--one-layout", is_flag=True,
    help="Judge the libraries as built, not their code in many layouts.",
)  # fmt: skip


@click.command(
    cls=Front,
    section=MEASURE,
    short_help="Say whether calls became slower",
    examples=(
        "callcost compare main .",
        "callcost compare .@3.13 .@3.14",
        "callcost compare main~10 main --threshold 2 --json comparison.json",
    ),
)
@click.argument("base")
@click.argument("head")
@options.mechanism_option
@options.workload_option
@budget_option
@threshold_option
@instructions_option
@one_layout_option
@options.json_option("Write everything to this file.")
@click.option(
    "--markdown", "markdown_file", type=options.OUTPUT, help="Write a pull-request comment."
)
@click.option("--junit", "junit_file", type=options.OUTPUT, help="Write JUnit XML.")
def compare(
    base: str,
    head: str,
    mechanisms: tuple[str, ...],
    workloads: tuple[str, ...],
    budget_s: float | None,
    threshold: float | None,
    instructions: bool,
    one_layout: bool,
    json_file: Path | None,
    markdown_file: Path | None,
    junit_file: Path | None,
) -> None:
    """Say whether calls became slower from BASE to HEAD.

    Each side is REV[@PYTHON][+REQUIREMENT[,REQUIREMENT...]]: a revision of this project (. is the
    working tree as it is), an interpreter (3.13, or a path), and requirements to build and run
    with (.+TOOL==1.2,numpy<2). Or both are records of runs.

    Exit code: 0 nothing is slower, 1 something is, 2 wrong usage, a failed build or a call that
    fails in head, 3 could not be decided.
    """
    from callcost.compare import flow, records

    files = {"--json": json_file, "--markdown": markdown_file, "--junit": junit_file}
    refuse_one_file_for_two(files)
    for option, path in files.items():
        refuse_unwritable(path, option)
    request = flow.Request(
        base, head, mechanisms, workloads, budget_s, threshold, instructions, one_layout
    )
    if records.are_records(base, head):
        _refuse_beside_records(
            {
                "--markdown": markdown_file,
                "--junit": junit_file,
                "--budget": budget_s,
                "--one-layout": one_layout or None,
            }
        )
        raise click.exceptions.Exit(flow.compare_records(request, json_file))
    start_s = time.monotonic()
    with progress("callcost compare") as report:
        outcome = flow.run(request, Path.cwd(), report)
    outcome.wall_s = time.monotonic() - start_s
    _publish(outcome, files)
    raise click.exceptions.Exit(outcome.exit_code)


def refuse_one_file_for_two(files: Mapping[str, Path | None]) -> None:
    """Raises UsageError if one report would overwrite another."""
    places: dict[Path, str] = {}
    for option, path in files.items():
        if path is None:
            continue
        place = path.resolve()
        # A terminal or pipe shows several reports.
        if place in places and (path.is_file() or not path.exists()):
            raise click.UsageError(f"{places[place]} and {option} name the same file {path}")
        places[place] = option


def _refuse_beside_records(given: Mapping[str, object]) -> None:
    """Raises UsageError for an option that has no meaning for records."""
    for option, value in given.items():
        if value is not None:
            raise click.UsageError(f"{option} needs two revisions, and these are recorded runs")


def _publish(outcome: Outcome, files: dict[str, Path | None]) -> None:
    """Prints the table and writes the requested files."""
    from callcost.compare import reports as formats
    from callcost.compare.table import show

    show(outcome)
    writers: dict[str, Callable[[Outcome], str | bytes]] = {
        "--json": formats.as_json,
        "--markdown": formats.markdown,
        "--junit": formats.junit,
    }
    for option, path in files.items():
        if path is not None:
            save(path, writers[option](outcome))


@contextlib.contextmanager
def progress(title: str) -> Iterator[Callable[[float, str], None]]:
    """Yields a function that shows the share that is done, and the current step."""
    from callcost.console.progress import shown
    from callcost.model.run import Progress

    steps = 1000
    with shown(sys.stderr, title, every_step=True) as report:
        yield lambda share, what: report(Progress(round(share * steps), steps, what))
