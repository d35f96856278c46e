"""The command `callcost calibrate`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from callcost.console.front import MEASURE, Front
from callcost.console.options import json_option
from callcost.console.outputs import refuse_unwritable, save_json

if TYPE_CHECKING:
    from callcost.commands.calibrate import Calibration
    from callcost.console.tables import PlainTable


@click.command(
    cls=Front,
    section=MEASURE,
    short_help="Measure known costs to check the instrument",
    examples=(
        "callcost calibrate",
        "callcost calibrate --processes 64",
        "callcost calibrate --json calibration.json",
    ),
)
@json_option("Also write the figures to this file.")
@click.option("--processes", type=click.IntRange(min=10), help="Worker processes. Default: 32.")
def calibrate(json_file: Path | None, processes: int | None) -> None:
    """Measure known costs: shows how far the figures hold on this machine, just now."""
    # Imported late: they are slow to import, and the command's help needs none of them.
    from callcost.commands import calibrate as calibration
    from callcost.console import progress
    from callcost.model.plan import Settings

    refuse_unwritable(json_file, "--json")
    settings = Settings(row_s=calibration.ROW_S).changed(processes=processes)
    with progress.shown(sys.stderr, "callcost calibrate") as report:
        found = calibration.calibrate(settings, report)
    _print_calibration(found)
    save_json(json_file, found.as_json())


def _print_calibration(found: Calibration) -> None:
    from rich.console import Console

    from callcost.commands.calibrate import PAIR_CALLS, disturbances
    from callcost.estimate.delays import FIT_FROM_NS

    console = Console(highlight=False)
    slope, intercept_ns = found.delays.slope, found.delays.intercept_ns
    console.print(_delay_table(found))
    lines = [
        f"Slope: {slope.value:.4f} ({slope.low:.4f} .. {slope.high:.4f}), "
        f"fitted from {FIT_FROM_NS} ns on; 1 is right.",
        f"Intercept: {intercept_ns.value:.2f} ns. Below 0, it is the part of a delay that the "
        "processor hides: it runs the delay beside the interpreter's own work. A shorter delay is "
        "partly or wholly hidden.",
        f"An empty call costs {abs(found.empty_call_ns.value):.3f} ns net; 0 is right.",
        f"A/A: 95% of {len(PAIR_CALLS)} pairs of the same code differed by less than "
        f"{found.aa_p95:.2%}, all by less than {found.aa_max:.2%}.",
        f"Timer: its steps are {found.timer_resolution_ns:.0f} ns, and reading it takes "
        f"{found.timer_call_ns:.0f} ns.",
        *disturbances(found),
        f"A difference of {found.trusted_share:.1%} or more between two versions of the same call "
        "can be trusted on this machine now; a smaller one cannot. Ratios of unlike calls move "
        "more from run to run (docs/measuring.md, Repeatability).",
    ]
    for line in lines:
        console.print(line, markup=False)


def _delay_table(found: Calibration) -> PlainTable:
    from callcost.console.tables import PlainTable

    table = PlainTable(
        *(">timed in C", ">measured", ">95% interval", ">hidden", ">in the fit"),
        title="A delay injected in C, and what it adds to the measured call (ns)",
    )
    for point in found.delays.points:
        table.add(
            f"{point.injected_ns:.1f}",
            f"{point.measured.value:.1f}",
            f"({point.measured.low:.1f} .. {point.measured.high:.1f})",
            f"{point.injected_ns - point.measured.value:.1f}",
            "yes" if point.fitted else "",
        )
    return table
