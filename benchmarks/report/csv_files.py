"""The figures of a run as CSV: what each call costs, and what each process has measured."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from callcost.benchmarks.report.measured import Measured, Row
from callcost.estimate import Interval

COSTS = (
    "workload", "mechanism", "interpreter", "kind", "marks", "rank",
    "net_ns", "net_low_ns", "net_high_ns", "gross_ns", "gross_low_ns", "gross_high_ns",
    "ratio_to_fastest_way", "ratio_low", "ratio_high", "processes", "preempted_epochs",
)  # fmt: skip
ROUNDS = ("workload", "mechanism", "interpreter", "process", "gross_ns")
UNKNOWN = Interval(float("nan"), float("nan"), float("nan"))
# A spreadsheet takes a cell that begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def costs(run: Measured) -> str:
    """Writes a line for each row, with the figures in full."""
    return _written(COSTS, map(_cost, run.rows))


def rounds(run: Measured) -> str:
    """Writes a line for each row and process: gross ns per call, the empty loop included."""
    return _written(ROUNDS, (line for row in run.rows for line in _rounds(row)))


def _cost(row: Row) -> list[Any]:
    return [
        row.workload, row.mechanism, row.place, row.kind, row.marks, row.rank,
        *row.net_ns.as_list(), *row.gross_ns.as_list(), *(row.ratio or UNKNOWN).as_list(),
        len(row.rounds_ns), row.preempted,
    ]  # fmt: skip


def _rounds(row: Row) -> Iterator[list[Any]]:
    for number, cost_ns in enumerate(row.rounds_ns, 1):
        yield [row.workload, row.mechanism, row.place, number, f"{cost_ns:.7g}"]


def _written(heading: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows([_harmless(cell) for cell in line] for line in lines)
    return stream.getvalue()


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
