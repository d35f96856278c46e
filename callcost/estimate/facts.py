"""The content of a record: a pytest-benchmark JSON with everything that the instrument measured.

Each benchmark's `extra_info["callcost"]` has its raw epochs and its estimates. The section
`callcost` at the top level describes the whole run, with its controls. estimate/record.py
rebuilds the run from these, so every figure can be estimated again.
"""

from __future__ import annotations

import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from callcost.estimate.delays import estimate_delays, timed_in_c
from callcost.estimate.estimate import GroupEstimate, aa_error
from callcost.estimate.record import VERSION
from callcost.model.contender import Contender
from callcost.model.run import GroupTimes, Run


def pack_epochs(times: GroupTimes, row: int) -> list[str]:
    """Returns a row's epochs as one string of ns per process; negative if preempted."""
    return [" ".join(map(str, epochs[row].tolist())) for epochs in times.processes]


def contender_facts(estimate: GroupEstimate, row: int, ranks: dict[int, int]) -> dict[str, Any]:
    """Describes one contender: its estimates, as [value, low, high], and its raw epochs."""
    times = estimate.times
    return {
        "group": times.group.name,
        **_portable(times.contenders[row]),
        "floor": row in estimate.floors,
        "gross_ns": estimate.gross_ns(row).as_list(),
        "net_ns": estimate.net_ns(row).as_list(),
        "ratio_to_fastest": estimate.ratio(row, estimate.fastest).as_list(),
        "processes_used": len(estimate.rounds_ns(row)),
        "fastest": estimate.names[estimate.fastest],
        "rank": ranks.get(row),
        "preempted_epochs": estimate.preempted(row),
        **_epochs(times, row),
    }


def _epochs(times: GroupTimes, row: int) -> dict[str, list[str]]:
    """Returns the raw epochs of a contender and, for a program, of its empty loop."""
    epochs = {"epoch_ns": pack_epochs(times, row)}
    if times.contenders[row].program:
        epochs["empty_ns"] = pack_epochs(times, times.empty_row(row))
    return epochs


def _portable(contender: Contender) -> dict[str, Any]:
    """Describes a contender without the local paths."""
    facts = asdict(contender)
    # Every process has checked the examples, and no estimate needs them.
    del facts["examples"]
    facts["binaries"] = [{**binary, "path": ""} for binary in facts["binaries"]]
    facts["program"] = [Path(word).name for word in facts["program"]]
    return facts


def run_facts(
    run: Run, estimates: dict[str, GroupEstimate], environment: dict[str, Any]
) -> dict[str, Any]:
    """Describes the whole run, with the estimates made from it."""
    error = aa_error(list(estimates.values()))
    settings = {k: v for k, v in asdict(run.settings).items() if k != "python"}
    return {
        "version": VERSION,
        "settings": settings,
        "cpu": run.cpu,
        "not_pinned": run.not_pinned,
        "seed": run.seed,
        "hash_seeds": run.hash_seeds,
        "wall_s": run.wall_s,
        "interrupted": run.interrupted,
        "failures": [asdict(failure) for failure in run.failures.values()],
        "aa_p95": None if np.isnan(error) else error,
        "delays": _delays_facts(run),
        "delays_missing": run.delays_missing,
        "throttled_passes": run.throttled_passes,
        "state": run.state,
        "coordinator_peak_mib": peak_mib(),
        "environment": environment,
        "interpreters": {
            times.group.place: times.group.environment.facts
            for times in run.groups.values()
            if times.group.environment is not None
        },
        "groups": {name: _group_facts(estimate) for name, estimate in estimates.items()},
    }


def _delays_facts(run: Run) -> dict[str, Any] | None:
    """Describes the injected delays; `raw` has the epochs that the estimate is made from."""
    times, found = run.delays, estimate_delays(run)
    if times is None or found is None:
        return None
    rows = [
        {**_portable(contender), **_epochs(times, row)}
        for row, contender in enumerate(times.group.contenders)
    ]
    return {
        "slope": found.slope.as_list(),
        "intercept_ns": found.intercept_ns.as_list(),
        "points": [
            {
                "injected_ns": point.injected_ns,
                "measured_ns": point.measured.as_list(),
                "fitted": point.fitted,
            }
            for point in found.points
        ],
        "raw": {
            **_group_facts(GroupEstimate(times)),
            "rows": rows,
            "timed_in_c_ns": timed_in_c(times),
        },
    }


def peak_mib() -> float:
    """Returns the peak memory of this process in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux reports KiB, macOS bytes.
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _group_facts(estimate: GroupEstimate) -> dict[str, Any]:
    times = estimate.times
    first_control = len(times.group.contenders)
    return {
        "interpreter": times.group.place,
        "plan": asdict(times.plan),
        "contenders": estimate.names[:first_control],
        "floors": [contender.name for contender in times.group.floors],
        "twin_of": times.controls.twin_of,
        "twin_ratio": estimate.twin_ratio.as_list(),
        "inconclusive": estimate.inconclusive,
        "disturbed_share": estimate.disturbed_share,
        "filtered": estimate.filtered,
        "processes_used": len(estimate.usable),
        "layouts": times.layouts,
        "rounds": times.rounds,
        "empty_ns": estimate.empty_ns.as_list(),
        "controls": [
            {**_portable(contender), **_epochs(times, first_control + offset)}
            for offset, contender in enumerate(times.controls.contenders)
        ],
    }
