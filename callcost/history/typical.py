"""The default control of files that callcost did not write: a typical row.

The rows of a run are compared with the same rows of other runs on that machine. The median of their
changes is the machine's change, and the rest is the row's own. A single row that changes cannot
move a median of three or more. Levels of rows and speeds of runs are estimated together as in
Tukey's median polish: each is the median of the residuals of the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from callcost.history.rows import TYPICAL
from callcost.history.table import Table

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Places = npt.NDArray[np.intp]

MIN_ROWS = 3
"""The fewest rows in common with other runs: if two differ, either may have changed."""
POLISHES = 3
_ROWS = f"""FROM runs WHERE "control" = '{TYPICAL}'"""
_CELLS = f"""
    SELECT hash("machine", "run") AS run, hash("machine", "fullname") AS row, ln("cost_ns") AS log
    {_ROWS} AND "cost_ns" > 0 AND isfinite("cost_ns") ORDER BY "time", "run", "machine"
"""
_NAMES = f'SELECT DISTINCT "machine", "run", hash("machine", "run") {_ROWS}'


@dataclass(frozen=True)
class Scale:
    """The cost of the typical row of a run, as the log of ns, and the set of rows it belongs to.

    Ratios of different sets cannot be compared: their runs have too few rows in common.
    """

    log_ns: float
    part: int

    @property
    def control(self) -> str:
        """The name of the control."""
        return TYPICAL if self.part == 0 else f"{TYPICAL} (set {self.part + 1})"

    def ratio(self, cost_ns: float) -> float:
        """Return a cost as a multiple of the typical row's."""
        return math.exp(math.log(cost_ns) - self.log_ns)


Scales = Mapping[tuple[str, str], Scale]
"""The scale of each run, by machine and run, without runs that have too few known rows."""


def scales_of(table: Table) -> Scales:
    """Find the scale of every run whose control is the typical row; raise HistoryError."""
    cells = table.arrays(_CELLS)
    if not len(cells["log"]):
        return {}
    found = _scales(cells["run"], cells["row"], cells["log"])
    named = [(machine, run, found[n]) for machine, run, n in table.query(_NAMES) if n in found]
    sets: dict[str, list[int]] = {}
    for machine, _, scale in sorted(named, key=lambda one: one[2].part):
        if scale.part not in sets.setdefault(machine, []):
            sets[machine].append(scale.part)
    return {
        (machine, run): replace(scale, part=sets[machine].index(scale.part))
        for machine, run, scale in named
    }


def _scales(run_keys: Any, row_keys: Any, logs: Floats) -> dict[int, Scale]:
    """Find the scale of each run; cells are sorted by time, those of a run together."""
    import numpy as np

    edges = [0, *(np.flatnonzero(np.diff(run_keys)) + 1).tolist(), len(run_keys)]
    runs = np.repeat(np.arange(len(edges) - 1), np.diff(edges))
    _, rows = np.unique(row_keys, return_inverse=True)
    speeds, parts = _first_look(edges, rows, logs)
    known = parts[runs] >= 0
    runs, logs = runs[known], logs[known]
    if not len(runs):
        return {}
    # A row in two sets has a level in each.
    _, members = np.unique(np.stack([parts[runs], rows[known]]), axis=1, return_inverse=True)
    for _ in range(POLISHES):
        levels = _medians(logs - speeds[runs], members)
        speeds[np.unique(runs)] = _medians(logs - levels[members], runs)
    part_of = np.zeros(len(levels), dtype=np.intp)
    part_of[members] = parts[runs]
    typical = _medians(levels, part_of)
    return {
        int(run_keys[edges[run]]): Scale(float(speeds[run] + typical[parts[run]]), int(parts[run]))
        for run in np.unique(runs)
    }


def _first_look(edges: list[int], rows: Places, logs: Floats) -> tuple[Floats, Places]:
    """Go through the runs by time; return the speed and the set of rows of each.

    A run belongs to the set that it shares most rows with. If it shares fewer than MIN_ROWS, it
    starts a new set, or has none (-1).
    """
    import numpy as np

    count = len(edges) - 1
    speeds, parts = np.zeros(count), np.full(count, -1, dtype=np.intp)
    levels, last = np.zeros(rows.max() + 1), np.full(rows.max() + 1, -1, dtype=np.intp)
    sets = 0
    for run, (start, end) in enumerate(pairwise(edges)):
        own, log = rows[start:end], logs[start:end]
        shared = np.bincount(last[own][last[own] >= 0], minlength=1)
        if shared.max() >= MIN_ROWS:
            parts[run] = shared.argmax()
            old = last[own] == parts[run]
            speeds[run] = np.median(log[old] - levels[own[old]])
        elif end - start >= MIN_ROWS:
            parts[run], old = sets, np.zeros(end - start, dtype=bool)
            sets += 1
        else:
            continue
        levels[own[~old]] = log[~old] - speeds[run]
        last[own] = parts[run]
    return speeds, parts


def _medians(values: Floats, groups: Places) -> Floats:
    """Return the median of each group of values, in the order of groups."""
    import numpy as np

    order = np.lexsort((values, groups))
    ordered = values[order]
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    ends = np.append(starts[1:], len(order))
    low, high = (starts + ends - 1) // 2, (starts + ends) // 2
    found: Floats = (ordered[low] + ordered[high]) / 2
    return found
