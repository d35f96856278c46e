"""The command `callcost`: the instrument's own commands and those that a suite adds."""

from __future__ import annotations

import traceback
from importlib.metadata import EntryPoint, entry_points

import click

from callcost.console.front import FrontGroup
from callcost.errors import CallcostError

GROUP = "callcost.commands"
# Where each command is. A module is only loaded for its own command, or for the list of commands.
OWN = (
    EntryPoint("bisect", "callcost.bisect.command:bisect", GROUP),
    EntryPoint("calibrate", "callcost.commands.calibrate_command:calibrate", GROUP),
    EntryPoint("clean", "callcost.commands.clean_command:clean", GROUP),
    EntryPoint("comment", "callcost.compare.comment_command:comment", GROUP),
    EntryPoint("compare", "callcost.compare.command:compare", GROUP),
    EntryPoint("explain", "callcost.explain.command:explain", GROUP),
    EntryPoint("history", "callcost.history.commands:history", GROUP),
    EntryPoint("inspect", "callcost.inspect.command:inspect_library", GROUP),
    EntryPoint("time", "callcost.timing.command:time_expression", GROUP),
)


class Commands(FrontGroup):
    """The commands above, and those under the entry point `callcost.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands, sorted."""
        return sorted({entry.name for entry in (*OWN, *entry_points(group=GROUP))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command, if there is one of this name; raise CallcostError if it is broken."""
        if cmd_name not in self.commands:
            found = [entry for entry in OWN if entry.name == cmd_name]
            for entry in found or entry_points(group=GROUP, name=cmd_name):
                self.add_command(_load(entry), cmd_name)
        return super().get_command(ctx, cmd_name)


def _load(entry: EntryPoint) -> click.Command:
    try:
        command: click.Command = entry.load()
    except KeyboardInterrupt:
        raise
    # A broken package may raise anything. It must not end the process with 1, which means slower.
    except BaseException as error:
        traceback.print_exc()
        message = f"Cannot load callcost {entry.name}: {error!r}. Install callcost again."
        raise CallcostError(message) from error
    return command


@click.group(cls=Commands)
@click.version_option(package_name="callcost")
def main() -> None:
    """Measure what it costs to call C from Python, and how far to trust the figure."""
