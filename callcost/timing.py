"""The command `callcost time`: what one expression costs, and whether another costs less."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from callcost.front import Front
from callcost.options import FiniteRange, interpreter_at
from callcost.outputs import console_at_least, refuse_unwritable, save_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from callcost.expression import Timed

INCONCLUSIVE = 3
NARROWEST = 120
UNITS = ((1.0, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s"))


@click.command("time", cls=Front)
@click.argument("expression")
@click.option(
    "--setup",
    "-s",
    "setup",
    multiple=True,
    metavar="LINE",
    help="Run this before, once in each process; may be repeated, each a line.",
)
@click.option("--vs", metavar="EXPRESSION", help="Measure this too, and compare.")
@click.option(
    "--vs-setup",
    multiple=True,
    metavar="LINE",
    help="Set-up of --vs; may be repeated. Default: that of the expression.",
)
@click.option("--python", metavar="PATH", help="Measure in another interpreter.")
@click.option(
    "--seconds",
    type=FiniteRange(min=0, min_open=True),
    help="Take about so long. Default: 5, and up to a minute for calls that take long.",
)
@click.option("--processes", type=click.IntRange(min=10), help="Worker processes. Default: 20.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the figures to this file too.",
)
def time_expression(
    expression: str,
    setup: tuple[str, ...],
    vs: str | None,
    vs_setup: tuple[str, ...],
    python: str | None,
    seconds: float | None,
    processes: int | None,
    json_file: Path | None,
) -> None:
    """Tell what EXPRESSION costs: timeit, with its error known.

    callcost time "f(2.0)" --setup "from math import sqrt as f" --vs "2.0 ** 0.5"

    The exit code is 0, or 2 for what cannot be timed, or 3 if the machine is too restless to
    tell: then two copies of the same expression differed.
    """
    if vs is None and vs_setup:
        raise click.UsageError("--vs-setup sets up the expression of --vs: give that too")
    # Imported late, as they are slow to import and other commands do without.
    from callcost import progress
    from callcost.expression import Asked, time_expressions

    refuse_unwritable(json_file, "--json")
    asked = [Asked(expression, "\n".join(setup))]
    if vs is not None:
        asked.append(Asked(vs, "\n".join(vs_setup or setup)))
    with progress.shown(sys.stderr, "callcost time") as report:
        found = time_expressions(
            asked,
            report,
            seconds=seconds,
            processes=processes,
            environment=interpreter_at(python),
        )
    _print(found)
    save_json(json_file, found.as_json())
    if found.inconclusive:
        raise click.exceptions.Exit(INCONCLUSIVE)


def _print(found: Timed) -> None:
    console = console_at_least(NARROWEST, highlight=False)
    if found.estimate is not None:
        console.print(_table(found))
    for line in _sentences(found):
        console.print(line, markup=False)


def _table(found: Timed) -> Table:
    import numpy as np
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from callcost.summary import number

    estimate = found.estimate
    assert estimate is not None
    costs = {row: estimate.net_ns(row) for row in found.rows if row is not None}
    scale_ns, unit = _unit(max(cost.value for cost in costs.values()))
    used = len(estimate.usable)
    title = f"{unit} per call, net of the loop; on the right its spread over {used} processes"
    table = Table(title=title, title_justify="left", box=box.SIMPLE)
    table.add_column("expression")
    for heading in ("cost", "95% interval", "least", "quarter", "half", "three quarters", "most"):
        table.add_column(heading, justify="right", no_wrap=True)
    for asked, row in zip(found.asked, found.rows, strict=True):
        if row is None:
            table.add_row(escape(asked.call), "nothing", *[""] * 6)
            continue
        value, low, high = (
            number(end / scale_ns, 3) for end in (costs[row].value, costs[row].low, costs[row].high)
        )
        spread = np.quantile(found.processes_ns(row), [0, 0.25, 0.5, 0.75, 1]) / scale_ns
        figures = (value, f"({low} .. {high})", *(number(cost, 3) for cost in spread))
        table.add_row(escape(asked.call), *figures)
    return table


def _unit(cost_ns: float) -> tuple[float, str]:
    """Chooses the unit to show a cost in; returns its size in ns, and its name."""
    fitting = [unit for unit in UNITS if cost_ns >= unit[0]]
    return fitting[-1] if fitting else UNITS[0]


def _sentences(found: Timed) -> Iterator[str]:
    """Says what the figures mean, and how far to trust them."""
    for number, asked in enumerate(found.asked):
        if found.nothing_left(number) and not found.inconclusive:
            yield _nothing(asked.call, found.rows[number] is None)
    if found.inconclusive:
        yield (
            "INCONCLUSIVE: two copies of the same expression differed, so nothing can be trusted "
            "just now. Measure again on a calmer machine, or longer (--seconds)."
        )
    elif found.ratio is not None:
        yield _comparison(found)
    yield from _trust(found)


def _nothing(call: str, folded: bool) -> str:
    if folded:
        return (
            f"{call}: nothing of it is left to be timed: the compiler works it out and drops its "
            "value. Give it a name that --setup defines."
        )
    return f"{call}: it costs so little that it cannot be told from the empty loop."


def _comparison(found: Timed) -> str:
    ratio = found.ratio
    assert ratio is not None
    first, second = (asked.call for asked in found.asked)
    between = f"ratio {ratio.value:.3f}, 95% interval {ratio.low:.3f} .. {ratio.high:.3f}"
    if found.verdict == "slower":
        said = f"{first} is slower than {second}: it takes {ratio.value:.2f} times as long"
    elif found.verdict == "faster":
        said = f"{first} is faster than {second}, which takes {1 / ratio.value:.2f} times as long"
    else:
        said = f"There is no difference between {first} and {second} that can be told"
    return f"{said} ({between})."


def _trust(found: Timed) -> Iterator[str]:
    run, estimate = found.run, found.estimate
    if run is None or estimate is None:
        return
    if not found.inconclusive and not found.nothing_left(0):
        yield (
            f"A difference of {found.trusted_share:.1%} or more can be trusted just now: a twin "
            f"of the first expression differed from it by {abs(estimate.twin_ratio.value - 1):.2%}."
        )
    epochs = sum(times.shape[1] for times in estimate.times.processes) * len(estimate.names)
    preempted = sum(estimate.preempted(row) for row in range(len(estimate.names)))
    yield (
        f"{len(estimate.times.processes)} processes of {found.python} on CPU {run.cpu} in "
        f"{run.wall_s:.1f} s; {preempted:,} of {epochs:,} epochs dropped as preempted, "
        f"{estimate.disturbed_share:.0%} of the passes as disturbed."
    )
    if not estimate.filtered:
        yield "The machine was hardly ever calm, so nothing was left out as disturbed."
    if run.not_pinned:
        yield f"The workers were not pinned to a CPU ({run.not_pinned}); expect more noise."
