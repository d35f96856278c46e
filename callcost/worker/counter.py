"""Counts the instructions of contenders, in one fresh process under callgrind.

Each call of MARKER makes callgrind dump the instructions since the previous one. Between two
contenders, the process reads from the dumps what its epochs have cost. Only CPython can be
counted, from 3.9 on.

worker.py loads this file by its path. The job is a JSON object:

- `limit_s`, `position_file`, `contenders`;
- `layout`: a number that determines where objects are placed in memory;
- `counts`: false to only check the contenders, without callgrind;
- `vgdb`: the program that switches counting on and off; if empty, nothing does;
- `slow`: for each contender, whether its set-up would take too long while callgrind counts;
- `profiles`: true to keep the dumps.

The answers are JSON lines like worker.py's: `ready`, then for each contender, in order, `checked`,
`count` or `error`, then `done`.
"""

import os
import random
import sys
from functools import cache, partial
from itertools import repeat
from types import FunctionType

if __package__:
    # Where the job is done, worker.py loads this file and gives it itself.
    from callcost.worker import worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any, NamedTuple

    from callcost.worker.guard import Process

    # The instructions of each epoch of N calls and of 2N calls, and the names of their dumps.
    Counted = tuple[list[list[int]], list[list[str]]]

    class Shape(NamedTuple):
        """The calls in a turn of the loop, the turns of the epochs, and the pairs of epochs."""

        unroll: int
        turns: int
        warm_turns: int
        pairs: int

else:
    from collections import namedtuple

    Shape = namedtuple("Shape", "unroll turns warm_turns pairs")

# A libc function that does next to nothing and that nothing else calls.
MARKER = "getppid"
mark = os.getppid
# The dump at the marker's n-th call is called this, a dot, and n.
DUMP_NAME = "counts"
# The names of the pipes between vgdb and valgrind begin with this.
SWITCH_NAME = "vgdb"
TAIL_BYTES = 200
SHIFT_BLOCKS = 500
SHIFT_BYTES = range(1, 1_000)
WARM_RUNS = 4
# The interpreter retries specialising an instruction that it cannot specialise: when it has run
# 16 times, 48, 112, 240, 496, 1008, 2032. All counted turns lie between the last two.
SHAPES = (
    (4_000, Shape(8, 64, 1_100, 3)),
    (20_000, Shape(1, 64, 1_100, 3)),
    (1_000_000, Shape(1, 10, 20, 3)),
)
LONG_CALLS = Shape(1, 1, 0, 2)
CHECK_SHAPE = Shape(1, 1, 0, 1)
EMPTY = {"call": worker.EMPTY_CALL, "raises": None}


def no_clock() -> int:
    """Replaces the clock: the cost of handling a number of ns depends on its digits.

    A Python function, because the interpreter would retry specialising the call of a builtin one.
    """
    return 0


def shift_memory(layout: int) -> "list[bytes]":
    """Allocates blocks of memory, which moves all later ones; returns the blocks, to be kept.

    The interpreter's caches look up interned names and types by address, so two that a call
    needs may share a slot by chance.
    """
    chance = random.Random(layout)
    return [bytes(chance.choice(SHIFT_BYTES)) for _ in range(SHIFT_BLOCKS * layout)]


class Switch:
    """Makes callgrind count, or not: everything runs several times as fast while it does not.

    Switching takes tenths of a second, since valgrind then translates all code anew. Asking for
    what is already so takes a moment, and leaves the same traces in the memory of the process.
    """

    def __init__(self, vgdb: str, prefix: str) -> None:
        to_this = [f"--pid={os.getpid()}", f"--vgdb-prefix={prefix}", "instrumentation"]
        self._command = [vgdb, *to_this] if vgdb else []

    def turn(self, word: str) -> None:
        """Switches counting `on` or `off`."""
        if not self._command:
            return
        silence = (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)
        command = [*self._command, word]
        pid = os.posix_spawn(command[0], command, {}, file_actions=[silence])
        # Polls: valgrind only reads commands while this process executes instructions.
        ended, status = 0, 0
        while not ended:
            ended, status = os.waitpid(pid, os.WNOHANG)
        if status:
            raise worker.ContenderError(
                "no callgrind",
                f"{' '.join(command)} ended with exit code {os.waitstatus_to_exitcode(status)}",
            )


class Dumps:
    """The files that callgrind writes at each call of the marker, read and removed in order.

    `keep` leaves the files there; `kept` then has the names of those read last.
    """

    def __init__(self, file: str, keep: bool = False) -> None:
        self._file = file
        self._number = 1
        self._keep = keep
        self.kept: list[str] = []

    def skip(self) -> None:
        """Removes the dumps that exist: something else has called the marker."""
        while os.path.exists(self._name()):
            os.unlink(self._name())
            self._number += 1

    def read(self, count: int) -> "list[int]":
        """Returns the instructions of the last `count` dumps; raises ContenderError."""
        totals = []
        self.kept = []
        while os.path.exists(self._name()):
            totals.append(read_total(self._name()))
            if self._keep:
                self.kept.append(os.path.basename(self._name()))
            else:
                os.unlink(self._name())
            self._number += 1
        if len(totals) != count:
            raise worker.ContenderError(
                "garbage",
                f"callgrind wrote {len(totals)} dumps instead of {count}: "
                f"it calls {MARKER}, which marks where counting begins and ends",
            )
        return totals

    def _name(self) -> str:
        return f"{self._file}.{self._number}"


def read_total(file: str) -> int:
    """Returns the total of one of callgrind's dumps, in instructions."""
    with open(file, "rb") as dump:
        dump.seek(0, os.SEEK_END)
        dump.seek(max(0, dump.tell() - TAIL_BYTES))
        tail = dump.read().decode()
    return int(tail.rpartition("totals:")[2])


def warm_up(epoch: "worker.Epoch", turns: int) -> None:
    """Runs an epoch until the interpreter has specialised it and allocators are steady."""
    run, values = epoch
    for number in [1] * WARM_RUNS + [turns]:
        run(repeat(None, number), no_clock, *values)


@cache
def windows_code(pairs: int) -> "CodeType":
    """Compiles the code of a function that runs epochs of N and of 2N calls, and marks each."""
    names = [name for pair in range(pairs) for name in (f"short_{pair}", f"long_{pair}")]
    runs = "; ".join(f"{name}(); mark()" for name in names)
    source = f"def windows(mark, {', '.join(names)}):\n    mark(); {runs}\n"
    namespace: dict[str, Any] = {}
    exec(compile(source, "<windows>", "exec"), namespace)
    code: CodeType = namespace["windows"].__code__
    return code


def make_counting(
    contender: "dict[str, Any]", namespace: "dict[str, Any]", shape: "Shape"
) -> "Callable[[Dumps], Counted]":
    """Compiles an epoch; returns the function that counts its runs of N calls and of 2N calls."""
    epoch = worker.compile_epoch(contender["call"], namespace, shape.unroll, contender["raises"])
    run, values = epoch
    # Each run has its own place in new code, which executes only once. The interpreter therefore
    # specialises nothing there, and starting an epoch always costs the same.
    windows = FunctionType(windows_code(shape.pairs).replace(), {})
    turns = [shape.turns, 2 * shape.turns] * shape.pairs
    # Through a C function: the interpreter's loop is then entered while callgrind counts. A call
    # from Python to Python stays in the same C call of the loop.
    runs = [partial(run, repeat(None, number), no_clock, *values) for number in turns]

    def count(dumps: Dumps) -> "Counted":
        warm_up(epoch, shape.warm_turns)
        dumps.skip()
        windows(mark, *runs)
        costs = dumps.read(len(turns) + 1)[1:]
        kept = dumps.kept[1:]
        return [costs[0::2], costs[1::2]], [kept[0::2], kept[1::2]]

    return count


def choose_shape(epochs: "list[list[int]]") -> "Shape":
    """Chooses how many calls to count: fewer of expensive ones, so that they end in time."""
    call = min(epochs[1]) - min(epochs[0])
    return next((shape for limit, shape in SHAPES if call < limit), LONG_CALLS)


def count_contender(
    contender: "dict[str, Any]",
    empty: "dict[Shape, Counted]",
    dumps: "Dumps | None",
    switch: Switch,
) -> "dict[str, Any]":
    """Checks one contender; if there are dumps, also counts it and checks it again.

    Raises ContenderError.
    """
    if contender["program"]:
        raise worker.ContenderError("setup failed", "it is a program; only calls are counted")
    began_ns = worker.CLOCK()
    namespace = worker.prepare(contender)
    worker.check(contender, namespace)
    if dumps is None:
        return {"event": "checked", "seconds": (worker.CLOCK() - began_ns) / 1e9}
    written = worker.output_size()
    switch.turn("on")
    with worker.refusing("call failed", "it"):
        shape = choose_shape(make_counting(contender, namespace, CHECK_SHAPE)(dumps)[0])
        epochs, profiles = make_counting(contender, namespace, shape)(dumps)
    if worker.output_size() != written:
        raise worker.ContenderError("garbage", "it wrote to standard output while it was counted")
    worker.check_again(contender, namespace)
    empty_epochs, empty_profiles = empty[shape]
    return {
        "event": "count",
        "calls": shape.unroll * shape.turns,
        "epochs": epochs,
        "empty": empty_epochs,
        "profiles": profiles,
        "empty_profiles": empty_profiles,
    }


def count_all(job: "dict[str, Any]", line: "worker.Line", process: "Process") -> None:
    """Answers for each contender of the job, in order."""
    empty: dict[Shape, Counted] = {}
    dumps = None
    folder = os.path.dirname(sys.argv[1])
    switch = Switch(job["vgdb"], os.path.join(folder, SWITCH_NAME))
    watch = worker.Guard(process, vars(worker))
    if job["counts"]:
        dumps = Dumps(os.path.join(folder, DUMP_NAME), job["profiles"])
        # First, so that these counts cannot depend on the contenders. callgrind rests while they
        # are compiled: its next dump would be long.
        shapes = [*(shape for _, shape in SHAPES), LONG_CALLS]
        countings = [make_counting(EMPTY, {}, shape) for shape in shapes]
        switch.turn("on")
        empty = {shape: count(dumps) for shape, count in zip(shapes, countings)}  # noqa: B905
    for index, contender in enumerate(job["contenders"]):
        line.enter(index)
        try:
            switch.turn("off" if job["slow"][index] else "on")
            event = count_contender(contender, empty, dumps, switch)
            worker.refuse_interference(watch)
        except worker.ContenderError as error:
            event = {"event": "error", "kind": error.kind, "message": str(error)}
        line.answer(event)
        if watch.changed():
            # The other contenders need a process with unchanged state.
            return


def main() -> None:
    """Runs the job that the command line names."""
    # No signs of life: they allocate memory, at times that depend on the clock.
    worker.HEARTBEAT_NS = sys.maxsize
    job, line = worker.begin_job()
    line.answer({"event": "ready", "interpreter": worker.interpreter_facts()})
    process = worker.guard.begin(job["contenders"])
    kept = shift_memory(job["layout"])
    line.begin(0)
    count_all(job, line, process)
    del kept
    line.begin(worker.NOWHERE)
    line.answer({"event": "done"})
