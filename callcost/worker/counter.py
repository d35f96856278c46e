"""Counts the instructions of contenders, in one fresh process that runs under callgrind.

Each call of MARKER makes callgrind write down what was executed since the one before, so that
the process can read, between two contenders, what its own epochs have cost. Any CPython from
3.9 on can run this file, with the standard library and worker.py beside it.

Reads one job, a JSON object, from the file named on its command line: `modules`, `limit_s`,
`position_file`, `contenders`, `layout` (a number that decides where things come to lie in
memory), `counts`, which is false where contenders are only to be checked, as no callgrind is
there, `vgdb`, the program that can tell callgrind to begin and to end (empty: it always counts),
and `profiles`, which is true where the dumps are to be kept. Answers with JSON lines as worker.py
does: `ready`, then for each contender, in order, `checked` or `count` or `error`, then `done`.
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
from functools import partial
from itertools import repeat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NamedTuple

    from callcost.worker import worker

    class Shape(NamedTuple):
        """How many calls a turn of the loop has, and how many turns the epochs make."""

        unroll: int
        turns: int
        warm_turns: int
        pairs: int

else:
    from collections import namedtuple

    def _load_worker():
        path = __file__.rpartition("/")[0] + "/worker.py"
        spec = importlib.util.spec_from_file_location("callcost_worker", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    worker = _load_worker()
    Shape = namedtuple("Shape", "unroll turns warm_turns pairs")

# A function of libc that nothing else calls, and that does nothing but return.
MARKER = "getppid"
mark = os.getppid
# The dump before the marker's n-th call is this file's name, a dot and n.
DUMP_NAME = "counts"
# The pipes by which vgdb talks to valgrind begin with this.
SWITCH_NAME = "vgdb"
TAIL_BYTES = 200
SHIFT_BLOCKS = 500
SHIFT_BYTES = range(1, 1_000)
WARM_RUNS = 4
# The interpreter tries again and again to specialise what cannot be: when an instruction has run
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
    """Stands in the place of the clock: a number of ns costs more or less by its digits.

    A function of Python's, as the interpreter tries a builtin one again and again to specialise.
    """
    return 0


def shift_memory(layout: int) -> "list[bytes]":
    """Takes blocks of memory, so that all later ones lie elsewhere; they have to be kept.

    Interned names and types are found by their addresses in the interpreter's own caches, where
    two that a call needs may happen to share a place.
    """
    chance = random.Random(layout)
    return [bytes(chance.choice(SHIFT_BYTES)) for _ in range(SHIFT_BLOCKS * layout)]


class Switch:
    """Has callgrind count within a `with` only: all else runs several times as fast without.

    To turn it takes tenths of a second, so that one `with` may stand around several.
    """

    def __init__(self, vgdb: str, prefix: str) -> None:
        to_this = [f"--pid={os.getpid()}", f"--vgdb-prefix={prefix}", "instrumentation"]
        self._command = [vgdb, *to_this] if vgdb else []
        self._depth = 0

    def __enter__(self) -> None:
        if self._depth == 0:
            self._turn("on")
        self._depth += 1

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._turn("off")

    def _turn(self, word: str) -> None:
        if not self._command:
            return
        silence = (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)
        command = [*self._command, word]
        pid = os.posix_spawn(command[0], command, {}, file_actions=[silence])
        # In a loop, as valgrind looks for commands between the instructions that it runs.
        ended, status = 0, 0
        while not ended:
            ended, status = os.waitpid(pid, os.WNOHANG)
        if status:
            raise worker.ContenderError(
                "no callgrind",
                f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}",
            )


class Dumps:
    """The files that callgrind writes at each call of the marker, read and removed in turn.

    Or kept, where `keep` is set: the names of the last ones read are then in `kept`.
    """

    def __init__(self, file: str, keep: bool = False) -> None:
        self._file = file
        self._number = 1
        self._keep = keep
        self.kept: list[str] = []

    def skip(self) -> None:
        """Removes what is there: calls of the marker by somebody else."""
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
                f"callgrind wrote {len(totals)} dumps where {count} were due: "
                f"it calls {MARKER}, which marks where counting begins and ends",
            )
        return totals

    def _name(self) -> str:
        return f"{self._file}.{self._number}"


def read_total(file: str) -> int:
    """Returns the instructions that one dump of callgrind sums up."""
    with open(file, "rb") as dump:
        dump.seek(0, os.SEEK_END)
        dump.seek(max(0, dump.tell() - TAIL_BYTES))
        tail = dump.read().decode()
    return int(tail.rpartition("totals:")[2])


def warm_up(epoch: "worker.Epoch", turns: int) -> None:
    """Has the interpreter specialise what it will, and allocators come to their steady state."""
    run, values = epoch
    for number in [1] * WARM_RUNS + [turns]:
        run(repeat(None, number), no_clock, *values)


def make_windows(pairs: int) -> "Callable[..., None]":
    """Compiles the function that runs epochs of N and of 2N calls in turn, and marks each.

    Every run has its place in the code, which is passed once only: the interpreter specialises
    nothing there, so that to run an epoch costs always the same.
    """
    names = [name for pair in range(pairs) for name in (f"short_{pair}", f"long_{pair}")]
    runs = "; ".join(f"{name}(); mark()" for name in names)
    source = f"def windows(mark, {', '.join(names)}):\n    mark(); {runs}\n"
    namespace: dict[str, Any] = {}
    exec(compile(source, "<windows>", "exec"), namespace)
    windows: Callable[..., None] = namespace["windows"]
    return windows


def counted(
    contender: "dict[str, Any]",
    namespace: "dict[str, Any]",
    shape: "Shape",
    dumps: Dumps,
    switch: Switch,
) -> "tuple[list[list[int]], list[list[str]]]":
    """Returns what epochs of N and of 2N calls cost, in instructions, as often as they ran.

    Beside that, in the same order, the dumps that say so, where they are kept.
    """
    epoch = worker.compile_epoch(contender["call"], namespace, shape.unroll, contender["raises"])
    run, values = epoch
    windows = make_windows(shape.pairs)
    turns = [shape.turns, 2 * shape.turns] * shape.pairs
    # By way of a C function, so that the interpreter's loop is entered while callgrind looks on:
    # from one function of Python to another it stays within the same call of itself.
    runs = [partial(run, repeat(None, number), no_clock, *values) for number in turns]
    warm_up(epoch, shape.warm_turns)
    with switch:
        dumps.skip()
        windows(mark, *runs)
        costs = dumps.read(len(turns) + 1)[1:]
    kept = dumps.kept[1:]
    return [costs[0::2], costs[1::2]], [kept[0::2], kept[1::2]]


def choose_shape(epochs: "list[list[int]]") -> "Shape":
    """Chooses how many calls to count by what one takes, so that the dear ones end in time."""
    call = min(epochs[1]) - min(epochs[0])
    return next((shape for limit, shape in SHAPES if call < limit), LONG_CALLS)


def count_contender(
    contender: "dict[str, Any]", empty: "dict[Shape, Any]", dumps: "Dumps | None", switch: Switch
) -> "dict[str, Any]":
    """Checks one contender and, if there are dumps, counts it and checks it again.

    Raises ContenderError.
    """
    if contender["program"]:
        raise worker.ContenderError("setup failed", "it is a program, and only calls are counted")
    namespace = worker.prepare(contender)
    worker.check(contender, namespace)
    if dumps is None:
        return {"event": "checked"}
    written = worker.output_size()
    try:
        shape = choose_shape(counted(contender, namespace, CHECK_SHAPE, dumps, switch)[0])
        epochs, profiles = counted(contender, namespace, shape, dumps, switch)
    except worker.ContenderError:
        raise
    except Exception as error:
        raise worker.ContenderError(
            "call failed", f"it raised {worker.described(error)}"
        ) from error
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


def count_all(job: "dict[str, Any]", line: "worker.Line") -> None:
    """Answers for each contender of the job, in order."""
    empty: dict[Shape, Any] = {}
    dumps = None
    folder = os.path.dirname(sys.argv[1])
    switch = Switch(job["vgdb"], os.path.join(folder, SWITCH_NAME))
    if job["counts"]:
        dumps = Dumps(os.path.join(folder, DUMP_NAME), job["profiles"])
        # Before all else, so that they cannot depend on what is counted.
        with switch:
            for shape in (CHECK_SHAPE, *(shape for _, shape in SHAPES), LONG_CALLS):
                empty[shape] = counted(EMPTY, {}, shape, dumps, switch)
    watch = worker.Guard(vars(worker))
    for index, contender in enumerate(job["contenders"]):
        line.enter(index)
        try:
            event = count_contender(contender, empty, dumps, switch)
            worker.refuse_interference(watch)
        except worker.ContenderError as error:
            event = {"event": "error", "kind": error.kind, "message": str(error)}
        line.answer(event)
        if watch.changed():
            # The rest needs a process that nobody has changed.
            return


def main() -> None:
    """Runs the one job that the command line names."""
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    worker.die_with_coordinator()
    # A sign of life takes memory, and when it is due depends on the time.
    worker.HEARTBEAT_NS = sys.maxsize
    line = worker.Line(worker.take_over_output(), job["position_file"], job["limit_s"])
    line.answer({"event": "ready", "interpreter": worker.interpreter_facts()})
    sys.meta_path.append(worker.ModuleFinder(job["modules"]))
    gc.disable()
    worker.guard.begin(job["contenders"])
    kept = shift_memory(job["layout"])
    line.begin(0)
    count_all(job, line)
    del kept
    line.begin(worker.NOWHERE)
    line.answer({"event": "done"})


if __name__ == "__main__":
    main()
