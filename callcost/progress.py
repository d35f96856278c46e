"""Says how far a measurement has come: a moving line on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from callcost.coordinator import Progress as State

# Seldom, as the line is drawn on the same machine that is being timed.
REFRESHES_PER_S = 4
PLAIN_LINES = 4


@contextmanager
def shown(stream: TextIO, title: str) -> Iterator[Callable[[State], None]]:
    """Yields the function that takes each new state and shows it on the stream."""
    if not stream.isatty():
        yield _plain(stream, title)
        return
    columns = (
        TextColumn("{task.fields[title]}"),
        BarColumn(bar_width=None),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(file=stream)
    with Progress(
        *columns, console=console, refresh_per_second=REFRESHES_PER_S, transient=True
    ) as bar:
        task = bar.add_task("", title=title)
        yield lambda state: bar.update(
            task, completed=state.done, total=state.total, description=state.what
        )


def _plain(stream: TextIO, title: str) -> Callable[[State], None]:
    said: set[int] = set()

    def report(state: State) -> None:
        quarter = state.done * PLAIN_LINES // max(1, state.total)
        if quarter not in said:
            said.add(quarter)
            print(f"{title}: {state.what}", file=stream, flush=True)

    return report
