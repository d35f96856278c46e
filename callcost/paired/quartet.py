"""Times rows in four processes, two of each side, that take turns on one CPU."""

from __future__ import annotations

import os
import random
import select
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from callcost.errors import CallcostError
from callcost.model.plan import Plan
from callcost.paired.rows import QUARTET, Cell, PairedRow, RowFailure, Side, Times
from callcost.run.coordinator import HASH_SEEDS
from callcost.run.planning import SETTLE_TURNS
from callcost.run.process import WorkerError, WorkerProcess, bound
from callcost.worker import lockstep


class RowFailedError(Exception):
    """A row that cannot be measured: leave it out, and measure the others again."""

    def __init__(self, failure: RowFailure) -> None:
        super().__init__(str(failure))
        self.failure = failure


class SideFailedError(CallcostError):
    """A side whose interpreter does not start, or cannot measure anything."""


@dataclass(frozen=True)
class Conditions:
    """What all quartets have in common.

    `stack_places` is how many places on its stacks a process uses; one that says nothing for
    `silence_s` counts as hung.
    """

    shuffler: random.Random
    cpu: int | None
    stack_places: int
    silence_s: float


class LockstepProcess(WorkerProcess):
    """Runs lockstep.py on one job."""

    script = Path(lockstep.__file__)


class Timer:
    """One process that times an epoch on command; a context manager."""

    def __init__(
        self,
        side: Side,
        rows: Sequence[tuple[PairedRow, Plan]],
        conditions: Conditions,
        layout: int = 0,
        *,
        estimate: bool = False,
    ) -> None:
        self.side = side
        self._rows = [row for row, _ in rows]
        self._conditions = conditions
        moved = side.layouts[layout - 1] if layout else None
        contenders = [row.on(side.name) for row in self._rows]
        if moved is not None:
            contenders = list(map(moved.contender, contenders))
        commands_fd, self._to_fd = os.pipe()
        self._from_fd, results_fd = os.pipe()
        job = {
            "seed": conditions.shuffler.getrandbits(32),
            "rows": [
                {**asdict(plan), "contender": asdict(contender)}
                for (_, plan), contender in zip(rows, contenders, strict=True)
            ],
            "stack_places": conditions.stack_places,
            "settle_turns": SETTLE_TURNS if side.compiles_loops else 0,
            "estimate": estimate,
            "commands_fd": commands_fd,
            "results_fd": results_fd,
        }
        try:
            self._process = LockstepProcess(
                side.python if moved is None else moved.python,
                job,
                conditions.shuffler.randrange(HASH_SEEDS),
                conditions.silence_s,
                pass_fds=(commands_fd, results_fd),
            )
        except WorkerError as error:
            self._close_pipes()
            raise self._side_failed(error) from error
        finally:
            os.close(commands_fd)
            os.close(results_fd)
        self._events = self._process.events()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close_pipes()
        self._process.close()

    def _close_pipes(self) -> None:
        if self._to_fd >= 0:
            os.close(self._to_fd)
        os.close(self._from_fd)

    def wait_until_ready(self) -> list[float]:
        """Waits until every row is checked, then pins; returns the estimates in ns, if asked for.

        Raises RowFailedError, or SideFailedError if no row is at fault.
        """
        for event in self._answers():
            match event:
                case {"event": "ready", "call_ns": list(call_ns)}:
                    self._process.pin(self._conditions.cpu)
                    return call_ns
        raise self._side_failed("it ended too early")

    def _answers(self) -> Iterator[dict[str, Any]]:
        """Yields what the process says; raises RowFailedError or SideFailedError for an error."""
        try:
            for event in self._events:
                if event["event"] == "error":
                    raise self._failed(event)
                yield event
        except WorkerError as error:
            raise self._died(error) from error

    def time_epoch(self, number: int) -> int:
        """Times one epoch of a row, in ns, negative if preempted; raises RowFailedError."""
        start_ns = time.perf_counter_ns()
        try:
            os.write(self._to_fd, lockstep.COMMAND.pack(number))
        except BrokenPipeError:
            self._explain(number)
        silence_s = self._conditions.silence_s
        if not select.select([self._from_fd], [], [], silence_s)[0]:
            message = f"it did not return within {silence_s:.0f} s"
            raise RowFailedError(self._failure(number, "hang", message))
        answer = os.read(self._from_fd, lockstep.RESULT.size)
        if len(answer) < lockstep.RESULT.size:
            self._explain(number)
        epoch_ns = int(lockstep.RESULT.unpack(answer)[0])
        if epoch_ns == lockstep.FAILED:
            self._explain(number)
        if abs(epoch_ns) > time.perf_counter_ns() - start_ns:
            raise RowFailedError(
                self._failure(number, "garbage", f"its worker answered {epoch_ns} ns")
            )
        return epoch_ns

    def finish(self) -> None:
        """Ends the timing and checks every row again; raises RowFailedError."""
        os.close(self._to_fd)
        self._to_fd = -1
        for _ in self._answers():
            pass

    def _explain(self, number: int) -> None:
        """Raises RowFailedError with the process's own error, or because it ended."""
        try:
            for event in self._events:
                if event["event"] == "error":
                    raise self._failed(event)
        except WorkerError as error:
            raise RowFailedError(self._failure(number, error.kind, str(error))) from error
        raise RowFailedError(self._failure(number, "crash", "its worker ended"))

    def _failed(self, event: dict[str, Any]) -> Exception:
        if event["row"] is None:
            return self._side_failed(event["message"])
        return RowFailedError(self._failure(event["row"], event["kind"], event["message"]))

    def _died(self, error: WorkerError) -> Exception:
        """Blames the row that the process was in, if any."""
        if error.group is None or not 0 <= error.group < len(self._rows):
            return self._side_failed(error)
        return RowFailedError(self._failure(error.group, error.kind, str(error)))

    def _side_failed(self, message: object) -> SideFailedError:
        return SideFailedError(f"{self.side.name} ({self.side.source}): {message}")

    def _failure(self, number: int, kind: str, message: str) -> RowFailure:
        return RowFailure(self._rows[number].cell, self.side.name, kind, message)


def schedule(plans: Sequence[Plan], shuffler: random.Random) -> list[int]:
    """Spreads each row's passes evenly over a quartet, in random order."""
    turns = [
        ((turn + shuffler.random()) / plan.passes, number)
        for number, plan in enumerate(plans)
        for turn in range(plan.passes)
    ]
    return [number for _, number in sorted(turns)]


def time_quartet(
    sides: dict[str, Side],
    rows: Sequence[tuple[PairedRow, Plan]],
    conditions: Conditions,
    layout: int = 0,
) -> dict[Cell, Times]:
    """Times every row in two processes of each side; (4, passes) ns for each.

    All four have the same layout. Raises RowFailedError or SideFailedError.
    """
    with ExitStack() as stack:
        # All start at the same time: starting takes longest, and is not measured.
        timers = [
            stack.enter_context(Timer(sides[name], rows, conditions, layout)) for name in QUARTET
        ]
        for timer in timers:
            timer.wait_until_ready()
        # Waking a process on another CPU takes longer than switching to it on the same.
        stack.enter_context(bound(conditions.cpu))
        found = _take_turns(timers, rows, conditions.shuffler)
        for timer in timers:
            timer.finish()
        return found


def _take_turns(
    timers: Sequence[Timer], rows: Sequence[tuple[PairedRow, Plan]], shuffler: random.Random
) -> dict[Cell, Times]:
    times: list[list[list[int]]] = [[[] for _ in timers] for _ in rows]
    order = list(range(len(timers)))
    for number in schedule([plan for _, plan in rows], shuffler):
        shuffler.shuffle(order)
        for position in order:
            times[number][position].append(timers[position].time_epoch(number))
    return {
        row.cell: np.array(epochs, dtype=np.int64)
        for (row, _), epochs in zip(rows, times, strict=True)
    }
