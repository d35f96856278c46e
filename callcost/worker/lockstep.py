"""Times one epoch per command, so that processes of several environments take turns on one CPU.

worker.py times contenders that share a process; this file, which it loads by its path, times
contenders in separate ones. It prepares every contender of its job, reports that it is ready, and
then times one epoch of a row for each command.

A command is the 32-bit number of a row, on the pipe `commands_fd`. The answer is a 64-bit number
on `results_fd`: the ns of the epoch, negative if the thread was preempted, or FAILED if the call
failed; the reason is then on the line of answers.
"""

import os
import random
import struct

if __package__:
    # Where the job is done, worker.py loads this file and gives it itself.
    from callcost.worker import worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from callcost.worker.guard import Guard
    from callcost.worker.worker import Line

COMMAND = struct.Struct("=i")
RESULT = struct.Struct("=q")
FAILED = 0


class Ready:
    """One contender, checked and ready to be timed; raises ContenderError."""

    def __init__(self, described: "dict[str, Any]", settle_turns: int) -> None:
        contender = described["contender"]
        namespace = worker.prepare(contender)
        worker.check(contender, namespace)
        self._contender, self._namespace = contender, namespace
        self._loops = described["loops"]
        self._warm_loops = described["warm_loops"]
        self._unroll = described["unroll"]
        self._epoch = worker.compile_epoch(
            contender["call"], namespace, self._unroll, contender["raises"]
        )
        worker.settle(self._epoch, settle_turns)

    def estimate_ns(self) -> float:
        """Estimates roughly what a call costs, in ns."""
        return worker.estimate_turn_ns(self._epoch) / float(self._unroll)

    def check_again(self) -> None:
        """Checks the contender after it was timed; raises ContenderError."""
        worker.check_again(self._contender, self._namespace)

    def time_epoch(self) -> int:
        """Times one epoch in ns; negative if the thread was preempted during it."""
        return worker.time_epoch(self._epoch, self._loops, self._warm_loops)


def make_ready(job: "dict[str, Any]", line: "Line", watch: "Guard") -> "list[Ready | None]":
    """Checks and compiles every row; a row that fails is reported and left out."""
    rows: list[Ready | None] = []
    for number, described in enumerate(job["rows"]):
        line.begin(number, 0)
        try:
            row = Ready(described, job["settle_turns"])
            line.refuse_lost()
            worker.refuse_interference(watch)
            rows.append(row)
        except worker.ContenderError as error:
            report(number, error, line)
            rows.append(None)
    line.begin(worker.NOWHERE)
    return rows


def report(number: "int | None", error: Exception, line: "Line") -> None:
    """Tells the coordinator why a row has no time."""
    if isinstance(error, worker.ContenderError):
        kind, message = error.kind, str(error)
    else:
        kind, message = "call failed", f"it raised {worker.described(error)}"
    line.answer({"event": "error", "row": number, "kind": kind, "message": message})


def estimates_ns(rows: "list[Ready | None]", line: "Line", watch: "Guard") -> "list[float | None]":
    """Estimates roughly what a call of each row costs, in ns, and checks the row again."""
    costs: list[float | None] = []
    for number, row in enumerate(rows):
        cost_ns = None
        if row is not None:
            line.begin(number, 0)
            try:
                cost_ns = row.estimate_ns()
                row.check_again()
                worker.refuse_interference(watch)
            except Exception as error:
                report(number, error, line)
        costs.append(cost_ns)
    line.begin(worker.NOWHERE)
    return costs


def check_again(rows: "list[Ready | None]", line: "Line", watch: "Guard") -> None:
    """Checks every row after the last epoch, and reports those that have turned wrong.

    If shared state changed while the rows were timed, the row that changes it again in a further
    call is reported, otherwise no row by name.
    """
    changed = watch.changed()
    found = False
    for number, row in enumerate(rows):
        if row is not None:
            line.begin(number, 0)
            now = watch.again()
            try:
                row.check_again()
                worker.refuse_interference(now)
            except worker.ContenderError as error:
                found = True
                report(number, error, line)
    line.begin(worker.NOWHERE)
    if changed and not found:
        report(None, worker.InterferenceError(changed, "one of its contenders"), line)


def obey(
    job: "dict[str, Any]",
    rows: "list[Ready | None]",
    line: "Line",
    prepared: "Guard",
    from_anywhere: "Callable[[Callable[[], int]], int]",
) -> "Guard":
    """Times an epoch for each command, until the pipe of commands closes.

    Returns a guard that compares with the state at the first command: before it, the coordinator
    binds this process to a CPU.
    """
    watch = None
    written = os.fstat(1).st_size
    while command := os.read(job["commands_fd"], COMMAND.size):
        if watch is None:
            watch = prepared.again()
            glance = watch.glance()
        (number,) = COMMAND.unpack(command)
        row = rows[number]
        assert row is not None
        line.begin(number, 0)
        try:
            epoch_ns = from_anywhere(row.time_epoch)
            if os.fstat(1).st_size != written:
                raise worker.ContenderError("garbage", worker.WROTE_WHILE_TIMED)
            if watch.glance() != glance:
                worker.refuse_interference(watch)
        except Exception as error:
            report(number, error, line)
            epoch_ns = FAILED
        os.write(job["results_fd"], RESULT.pack(epoch_ns))
    return watch or prepared.again()


def main() -> None:
    """Runs the job that the command line names."""
    job, line = worker.begin_job()
    shuffler = random.Random(job["seed"])
    process = worker.guard.begin(row["contender"] for row in job["rows"])
    watch = worker.Guard(process, vars(worker))
    rows = make_ready(job, line, watch)
    costs = estimates_ns(rows, line, watch) if job["estimate"] else []
    places = worker.make_places(shuffler, job["stack_places"])
    line.answer({"event": "ready", "interpreter": worker.interpreter_facts(), "call_ns": costs})
    watch = obey(job, rows, line, watch, lambda time_epoch: shuffler.choice(places)(time_epoch))
    check_again(rows, line, watch)
    line.answer({"event": "done"})
