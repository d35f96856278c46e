"""Writes the figures of a run as CSV: the cost of each call, and what each process measured."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from typing import Any

from callcost.benchmarks.site.measured import Measured, WorkloadRow
from callcost.model.interval import Interval
from callcost.model.layout import AS_BUILT

COSTS = (
    "workload", "mechanism", "interpreter", "kind", "marks", "rank",
    "net_ns", "net_low_ns", "net_high_ns", "gross_ns", "gross_low_ns", "gross_high_ns",
    "ratio_to_fastest_way", "ratio_low", "ratio_high", "processes", "preempted_epochs",
    "layouts", "layout_sd", "process_sd", "within_sd",
)  # fmt: skip
ROUNDS = ("workload", "mechanism", "interpreter")
# A spreadsheet reads a cell that begins like this as a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def costs(run: Measured) -> str:
    """Writes a line for each row, with all useful digits."""
    return _written(COSTS, (_cost(row, run.place_of(row)) for row in run.all_rows))


def rounds(run: Measured) -> str:
    """Writes a line for each row, with gross ns per call of each of its processes."""
    rows = list(run.all_rows)
    most = max((len(row.rounds_ns) for row in rows), default=0)
    heading = (*ROUNDS, *(f"process_{number}_ns" for number in range(1, most + 1)))
    return _written(heading, (_rounds(row, run.place_of(row)) for row in rows))


def _cost(row: WorkloadRow, place: str) -> list[Any]:
    return [
        row.workload, row.name, place, row.kind, row.marks, row.rank,
        *_ends(row.net_ns), *_ends(row.gross_ns), *(_ends(row.ratio) if row.ratio else [""] * 3),
        len(row.rounds_ns), row.estimate.preempted(row.number), *_luck(row),
    ]  # fmt: skip


def _luck(row: WorkloadRow) -> list[str]:
    """Returns in how many layouts a row was measured, and how far chance moves its cost."""
    deviations = astuple(row.estimate.luck(row.number))
    shares = ["" if math.isnan(share) else f"{share:.4g}" for share in deviations]
    return [str(len({*row.estimate.layouts} - {AS_BUILT}) or 1), *shares]


def _ends(known: Interval) -> list[str]:
    return ["" if end is None else f"{end:.9g}" for end in known.as_list()]


def _rounds(row: WorkloadRow, place: str) -> list[Any]:
    return [row.workload, row.name, place, *(f"{ns:.6g}" for ns in row.rounds_ns)]


def _written(heading: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows([_harmless(cell) for cell in line] for line in lines)
    return stream.getvalue()


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
