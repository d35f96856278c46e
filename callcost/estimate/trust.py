"""Reports how far to trust a run: what its controls found, what failed, what was left out."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan
from typing import Any

import numpy as np

from callcost.estimate.delays import estimate_delays
from callcost.estimate.estimate import MIN_EFFECT, GroupEstimate, aa_error
from callcost.model.run import NO_COST, Run


def trust(run: Run, estimates: dict[str, GroupEstimate]) -> list[str]:
    """Lists what the controls and failures of a run show, one sentence each."""
    lines = []
    if estimates:
        lines.append(_controls(estimates))
        lines.append(_dropped(run, estimates))
        lines.append(_layouts(estimates))
        lines += _elsewhere(estimates)
    lines += _delays(run)
    lines += failed_controls(run, estimates)
    if run.not_pinned:
        lines.append(f"The workers were not pinned to a CPU ({run.not_pinned}); expect more noise.")
    lines += quota_remarks(run.state, run.throttled_passes)
    if run.interrupted:
        done = max((len(times.processes) for times in run.groups.values()), default=0)
        lines.append(
            f"INTERRUPTED after {done} of {run.settings.processes} processes: groups that at "
            f"least {run.settings.min_processes} of them have measured are kept."
        )
    lines += [
        f"{'LEFT OUT' if failure.kind == NO_COST else 'FAILED'} {failure}"
        for failure in run.failures.values()
    ]
    return lines


def failed_controls(run: Run, estimates: dict[str, GroupEstimate]) -> list[str]:
    """Lists the controls that failed, and which figures cannot be trusted."""
    lines = []
    found = estimate_delays(run)
    if found is not None and found.failed:
        lines.append(
            f"DELAYS: delays injected in C were measured at {found.slope.value:.1%} of their size, "
            "so no figure of this run can be trusted in ns. Measure again on a calmer machine."
        )
    restless = [name for name, estimate in estimates.items() if estimate.restless]
    if restless:
        lines.append(
            f"RESTLESS: {', '.join(restless)}: the machine was hardly ever calm, so no passes "
            "were left out as disturbed. Expect the ratios of unlike calls to vary."
        )
    moved = [name for name, estimate in estimates.items() if estimate.inconclusive]
    if moved:
        lines.append(
            f"INCONCLUSIVE: {', '.join(moved)}: two contenders of the same code differed, "
            "so no ratio of this group can be trusted. Measure again on a calmer machine."
        )
    return lines


def _elsewhere(estimates: dict[str, GroupEstimate]) -> list[str]:
    """Names the build of each other interpreter."""
    environments = [estimate.times.group.environment for estimate in estimates.values()]
    builds = {known.name: known.facts["build"] for known in environments if known is not None}
    if None not in environments:
        named = [f"@ {name} is {build}." for name, build in builds.items()]
        return [*named, "Times in ns can be compared across interpreters, ratios only within one."]
    return [
        f"@ {name} is {build}. Its times in ns can be compared with those of this interpreter, "
        "its ratios only with each other."
        for name, build in builds.items()
    ]


def _controls(estimates: dict[str, GroupEstimate]) -> str:
    error = aa_error(list(estimates.values()))
    worst = max(estimates.values(), key=lambda e: abs(e.twin_ratio.value - 1))
    return (
        f"Controls: a twin of the same code differed by at most "
        f"{abs(worst.twin_ratio.value - 1):.2%} ({worst.times.group.name}); "
        f"differences below {max(error, MIN_EFFECT):.1%} are shown as ties (=)."
    )


def _delays(run: Run) -> Iterator[str]:
    """Reports whether delays of known size were measured at that size."""
    if run.delays_missing is not None:
        yield f"Injected delays: none in this run: {run.delays_missing}."
    found = estimate_delays(run)
    if found is None:
        return
    slope = found.slope
    ends = "interval unknown" if isnan(slope.low) else f"{slope.low:.4f} .. {slope.high:.4f}"
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
        f"every group has at least {least} usable processes."
    )


def _layouts(estimates: dict[str, GroupEstimate]) -> str:
    """Tells in how many layouts the libraries were measured, and how far these move the costs."""
    own = [estimate for estimate in estimates.values() if any(estimate.layouts)]
    if not own:
        return (
            "Layouts: the libraries lie in memory as this build has linked them, which the "
            "intervals do not include. Linked again, a call can cost several per cent more or less."
        )
    count = max(len({*estimate.layouts}) for estimate in own)
    moved = [estimate.luck(row).layout for estimate in own for row in range(estimate.size)]
    known = np.array([each for each in moved if not isnan(each)])
    line = f"Layouts: the libraries were linked in {count} ways, which the intervals include"
    if not known.size:
        return f"{line}."
    middle, high = np.quantile(known, (0.5, 0.95))
    return (
        f"{line}; one way differs from another by {middle:.1%} in the median row, and by "
        f"{high:.1%} in one of 20 rows (standard deviations)."
    )


def _stops(state: dict[str, Any], passes: int | None) -> str:
    times, held_ms = state.get("throttled"), state.get("throttled_ms")
    if times is None:
        return "how often it stopped this run is unknown"
    held = "" if held_ms is None else f", for {held_ms:.0f} ms"
    counted = "" if passes is None else f", during {passes} passes"
    return f"stopped this run {times} times{held}{counted}"


def quota_remarks(state: dict[str, Any], passes: int | None = None) -> Iterator[str]:
    """Yields what a recorded state says about a CPU quota; nothing if there was none.

    `passes` is the number of passes during which it stopped the run, if known.
    """
    cpus = state.get("cpu_quota_cpus")
    if cpus is not None:
        yield f"A quota allows {cpus:g} CPUs, and {_stops(state, passes)}."
    if state.get("cpu_quota_unknown"):
        yield f"Whether a quota limits the CPU is unknown ({state['cpu_quota_unknown']})."
