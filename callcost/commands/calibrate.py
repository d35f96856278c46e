"""Checks the instrument against known costs: how far its figures hold on this machine, now.

Three questions. Does a delay that was injected and timed in C appear in full in the measured cost
(slope 1)? Does an empty call cost nothing? How much do two copies of the same code seem to differ
(A/A)?
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from callcost.errors import CallcostError
from callcost.estimate.delays import fit
from callcost.estimate.estimate import MIN_EFFECT, GroupEstimate
from callcost.estimate.trust import quota_remarks
from callcost.model.contender import Contender
from callcost.model.delays import NAME, Delays
from callcost.model.group import EMPTY, Group
from callcost.model.interval import Interval
from callcost.model.plan import Settings
from callcost.model.run import Progress, Run
from callcost.run import machine
from callcost.run.coordinator import measure
from callcost.run.delays import choose_steps, delay_group

Floats = npt.NDArray[np.float64]

PAIRS = "A/A pairs"
TARGETS_NS = (0, 2, 5, 10, 15, 20, 30, 45, 60, 80, 100, 130, 160, 200)
ROW_S = 0.6
TIMER_SAMPLES = 20_000
LOAD_LIMIT = 0.5
STEAL_LIMIT_PERCENT = 1.0
DISTURBED_LIMIT = 0.05

# Set-up and call of each A/A pair: various kinds of calls.
PAIR_CALLS = (
    ("", "abs(n)"),
    ("", "divmod(n, n)"),
    ("", "isinstance(n, int)"),
    ("", "n.bit_length()"),
    ("", "pow(n, 2, 5)"),
    ("", "str(n)"),
    ("from math import gcd", "gcd(n, 12)"),
    ("from math import hypot", "hypot(n, n)"),
    ("from math import sqrt", "sqrt(n)"),
    ("from operator import add", "add(n, n)"),
    ("from operator import itemgetter\nfirst = itemgetter(0)\npair = (n, n)", "first(pair)"),
    ("text = 'call cost'", "text.find('s')"),
    ("text = 'call cost'", "text.upper()"),
    ("data = bytes(8)", "int.from_bytes(data, 'big')"),
    ("values = [3, 1, 2]", "max(values)"),
    ("values = [3, 1, 2]", "len(values)"),
    ("def same(value):\n    return value", "same(n)"),
    ("same = lambda value: value", "same(n)"),
    ("class Thing:\n    def same(self, value):\n        return value\nthing = Thing()",
     "thing.same(n)"),
    ("from callcost.run._delay import delay", "delay(n)"),
)  # fmt: skip


@dataclass(frozen=True)
class Calibration:
    """The results; `aa_p95` and `aa_max` are shares (0.01 is 1%)."""

    delays: Delays
    empty_call_ns: Interval
    aa_p95: float
    aa_max: float
    timer_resolution_ns: float
    timer_call_ns: float
    run: Run

    @property
    def trusted_share(self) -> float:
        """The smallest difference between two versions of a call that can be trusted now."""
        return max(MIN_EFFECT, self.aa_p95)

    def as_json(self) -> dict[str, Any]:
        """Returns the figures for `--json`."""
        slope, intercept_ns = self.delays.slope, self.delays.intercept_ns
        return {
            "slope": slope.value,
            "slope_interval": [slope.low, slope.high],
            "intercept_ns": intercept_ns.value,
            "intercept_ns_interval": [intercept_ns.low, intercept_ns.high],
            "empty_call_ns": self.empty_call_ns.value,
            "empty_call_ns_interval": [self.empty_call_ns.low, self.empty_call_ns.high],
            "aa_p95": self.aa_p95,
            "aa_max": self.aa_max,
            "trusted_share": self.trusted_share,
            "timer_resolution_ns": self.timer_resolution_ns,
            "timer_call_ns": self.timer_call_ns,
            "processes": self.run.settings.processes,
            "wall_s": self.run.wall_s,
            "not_pinned": self.run.not_pinned,
            "state": self.run.state,
            "machine": machine.identity(),
            "points": [asdict(point) for point in self.delays.points],
        }


def calibrate(settings: Settings, report: Callable[[Progress], None]) -> Calibration:
    """Measures the known delays and pairs; raises CallcostError or KeyboardInterrupt."""
    steps = choose_steps(TARGETS_NS)
    run = measure([delays_and_empty_call(steps), pair_group()], settings, report)
    if run.interrupted:
        raise KeyboardInterrupt
    for failure in run.failures.values():
        raise CallcostError(str(failure))
    errors = pair_errors(GroupEstimate(run.groups[PAIRS]))
    resolution_ns, call_ns = timer_facts()
    return Calibration(
        delays=fit(run.groups[NAME]),
        empty_call_ns=GroupEstimate(run.groups[NAME]).net_ns(len(steps)),
        aa_p95=float(np.quantile(errors, 0.95)),
        aa_max=float(errors.max()),
        timer_resolution_ns=resolution_ns,
        timer_call_ns=call_ns,
        run=run,
    )


def delays_and_empty_call(steps: list[int]) -> Group:
    """Makes the delays, followed by an empty call."""
    group = delay_group(steps)
    empty = Contender("empty call", EMPTY.setup, EMPTY.call)
    return replace(group, contenders=(*group.contenders, empty))


def pair_group() -> Group:
    """Makes two contenders of each call: rows 2 i and 2 i + 1 are the same code."""
    contenders = [
        Contender(f"{call} ({side})", f"n = 3\n{setup}", call)
        for setup, call in PAIR_CALLS
        for side in "AB"
    ]
    return Group(PAIRS, tuple(contenders))


def pair_errors(pairs: GroupEstimate) -> Floats:
    """Returns |ratio - 1| of every pair of the same code."""
    ratios = [pairs.ratio(row + 1, row).value for row in range(0, pairs.size, 2)]
    errors: Floats = np.abs(np.array(ratios) - 1)
    return errors


def timer_facts() -> tuple[float, float]:
    """Returns the smallest step of the timer, and the cost of reading it, in ns.

    Two readings are never closer than a reading takes, so the step is found between the
    differences of readings, not between readings.
    """
    readings = np.array([time.perf_counter_ns() for _ in range(TIMER_SAMPLES)])
    differences = np.diff(readings)
    steps = np.diff(np.unique(np.append(differences, 0)))
    return float(steps.min()), float(np.median(differences))


def disturbances(calibration: Calibration) -> list[str]:
    """Names what may disturb a measurement on this machine."""
    state, run = calibration.run.state, calibration.run
    said = []
    if run.not_pinned:
        said.append(f"The workers were not pinned to a CPU: {run.not_pinned}.")
    if state["load_1min"] > (os.cpu_count() or 1) * LOAD_LIMIT + 1:
        said.append(f"The load is {state['load_1min']:.1f}: other programs are running.")
    said += quota_remarks(state, run.throttled_passes)
    if (state["steal_percent"] or 0) > STEAL_LIMIT_PERCENT:
        said.append(f"The host has taken {state['steal_percent']:.1f}% of the time (steal).")
    if state["governor"] not in (None, "performance"):
        said.append(f"The CPU's frequency changes (governor {state['governor']}).")
    if state["cpus_allowed"] == 1:
        said.append("Only one CPU is allowed: the workers share it with everything else.")
    estimates = [GroupEstimate(times) for times in run.groups.values()]
    share = max(estimate.disturbed_share for estimate in estimates)
    if share > DISTURBED_LIMIT:
        left_out = all(estimate.filtered for estimate in estimates)
        said.append(
            f"The yardstick ran slow in {share:.0%} of the passes (a neighbour on the same core, "
            f"or frequency changes): {'they were' if left_out else 'too many to be'} left out."
        )
    return said
