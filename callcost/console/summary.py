"""The suite's own tables: what each call costs, how it compares, and how far to trust that."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from math import isnan
from types import MappingProxyType

from rich import box
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from callcost.estimate.delays import estimate_delays
from callcost.estimate.estimate import MIN_EFFECT, GroupEstimate, aa_error
from callcost.model.interval import Interval
from callcost.model.run import NO_COST, Run
from callcost.run import quota

# What the widest table needs; narrower terminals wrap lines, but lose no figure.
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
    """Renders a table for each group in `ranks`, then `extra`, then what the run says of itself.

    `notes` are letters to stand beside the contenders, by group and name; their legend is that
    of the group "".
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
    shared = [rank for rank in ranks.values() if list(ranks.values()).count(rank) > 1]
    for row in estimate.order:
        rank = f"{ranks[row]}{'=' if ranks[row] in shared else ' '}"
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
    yield ratio_text(ratio, fastest, estimate.inconclusive)
    yield "" if fastest or estimate.inconclusive else interval(ratio, digits=2)


def ratio_text(ratio: Interval, fastest: bool, inconclusive: bool) -> str:
    """Writes a ratio; a group whose control moved gets none."""
    if inconclusive:
        return "inconclusive"
    return "fastest" if fastest else number(ratio.value, digits=2)


def number(value: float, digits: int = 1) -> str:
    """Writes a figure with its decimals; from a thousand on they say nothing."""
    return f"{value:,.{0 if abs(value) >= 1000 else digits}f}"


def interval(estimate: Interval, digits: int = 1) -> str:
    """Writes the two ends of an interval."""
    return f"({number(estimate.low, digits)} .. {number(estimate.high, digits)})"


def trust(run: Run, estimates: dict[str, GroupEstimate]) -> list[str]:
    """Says in sentences what the run's own controls show."""
    lines = []
    if estimates:
        lines.append(_controls(estimates))
        lines.append(_dropped(run, estimates))
        lines += _elsewhere(estimates)
    lines += _delays(run)
    lines += failed_controls(run, estimates)
    if run.not_pinned:
        lines.append(f"The workers were not pinned to a CPU ({run.not_pinned}); expect more noise.")
    lines += quota.remarks(run.state, run.throttled_passes)
    if run.interrupted:
        done = max((len(times.processes) for times in run.groups.values()), default=0)
        lines.append(
            f"INTERRUPTED after {done} of {run.settings.processes} processes: what at least "
            f"{run.settings.min_processes} of them had measured is kept."
        )
    lines += [
        f"{'LEFT OUT' if failure.kind == NO_COST else 'FAILED'} {failure}"
        for failure in run.failures.values()
    ]
    return lines


def failed_controls(run: Run, estimates: dict[str, GroupEstimate]) -> list[str]:
    """Says which controls of a run have failed, and what of it is not to be trusted."""
    lines = []
    found = estimate_delays(run)
    if found is not None and found.failed:
        lines.append(
            f"DELAYS: what was injected in C was measured at {found.slope.value:.1%} of its size, "
            "so no figure of this run can be trusted in ns. Measure again on a calmer machine."
        )
    restless = [name for name, estimate in estimates.items() if not estimate.filtered]
    if restless:
        lines.append(
            f"RESTLESS: {', '.join(restless)}: the machine was hardly ever calm, so nothing was "
            "left out as disturbed. Expect ratios of unlike calls to move."
        )
    moved = [name for name, estimate in estimates.items() if estimate.inconclusive]
    if moved:
        lines.append(
            f"INCONCLUSIVE: {', '.join(moved)}: two contenders of the same code differed, "
            "so no ratio of this group can be trusted. Measure again on a calmer machine."
        )
    return lines


def _elsewhere(estimates: dict[str, GroupEstimate]) -> list[str]:
    """Says what the names of other interpreters stand for."""
    environments = [estimate.times.group.environment for estimate in estimates.values()]
    builds = {known.name: known.facts["build"] for known in environments if known is not None}
    return [
        f"@ {name} is {build}. Its figures in ns can be compared with those of this interpreter, "
        "ratios with none but its own."
        for name, build in builds.items()
    ]


def _controls(estimates: dict[str, GroupEstimate]) -> str:
    error = aa_error(list(estimates.values()))
    worst = max(estimates.values(), key=lambda e: abs(e.twin_ratio.value - 1))
    return (
        f"Controls: a twin of the same code differed by at most "
        f"{abs(worst.twin_ratio.value - 1):.2%} ({worst.times.group.name}); "
        f"smaller differences than {max(error, MIN_EFFECT):.1%} are shown as ties (=)."
    )


def _delays(run: Run) -> Iterator[str]:
    """Says whether delays of a known size were measured at that size."""
    if run.delays_missing is not None:
        yield f"Injected delays: none in this run: {run.delays_missing}."
    found = estimate_delays(run)
    if found is None:
        return
    slope = found.slope
    ends = "interval not known" if isnan(slope.low) else f"{slope.low:.4f} .. {slope.high:.4f}"
    yield f"Injected delays: slope {slope.value:.4f} ({ends}); 1 is right."


def _dropped(run: Run, estimates: dict[str, GroupEstimate]) -> str:
    rows = [(e, row) for e in estimates.values() for row in range(len(e.names))]
    preempted = sum(estimate.preempted(row) for estimate, row in rows)
    total = sum(len(e.names) * t.shape[1] for e in estimates.values() for t in e.times.processes)
    shares = [estimate.disturbed_share for estimate in estimates.values()]
    members = sum(len(estimate.times.group.members) for estimate in estimates.values())
    least = min(len(estimate.usable) for estimate in estimates.values())
    return (
        f"{run.settings.processes} processes on CPU {run.cpu} in {run.wall_s:.0f} s, "
        f"{run.wall_s / members:.2f} s a row; "
        f"{preempted:,} of {total:,} epochs dropped as preempted, "
        f"{sum(shares) / len(shares):.0%} of the passes as disturbed; "
        f"every group rests on at least {least} processes."
    )
