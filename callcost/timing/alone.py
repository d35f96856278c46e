"""Times one expression like any row of a run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from callcost.estimate.estimate import GroupEstimate
from callcost.model.expression import Reading
from callcost.model.group import Group
from callcost.model.plan import Settings
from callcost.model.run import Progress, Run
from callcost.run.coordinator import measure
from callcost.run.planning import MIN_PASSES
from callcost.timing.look import Look, failed
from callcost.timing.measured import Cost, Measured
from callcost.timing.time_limit import PROCESSES, START_UP_S, TimeLimit
from callcost.worker.worker import SCOUT_REPEATS

GROUP = "time"
# The expression and its twin.
COPIES = 2


def time_alone(
    side: Reading, look: Look, limit: TimeLimit, report: Callable[[Progress], None]
) -> Measured:
    """Measure one expression; raise ExpressionError or KeyboardInterrupt."""
    assert look.call_ns is not None
    pass_s = COPIES * look.call_ns / 1e9
    processes = limit.processes_for(
        passes_s=pass_s * (MIN_PASSES + 1),
        start_s=START_UP_S + look.setup_s,
        # Scouting makes more calls than the check of a process.
        once_s=pass_s * (SCOUT_REPEATS + 1),
        usual=PROCESSES,
        looks=[look],
        passes=MIN_PASSES,
    )
    group = Group(GROUP, (side.contender,), environment=side.asked.environment)
    settings = Settings(processes=processes, row_s=limit.seconds, silence_s=limit.silence_s)
    run = measure([group], settings, report)
    if run.interrupted:
        raise KeyboardInterrupt
    for failure in run.failures.values():
        raise failed(side.name, failure.kind, failure.message)
    return from_run(run)


def from_run(run: Run) -> Measured:
    """Return what a run of one expression measured."""
    estimate = GroupEstimate(run.groups[GROUP])
    net_ns = estimate.net_by_process(0)
    cost = Cost(
        estimate.net_ns(0),
        estimate.gross_ns(0),
        net_ns[~np.isnan(net_ns)],
        estimate.preempted(0),
    )
    times = estimate.times.processes
    return Measured(
        (cost,),
        None,
        estimate.twin_ratio,
        estimate.empty_ns,
        samples=len(estimate.usable),
        processes=len(times),
        processes_used=len(estimate.usable),
        epochs=sum(epochs.shape[1] for epochs in times),
        cpu=run.cpu,
        wall_s=run.wall_s,
        disturbed_share=estimate.disturbed_share,
        filtered=estimate.filtered,
        not_pinned=run.not_pinned,
        state=run.state,
    )
