"""Shows how far a measurement has come: a moving line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from callcost.model.run import Progress as State

NUMBERS = re.compile(r"\d+")
# Rarely, as the machine that draws the line is also being timed.
REFRESHES_PER_S = 4
PLAIN_LINES = 4
# A log that is silent for longer looks like a program that hangs.
SILENCE_S = 7.0
POLL_S = 1.0


@contextmanager
def shown(
    stream: TextIO, title: str, *, every_step: bool = False
) -> Iterator[Callable[[State], None]]:
    """Yields the function that takes each new state and shows it on the stream.

    Off a terminal it writes a line for each quarter of the way, and at least one every 10 s. With
    `every_step` it also writes one for each new step; texts that only differ in numbers are one
    step.
    """
    if not stream.isatty():
        with _Plain(stream, title, every_step) as plain:
            yield plain.report
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


class _Plain:
    """Writes lines; a thread of its own does so if nothing is reported for a while."""

    def __init__(self, stream: TextIO, title: str, every_step: bool) -> None:
        self._stream = stream
        self._title = title
        self._every_step = every_step
        self._said: set[object] = set()
        self._state: State | None = None
        self._since_s = self._last_s = time.monotonic()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep_talking, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def report(self, state: State) -> None:
        """Takes a new state, and writes it if it is new or the last line was long ago."""
        with self._lock:
            now_s = time.monotonic()
            if self._state is None or self._state.what != state.what:
                self._since_s = now_s
            self._state = state
            news = self._news(state) - self._said
            self._said |= news
            if news or now_s - self._last_s >= SILENCE_S:
                self._write(state.what, now_s)

    def _news(self, state: State) -> set[object]:
        news: set[object] = {state.done * PLAIN_LINES // max(1, state.total)}
        return news | {NUMBERS.sub("#", state.what)} if self._every_step else news

    def _keep_talking(self) -> None:
        while not self._over.wait(POLL_S):
            with self._lock:
                now_s = time.monotonic()
                if self._state is not None and now_s - self._last_s >= SILENCE_S:
                    self._write(f"{self._state.what} ({now_s - self._since_s:.0f} s so far)", now_s)

    def _write(self, what: str, now_s: float) -> None:
        self._last_s = now_s
        # A log without a reader must not end the measurement.
        with suppress(OSError, ValueError):
            print(f"{self._title}: {what}", file=self._stream, flush=True)
