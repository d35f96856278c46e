"""Times one epoch after the other on command, in step with processes that do the same elsewhere.

What `worker.py` is to contenders within one process, this is to those of several: it makes every
contender of its job ready, says so, and then times one epoch of a row for each command, so that
whoever gives the commands can have processes of two environments take turns on one CPU.

It runs in any interpreter that `worker.py` runs in, next to that file, from which it takes all
that concerns a single contender. A command is a 32-bit number, that of a row, on the pipe
`commands_fd`; the answer is a 64-bit one on `results_fd`, the ns of an epoch, negative if the
thread was preempted, and FAILED if the call has failed, for which the line of answers has the
reason.
"""

import sys

if __name__ == "__main__" and sys.path[:1] == [__file__.rpartition("/")[0]]:
    # The folder of this file: its modules must not take the place of the standard library's.
    del sys.path[0]

import gc
import importlib.util
import json
import os
import random
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from callcost.worker import worker
    from callcost.worker.guard import Guard
    from callcost.worker.worker import Line
else:
    # By its file: in the interpreter under test callcost may be missing, or another one.
    spec = importlib.util.spec_from_file_location(
        "callcost_worker", f"{__file__.rpartition('/')[0]}/worker.py"
    )
    worker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(worker)

COMMAND = struct.Struct("=i")
RESULT = struct.Struct("=q")
FAILED = 0


class Row:
    """One contender that was checked, and is ready to be timed; raises ContenderError."""

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
        """Estimates roughly what a call costs."""
        return worker.estimate_turn_ns(self._epoch) / float(self._unroll)

    def check_again(self) -> None:
        """Checks the contender after it was timed; raises ContenderError."""
        worker.check_again(self._contender, self._namespace)

    def time_epoch(self) -> int:
        """Times one epoch in ns; negative if the thread was preempted meanwhile."""
        return worker.time_epoch(self._epoch, self._loops, self._warm_loops)


def make_ready(job: "dict[str, Any]", line: "Line", watch: "Guard") -> "list[Row | None]":
    """Checks and compiles every row; those that fail are reported, and left out."""
    rows: list[Row | None] = []
    for number, described in enumerate(job["rows"]):
        line.begin(number)
        line.enter(0)
        try:
            row = Row(described, job["settle_turns"])
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


def estimates_ns(rows: "list[Row | None]", line: "Line", watch: "Guard") -> "list[float | None]":
    """Estimates roughly what a call of each row costs, in ns, and checks it again."""
    costs: list[float | None] = []
    for number, row in enumerate(rows):
        cost_ns = None
        if row is not None:
            line.begin(number)
            line.enter(0)
            try:
                cost_ns = row.estimate_ns()
                row.check_again()
                worker.refuse_interference(watch)
            except Exception as error:
                report(number, error, line)
        costs.append(cost_ns)
    line.begin(worker.NOWHERE)
    return costs


def check_again(rows: "list[Row | None]", line: "Line", watch: "Guard") -> None:
    """Checks every row after the last epoch, and reports those that have turned wrong.

    What was changed meanwhile is nobody's, unless a further call of a row changes it again.
    """
    changed = watch.changed()
    found = False
    for number, row in enumerate(rows):
        if row is not None:
            line.begin(number)
            line.enter(0)
            now = worker.Guard(vars(worker))
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
    rows: "list[Row | None]",
    line: "Line",
    from_anywhere: "Callable[[Callable[[], int]], int]",
) -> "Guard":
    """Times an epoch for every command, until the pipe that they come through closes.

    Returns what watches this process since the first of them, as it is bound to a CPU before.
    """
    watch = None
    written = os.fstat(1).st_size
    while command := os.read(job["commands_fd"], COMMAND.size):
        if watch is None:
            watch = worker.Guard(vars(worker))
            glance = worker.guard.glance()
        (number,) = COMMAND.unpack(command)
        row = rows[number]
        assert row is not None
        line.begin(number)
        line.enter(0)
        try:
            epoch_ns = from_anywhere(row.time_epoch)
            if os.fstat(1).st_size != written:
                raise worker.ContenderError(
                    "garbage", "it wrote to standard output while it was timed"
                )
            if worker.guard.glance() != glance:
                worker.refuse_interference(watch)
        except Exception as error:
            report(number, error, line)
            epoch_ns = FAILED
        os.write(job["results_fd"], RESULT.pack(epoch_ns))
    return watch or worker.Guard(vars(worker))


def main() -> None:
    """Runs the one job that the command line names."""
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    worker.die_with_coordinator()
    line = worker.Line(worker.take_over_output(), job["position_file"], job["limit_s"])
    sys.meta_path.append(worker.ModuleFinder(job["modules"]))
    shuffler = random.Random(job["seed"])
    if hasattr(sys, "getrefcount"):
        # Without reference counts it is the collector that destroys what the calls make.
        gc.disable()
    worker.guard.begin(row["contender"] for row in job["rows"])
    watch = worker.Guard(vars(worker))
    rows = make_ready(job, line, watch)
    costs = estimates_ns(rows, line, watch) if job["estimate"] else []
    layouts = worker.make_layouts(shuffler, job["layouts"])
    line.answer({"event": "ready", "interpreter": worker.interpreter_facts(), "call_ns": costs})
    watch = obey(job, rows, line, lambda time_epoch: shuffler.choice(layouts)(time_epoch))
    check_again(rows, line, watch)
    line.answer({"event": "done"})


if __name__ == "__main__":
    main()
