"""The command `callcost`: the instrument's own commands, and those that a suite adds to it."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich import box
from rich.console import Console
from rich.table import Table

from callcost.commands.clean import clean
from callcost.compare.command import compare
from callcost.console.front import FrontGroup
from callcost.console.outputs import refuse_unwritable, save_json
from callcost.explain.command import explain
from callcost.history.commands import history
from callcost.inspect.command import inspect_library
from callcost.timing.command import time_expression

if TYPE_CHECKING:
    from callcost.commands import calibrate as calibration

COMMANDS = "callcost.commands"


class SuiteCommands(FrontGroup):
    """A group that also has every command registered under the entry point `callcost.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names all commands, sorted."""
        return sorted({*super().list_commands(ctx), *entry_points(group=COMMANDS).names})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Finds a command here, or else loads it from the suite that registered it."""
        found = super().get_command(ctx, cmd_name)
        if found is None:
            for added in entry_points(group=COMMANDS, name=cmd_name):
                found = added.load()
                self.add_command(found, cmd_name)
        return found


@click.group(cls=SuiteCommands)
@click.version_option(package_name="callcost")
def main() -> None:
    """Measure what it costs to call C from Python, and how far to trust the figure."""


main.add_command(clean)
main.add_command(compare)
main.add_command(explain)
main.add_command(history)
main.add_command(inspect_library)
main.add_command(time_expression)


@main.command()
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the figures to this file too.",
)
@click.option("--processes", type=click.IntRange(min=10), help="Worker processes. Default: 30.")
def calibrate(json_file: Path | None, processes: int | None) -> None:
    """Weigh known weights: tells how far the figures hold on this machine, just now."""
    # Imported late, as they are slow to import and other commands do without.
    from callcost.commands import calibrate as calibration
    from callcost.console import progress
    from callcost.model.plan import Settings

    refuse_unwritable(json_file, "--json")
    settings = Settings(row_s=calibration.ROW_S).changed(processes=processes)
    with progress.shown(sys.stderr, "callcost calibrate") as report:
        found = calibration.calibrate(settings, report)
    _print_calibration(found)
    save_json(json_file, found.as_json())


def _print_calibration(found: calibration.Calibration) -> None:
    from callcost.commands.calibrate import PAIR_CALLS, disturbances
    from callcost.estimate.delays import FIT_FROM_NS

    console = Console(highlight=False)
    slope, intercept_ns = found.delays.slope, found.delays.intercept_ns
    console.print(_delay_table(found))
    lines = [
        f"Slope: {slope.value:.4f} ({slope.low:.4f} .. {slope.high:.4f}), "
        f"fitted from {FIT_FROM_NS} ns on; 1 is right.",
        f"Intercept: {intercept_ns.value:.2f} ns. Below 0, it is the part of a delay that "
        "the processor hides, as it runs it beside the interpreter's own work; a delay shorter "
        "than that is hidden in part or whole.",
        f"An empty call costs {abs(found.empty_call_ns.value):.3f} ns net; 0 is right.",
        f"A/A: of {len(PAIR_CALLS)} pairs of the same code, 95% differed by less than "
        f"{found.aa_p95:.2%}, all by less than {found.aa_max:.2%}.",
        f"Timer: it moves in steps of {found.timer_resolution_ns:.0f} ns, and reading it takes "
        f"{found.timer_call_ns:.0f} ns.",
        *disturbances(found),
        f"On this machine, just now, a difference of {found.trusted_share:.1%} or more between "
        "two versions of the same call can be trusted; a smaller one cannot. Ratios of unlike "
        "calls move by more from run to run (docs/measuring.md, Repeatability).",
    ]
    for line in lines:
        console.print(line, markup=False)


def _delay_table(found: calibration.Calibration) -> Table:
    table = Table(
        title="A delay injected in C, and what it adds to the measured call (ns)",
        title_justify="left",
        box=box.SIMPLE,
    )
    for heading in ("timed in C", "measured", "95% interval", "hidden", "in the fit"):
        table.add_column(heading, justify="right")
    for point in found.delays.points:
        table.add_row(
            f"{point.injected_ns:.1f}",
            f"{point.measured.value:.1f}",
            f"({point.measured.low:.1f} .. {point.measured.high:.1f})",
            f"{point.injected_ns - point.measured.value:.1f}",
            "yes" if point.fitted else "",
        )
    return table
