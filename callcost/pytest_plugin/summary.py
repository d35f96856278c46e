"""The suite's own tables: what each call costs, how it compares, and how far to trust that."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from rich import box
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from callcost.console.numbers import interval, number, rank_text
from callcost.estimate.estimate import GroupEstimate
from callcost.estimate.trust import trust
from callcost.model.interval import Interval
from callcost.model.run import Run

# The widest table needs this; a narrower terminal wraps lines, but loses no figure.
NARROWEST = 116


def render(
    run: Run,
    estimates: dict[str, GroupEstimate],
    ranks: dict[str, dict[int, int]],
    extra: Sequence[RenderableType] = (),
    notes: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    *,
    width: int,
    colour: bool,
) -> str:
    """Renders a table for each group in `ranks`, then `extra`, then how far to trust the run.

    `notes` has the letters to show beside the contenders, by group and name; the group "" has
    their legend.
    """
    stream = io.StringIO()
    console = Console(file=stream, width=max(width, NARROWEST), force_terminal=colour)
    for name, group_ranks in ranks.items():
        console.print(group_table(name, estimates[name], group_ranks, notes.get(name, {})))
    for legend in notes.get("", {}).values():
        console.print(legend, highlight=False, markup=False)
    for table in extra:
        console.print(table)
    for line in trust(run, estimates):
        console.print(line, highlight=False, markup=False)
    return stream.getvalue().rstrip()


def group_table(
    name: str,
    estimate: GroupEstimate,
    ranks: dict[int, int],
    notes: Mapping[str, str] = MappingProxyType({}),
) -> Table:
    """Lists a group's contenders, the fastest first, then its floors; `=` marks a tie of ranks."""
    title = f"{escape(name)}: ns per call, with 95% intervals"
    table = Table(title=title, title_justify="left", box=box.SIMPLE)
    table.add_column("rank", justify="right", no_wrap=True)
    table.add_column("contender", no_wrap=True)
    table.add_column("does" if notes else "", no_wrap=True)
    for heading in ("gross", "net", "", "ratio", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in estimate.order:
        # The sign of a tie hangs, so that the figures are aligned.
        rank = rank_text(ranks[row], ranks.values())
        rank += "" if rank.endswith("=") else " "
        table.add_row(rank, *_figures(estimate, row, notes))
    for row in estimate.floors:
        table.add_row("", *_figures(estimate, row, notes), style="dim")
    table.add_row(
        "", "(empty loop)", "", number(estimate.empty_ns.value), "", "", "", "", style="dim"
    )
    return table


def _figures(estimate: GroupEstimate, row: int, notes: Mapping[str, str]) -> Iterator[str]:
    net, ratio = estimate.net_ns(row), estimate.ratio(row, estimate.fastest)
    fastest = row == estimate.fastest
    yield escape(estimate.names[row])
    yield escape(notes.get(estimate.names[row], ""))
    yield number(estimate.gross_ns(row).value)
    yield number(net.value)
    yield interval(net)
    yield _ratio_text(ratio, fastest, estimate.inconclusive)
    yield "" if fastest or estimate.inconclusive else interval(ratio, digits=2)


def _ratio_text(ratio: Interval, fastest: bool, inconclusive: bool) -> str:
    """Writes a ratio; a group whose control moved gets none."""
    if inconclusive:
        return "inconclusive"
    return "fastest" if fastest else number(ratio.value, digits=2)
