"""Turns the epochs of a group into costs and ratios, each with a confidence interval.

Within a process, a ratio is the interquartile mean, over passes, of the log of the ratio of the
two contenders' epochs in the same pass. The processes of one layout are averaged, and over these
averages it is the trimmed mean, with its confidence interval. docs/measuring.md explains why.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from callcost.estimate.luck import Luck, luck_of
from callcost.estimate.trimmed import trim_mean, trim_mean_ends
from callcost.model.interval import Interval
from callcost.model.layout import AS_BUILT
from callcost.model.run import GroupTimes, Run

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

CONFIDENCE = 0.95
# A pass counts as calm while the yardstick stays within this factor of its fast level, which
# is the quantile CALM_LEVEL over the whole run. A busy hyperthread neighbour costs 1.4 to 2.
CALM_FACTOR = 1.2
CALM_LEVEL = 0.1
MIN_CALM_PASSES = 8
# If fewer processes have calm passes, all passes of all processes are used.
MIN_CALM_PROCESSES = 10
# Fewer processes are too few for an interval.
MIN_PROCESSES = 6
# A group with fewer contenders has no median that a single one could not move.
LEAST_FOR_MEDIAN = 5
# Smaller differences are always ties: a minimum effect size prevents false alarms.
MIN_EFFECT = 0.005
# A twin that is off by more than this, interval and all, makes its group inconclusive.
TWIN_LIMIT = 0.02


def trimmed_interval(samples: Floats, confidence: float = CONFIDENCE) -> Interval:
    """Estimates the trimmed mean of independent samples, without the share TRIM at either end.

    Leaves out NaN. The ends are NaN for fewer than MIN_PROCESSES samples.
    """
    samples = samples[~np.isnan(samples)]
    if not samples.size:
        return Interval(np.nan, np.nan, np.nan)
    value = float(trim_mean(samples))
    if samples.size < MIN_PROCESSES:
        return Interval(value, np.nan, np.nan)
    low, high = trim_mean_ends(samples, confidence)
    return Interval(value, float(low), float(high))


def _intervals(samples: Floats) -> Floats:
    """Estimates each row like `trimmed_interval`: shape (n, samples) gives (n, 3)."""
    found = np.full((len(samples), 3), np.nan)
    whole = ~np.isnan(samples).any(axis=1)
    for row in np.flatnonzero(~whole):
        own = trimmed_interval(samples[row])
        found[row] = own.value, own.low, own.high
    if whole.any():
        found[whole, 0] = trim_mean(samples[whole])
    if whole.any() and samples.shape[1] >= MIN_PROCESSES:
        found[whole, 1:] = np.array(trim_mean_ends(samples[whole], CONFIDENCE)).T
    return found


def interquartile_mean(samples: Floats) -> Floats:
    """Averages the middle half of each row without NaN: shape (n, passes) gives (n,).

    A row that is all NaN gives NaN.
    """
    means = np.full(len(samples), np.nan)
    known = ~np.isnan(samples).all(axis=1)
    if known.any():
        rows = samples[known]
        low, high = _quartiles(rows)
        inside = (rows >= low) & (rows <= high)
        # Neither of two samples lies between their quartiles: then both count.
        inside |= ~inside.any(axis=1, keepdims=True)
        means[known] = np.nanmean(np.where(inside, rows, np.nan), axis=1)
    return means


def interquartile_means(rows: Sequence[Floats]) -> Floats:
    """Averages the middle half of each row; rows may differ in length."""
    table = np.full((len(rows), max(map(len, rows), default=0)), np.nan)
    for place, row in enumerate(rows):
        table[place, : len(row)] = row
    return interquartile_mean(table)


def _quartiles(rows: Floats) -> tuple[Floats, Floats]:
    """Returns the lower and the upper quartile of each row without NaN: shape (n, 1) each.

    Equals NumPy's `nanquantile`, which works row by row and takes ten times as long.
    """
    ordered = np.sort(rows, axis=1)
    # NaN is sorted to the end.
    last = np.count_nonzero(~np.isnan(rows), axis=1, keepdims=True) - 1
    low, high = (_interpolate(ordered, share * last) for share in (0.25, 0.75))
    return low, high


def _interpolate(ordered: Floats, places: npt.NDArray[np.floating]) -> Floats:
    """Returns the value at a fractional place of each ordered row."""
    before, after = (np.floor(places).astype(np.intp), np.ceil(places).astype(np.intp))
    left, right = (np.take_along_axis(ordered, ends, axis=1) for ends in (before, after))
    share = places - before
    # From the nearer end, so that the result equals NumPy's to the last bit.
    found: Floats = np.where(
        share < 0.5, left + (right - left) * share, right - (right - left) * (1 - share)
    )
    return found


class GroupEstimate:
    """The costs of one group's contenders, and their ratios to each other.

    Rows are numbered as in `GroupTimes.contenders`; costs are ns per call. The first `size` rows
    are the group's own contenders: only they have ranks.
    """

    def __init__(self, times: GroupTimes) -> None:
        self.times = times
        self.names = [contender.name for contender in times.contenders]
        self.size = len(times.group.contenders)
        self._empty = self.size
        self._twin = self.size + 1
        self.yardstick_row = self.size + 2
        rows = range(len(self.names))
        self._empty_rows = [times.empty_row(row) for row in rows]
        programs = [row for row in rows if times.contenders[row].program]
        self._calls = np.array([times.calls(row) for row in (*rows, *programs)])

    @cached_property
    def _gross(self) -> list[Floats]:
        """Gross ns per call of each process: (rows, passes), NaN where an epoch does not count."""
        return [
            np.where((epochs > 0) & calm, epochs, np.nan) / self._calls[:, None]
            for epochs, calm in zip(self.times.processes, self._calm, strict=True)
        ]

    @cached_property
    def _undisturbed(self) -> list[Bools]:
        """For each process, the passes in which the yardstick was not slow."""
        yardsticks = [np.abs(epochs[self.yardstick_row]) for epochs in self.times.processes]
        limit = CALM_FACTOR * np.quantile(np.concatenate(yardsticks), CALM_LEVEL)
        return [yardstick <= limit for yardstick in yardsticks]

    @cached_property
    def restless(self) -> bool:
        """Whether almost all passes were disturbed."""
        calm = sum(int(passes.sum()) >= MIN_CALM_PASSES for passes in self._undisturbed)
        return calm < min(MIN_CALM_PROCESSES, len(self._undisturbed))

    @property
    def filtered(self) -> bool:
        """Whether disturbed passes are left out.

        They are kept if almost all are disturbed, and where interpreters took turns: each would
        leave out other passes, and their costs could not be compared.
        """
        took_turns = self.times.group.environment is not None and bool(self.times.rounds)
        return not self.restless and not took_turns

    @cached_property
    def _calm(self) -> list[Bools]:
        """For each process, the passes that count."""
        if not self.filtered:
            return [np.ones_like(passes) for passes in self._undisturbed]
        return [
            passes if passes.sum() >= MIN_CALM_PASSES else np.zeros_like(passes)
            for passes in self._undisturbed
        ]

    @cached_property
    def usable(self) -> list[int]:
        """The processes with enough calm passes: the columns of `gross_by_process`."""
        return [number for number, calm in enumerate(self._calm) if calm.any()]

    @cached_property
    def gross_by_process(self) -> Floats:
        """Gross ns per call, including the empty loop: shape (rows, usable processes)."""
        columns = [interquartile_mean(self._gross[number]) for number in self.usable]
        return np.array(columns).T

    @cached_property
    def layouts(self) -> list[int]:
        """The layout of each usable process."""
        layouts = self.times.layouts or [AS_BUILT] * len(self.times.processes)
        return [layouts[number] for number in self.usable]

    @cached_property
    def rounds(self) -> list[int]:
        """The round of each usable process; an older record has a process in each."""
        return [
            self.times.rounds[number] if self.times.rounds else number for number in self.usable
        ]

    def _samples(self, by_process: Floats) -> Floats:
        """Averages the processes of each layout; those that have loaded files as built stay apart.

        Shape (..., usable processes) gives (..., samples).
        """
        numbers = sorted({*self.layouts} - {AS_BUILT})
        if not numbers:
            return by_process
        labels = np.array(self.layouts)
        means = [by_process[..., labels == number].mean(axis=-1) for number in numbers]
        found: Floats = np.stack(means, axis=-1)
        return np.concatenate([found, by_process[..., labels == AS_BUILT]], axis=-1)

    @cached_property
    def _log_net(self) -> list[Floats]:
        """Log of the net ns per call in each usable process: shape (contenders, passes)."""
        logs = []
        for position, number in enumerate(self.usable):
            gross = self._gross[number][: len(self.names)]
            net = gross - self.gross_by_process[self._empty_rows, position, None]
            logs.append(np.log(np.where(net > 0, net, np.nan)))
        return logs

    @cached_property
    def _log_table(self) -> Floats:
        """The same as one table: (usable processes, contenders, passes), NaN where there is none.

        Many processes at once are estimated much faster than one after the other.
        """
        most = max((log.shape[1] for log in self._log_net), default=0)
        table = np.full((len(self.usable), len(self.names), most), np.nan)
        for place, log in enumerate(self._log_net):
            table[place, :, : log.shape[1]] = log
        return table

    def rounds_ns(self, row: int) -> list[float]:
        """Lists the gross ns per call of each process that has a usable epoch of this row."""
        return [cost for cost in self.gross_by_process[row].tolist() if not np.isnan(cost)]

    def gross_ns(self, row: int) -> Interval:
        """Estimates the cost of the call including its share of the loop."""
        return Interval(*map(float, self._gross_ends[row]))

    @cached_property
    def _gross_ends(self) -> Floats:
        return _intervals(self._samples(self.gross_by_process))

    @cached_property
    def _net_ends(self) -> Floats:
        # All rows at once, and only once: every rank, table and chart needs them.
        gross = self.gross_by_process
        return _intervals(self._samples(gross[: len(self.names)] - gross[self._empty_rows]))

    def net_ns(self, row: int) -> Interval:
        """Estimates the cost of the call alone: gross minus the contender's empty loop."""
        return Interval(*map(float, self._net_ends[row]))

    def log_net_by_round(self, row: int) -> dict[int, Floats]:
        """Returns the log of the net ns per call in each pass, by the round of its process.

        NaN where an epoch does not count.
        """
        return {number: logs[row] for number, logs in zip(self.rounds, self._log_net, strict=True)}

    def net_by_process(self, row: int) -> Floats:
        """Returns the cost of the call alone in each usable process."""
        net: Floats = self.gross_by_process[row] - self.gross_by_process[self._empty_rows[row]]
        return net

    @cached_property
    def empty_ns(self) -> Interval:
        """The empty loop's cost per turn."""
        return self.gross_ns(self._empty)

    def ratios_by_process(self, row: int, base: int) -> Floats:
        """Returns the ratio of the net costs of `row` and `base` in each usable process."""
        logs = self._log_table
        ratios: Floats = np.exp(interquartile_mean(logs[:, row] - logs[:, base]))
        return ratios

    def ratio(self, row: int, base: int) -> Interval:
        """Estimates the net cost of `row` as a multiple of that of `base`."""
        if row == base:
            return Interval(1.0, 1.0, 1.0)
        log = trimmed_interval(self._samples(np.log(self.ratios_by_process(row, base))))
        return Interval(*(float(np.exp(end)) for end in (log.value, log.low, log.high)))

    def ratios_to(self, base: int) -> list[Interval]:
        """Estimates the net cost of every contender as a multiple of that of `base`."""
        logs = [interquartile_mean(log - log[base]) for log in self._log_net]
        ends = np.exp(_intervals(self._samples(np.array(logs).T)))
        ends[base] = 1.0
        return [Interval(*map(float, row)) for row in ends]

    def ratio_table(self) -> Floats:
        """Returns all results of `ratio` at once: shape (contenders, contenders, 3).

        [row, base] holds the value and the interval's ends (low, high) of `ratio(row, base)`.
        """
        count = len(self.names)
        logs = self._log_table
        table = np.full((count, count, 3), np.nan)
        for base in range(count):
            rows = logs[:, base:] - logs[:, [base]]
            means = interquartile_mean(rows.reshape(-1, rows.shape[-1])).reshape(rows.shape[:2])
            table[base:, base] = np.exp(_intervals(self._samples(means.T)))
            # The inverse ratio: low and high swap places.
            table[base, base:] = 1 / table[base:, base][:, [0, 2, 1]]
            table[base, base] = 1.0
        return table

    @cached_property
    def _log_relative(self) -> list[Floats]:
        """Log of the net cost over the yardstick's gross cost: (contenders, passes) each."""
        return [
            log - np.log(self._gross[number][[self.yardstick_row]])
            for number, log in zip(self.usable, self._log_net, strict=True)
        ]

    @cached_property
    def _log_among(self) -> list[Floats]:
        """Log of the net cost over the median of the group's own: (contenders, passes) each.

        Where a process or a pass is slow, all of them are. A group too small for that has its costs
        compared with the yardstick.
        """
        if self.size < LEAST_FOR_MEDIAN:
            return self._log_relative
        medians = [np.median(log[: self.size], axis=0) for log in self._log_net]
        return [log - median for log, median in zip(self._log_net, medians, strict=True)]

    def relative_by_process(self, row: int) -> Floats:
        """Returns the net cost as a multiple of the group's median in each usable process."""
        logs = [interquartile_mean(log[[row]])[0] for log in self._log_among]
        ratios: Floats = np.exp(np.array(logs))
        return ratios

    def luck(self, row: int) -> Luck:
        """Estimates how far layouts, processes and passes move a row's cost."""
        return luck_of(self._halves[:, :, row], self.layouts)

    @cached_property
    def _halves(self) -> Floats:
        """Mean logs of the even and of the odd passes: shape (2, usable processes, contenders)."""
        return np.array(
            [[interquartile_mean(log[:, first::2]) for log in self._log_among] for first in (0, 1)]
        )

    def ratios_to_yardstick(self) -> Floats:
        """Returns the ratio of each row's net cost to the yardstick's gross cost; NaN if unknown.

        Gross, because the yardstick's epochs have their own size. Its net cost would depend on the
        empty loop of the other rows' epochs, which must not enter the ratio.
        """
        logs = self._samples(np.array([interquartile_mean(log) for log in self._log_relative]).T)
        whole: Bools = ~np.isnan(logs.sum(axis=1))
        means = np.array([np.nan if done else trimmed_interval(row).value
                          for done, row in zip(whole, logs, strict=True)])  # fmt: skip
        means[whole] = trim_mean(logs[whole])
        ratios: Floats = np.exp(means)
        return ratios

    @cached_property
    def twin_ratio(self) -> Interval:
        """The A/A control, the ratio of two contenders with the same code: ideally 1."""
        return self.ratio(self._twin, self.times.controls.twin_of)

    @property
    def inconclusive(self) -> bool:
        """True if the A/A control moved too far to trust any ratio of this group."""
        twin = self.twin_ratio
        far = twin.low > 1 + TWIN_LIMIT or twin.high < 1 - TWIN_LIMIT
        return bool(far or np.isnan(twin.value) or len(self.usable) < MIN_PROCESSES)

    @cached_property
    def order(self) -> list[int]:
        """The group's own rows, fastest first."""
        return self._by_cost(range(self.size))

    @cached_property
    def floors(self) -> list[int]:
        """The rows of the group's floors, fastest first; they have no rank."""
        return self._by_cost(range(self.yardstick_row + 1, len(self.names)))

    def _by_cost(self, rows: range) -> list[int]:
        # A row without usable epochs comes last: NaN would break the sorting.
        costs_ns = {row: self.net_ns(row).value for row in rows}
        return sorted(rows, key=lambda row: np.nan_to_num(costs_ns[row], nan=np.inf))

    @property
    def fastest(self) -> int:
        """The fastest of the group's own rows, with which the others are compared."""
        return self.order[0]

    def ranks(self, min_effect: float = MIN_EFFECT) -> dict[int, int]:
        """Ranks the group's own rows from 1; tied rows share the rank of the first of them.

        A row ties with the first of its rank if the interval of their ratio reaches down to
        1 + `min_effect`, or to 1 + MIN_EFFECT if that is more.
        """
        # In this order, `max` returns MIN_EFFECT if `min_effect` is unknown (NaN).
        limit = 1 + max(MIN_EFFECT, min_effect)
        ranks: dict[int, int] = {}
        leader = self.fastest
        for place, row in enumerate(self.order, start=1):
            if place == 1 or self.ratio(row, leader).low > limit:
                leader = row
                ranks[row] = place
            else:
                ranks[row] = ranks[leader]
        return ranks

    def preempted(self, row: int) -> int:
        """Counts the epochs of a row that were dropped because the thread was preempted."""
        return sum(int((epochs[row] < 0).sum()) for epochs in self.times.processes)

    @property
    def disturbed_share(self) -> float:
        """The share of passes in which the yardstick was slow; left out if `filtered`."""
        return 1.0 - float(np.concatenate(self._undisturbed).mean())


def aa_error(estimates: list[GroupEstimate], quantile: float = 0.95) -> float:
    """Returns the A/A error of a run: a quantile of |twin ratio - 1| over its groups."""
    errors = np.array([abs(estimate.twin_ratio.value - 1) for estimate in estimates])
    known = errors[~np.isnan(errors)]
    return float(np.quantile(known, quantile)) if known.size else float("nan")


def estimate_run(run: Run) -> dict[str, GroupEstimate]:
    """Estimates each group of a run that enough processes have timed."""
    return {name: GroupEstimate(times) for name, times in run.finished().items()}
