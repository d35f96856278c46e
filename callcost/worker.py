"""Times contenders in one fresh process, with the standard library alone.

Any interpreter that can import a contender can run this file.

Reads one job, a JSON object, from the file named on its command line, and answers with JSON
lines on what was its standard output when it began; `callcost.job` describes both. What a
contender writes to standard output goes to a file that is watched, since a call that prints
is not the call that was meant. Standard input tells nothing: it closes when the coordinator
ends, and ends this process too.
"""

import sys

if __name__ == "__main__" and sys.path[:1] == [__file__.rpartition("/")[0]]:
    # The folder of this file: its modules must not take the place of the standard library's.
    del sys.path[0]

import fcntl
import gc
import hashlib
import json
import mmap
import os
import random
import resource
import select
import signal
import struct
import tempfile
import time
from functools import partial
from itertools import repeat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, NamedTuple

    class Epoch(NamedTuple):
        """A compiled loop, and the values of its fast locals."""

        run: Callable[..., int]
        arguments: tuple[Any, ...]


CLOCK = time.perf_counter_ns
EMPTY_CALL = "pass"
HEARTBEAT_NS = 1_000_000_000
# Above the descriptors that a contender might close or write to by mistake.
ANSWERS_FD = 200
POSITION = struct.Struct("=ii")
NOWHERE = -1
SCOUT_NS = 100_000
SCOUT_REPEATS = 5
PAGE_WORDS = 4096 // 8
MAX_DEPTH = 10
OWN_UNROLL = 100


class ContenderError(Exception):
    """A contender that must get no time; `kind` says why in a word."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Line:
    """The line to the coordinator: answers, signs of life, and where this process is.

    The position is two 32-bit numbers in a shared file, group and contender, and can be read
    there also when this process has died: a store to memory costs too little to disturb what
    is timed next.
    """

    def __init__(self, answers_fd: int, position_file: str, limit_s: int) -> None:
        self._answers_fd = answers_fd
        self._limit_s = limit_s
        self._group = NOWHERE
        self._last_ns = CLOCK()
        self.contender = NOWHERE
        with open(position_file, "r+b") as file:
            self._memory = mmap.mmap(file.fileno(), POSITION.size)

    def answer(self, event: "dict[str, Any]") -> None:
        """Sends one answer, and starts the time limit anew."""
        line = memoryview(json.dumps(event).encode() + b"\n")
        while line:
            line = line[os.write(self._answers_fd, line) :]
        self._last_ns = CLOCK()
        # SIGALRM keeps its default action, which ends the process in the middle of C too.
        signal.alarm(self._limit_s)

    def begin(self, group: int) -> None:
        """Says which group comes now, or NOWHERE."""
        self._group = group
        self.enter(NOWHERE)

    def enter(self, contender: int) -> None:
        """Says which contender runs from now on; once a second, that all is well."""
        self.contender = contender
        POSITION.pack_into(self._memory, 0, self._group, contender)
        if CLOCK() - self._last_ns > HEARTBEAT_NS:
            self.answer({"event": "alive"})


def prepare(contender: "dict[str, Any]") -> "dict[str, Any]":
    """Runs the set-up source and returns its names."""
    namespace: dict[str, Any] = {"__name__": "__callcost__"}
    had_gil = has_gil()
    try:
        exec(compile(contender["setup"], "<setup>", "exec"), namespace)
    except Exception as error:
        raise ContenderError("setup failed", f"its set-up raised {describe(error)}") from error
    if has_gil() and not had_gil:
        raise ContenderError("GIL", "its set-up turned the GIL back on, for everybody")
    return namespace


def has_gil() -> bool:
    """Tells whether the GIL is in force; a free-threaded build can do without."""
    asked: Callable[[], bool] = getattr(sys, "_is_gil_enabled", lambda: True)
    return asked()


def check(contender: "dict[str, Any]", namespace: "dict[str, Any]") -> None:
    """Evaluates the call once and compares value and exact type; raises ContenderError."""
    for binary in contender["binaries"]:
        check_binary(binary)
    written = output_size()
    check_answer(contender["call"], contender["expect"], namespace)
    if output_size() != written:
        raise ContenderError("garbage", f"{contender['call']} wrote to standard output")


def check_answer(call: str, expect: "str | None", namespace: "dict[str, Any]") -> None:
    """Evaluates the call and, unless `expect` is None, compares; raises ContenderError."""
    try:
        if expect is None:
            exec(compile(call, "<call>", "exec"), namespace)
            return
        expected = eval(compile(expect, "<expect>", "eval"), namespace)
        got = eval(compile(call, "<call>", "eval"), namespace)
    except Exception as error:
        raise ContenderError("call failed", f"{call} raised {describe(error)}") from error
    if type(got) is not type(expected) or got != expected:
        raise ContenderError(
            "wrong answer",
            f"{call} returned {got!r} ({type(got).__name__}), "
            f"expected {expected!r} ({type(expected).__name__})",
        )


def check_binary(binary: "dict[str, str]") -> None:
    """Compares a compiled file with what the build recorded, and with what was imported."""
    path = binary["path"]
    try:
        with open(path, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
    except OSError as error:
        raise ContenderError("stale file", f"{path} cannot be read: {error.strerror}") from error
    if digest != binary["sha256"]:
        raise ContenderError("stale file", f"{path} is not the file that was built; install again")
    if binary["module"]:
        imported = sys.modules.get(binary["module"])
        origin = getattr(imported, "__file__", None) or "nothing"
        if os.path.realpath(origin) != os.path.realpath(path):
            raise ContenderError(
                "stale file", f"{binary['module']} came from {origin}, the build made {path}"
            )


def describe(error: BaseException) -> str:
    """Says type and text of an exception in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def output_size() -> int:
    """Counts the bytes that anything has written to file descriptor 1.

    The coordinator starts this interpreter unbuffered, which holds for C's stdio too.
    """
    sys.stdout.flush()
    return os.fstat(1).st_size


def compile_epoch(call: str, namespace: "dict[str, Any]", unroll: int) -> "Epoch":
    """Compiles a function that times a loop over `unroll` literal copies of the call.

    The names that the call uses are parameters, hence fast locals. Every contender gets a
    function of its own, because inline caches belong to the code object. The copies stand on
    one line, where `pass` leaves no instruction behind: an empty loop is empty.
    """
    used = compile(call, "<call>", "exec").co_names
    names = [name for name in used if name in namespace]
    lines = [
        f"def callcost_epoch(callcost_loops, callcost_clock, {', '.join(names)}):",
        "    callcost_start = callcost_clock()",
        "    for callcost_turn in callcost_loops:",
        "        " + "; ".join([call] * unroll),
        "    return callcost_clock() - callcost_start",
    ]
    exec(compile("\n".join(lines), "<epoch>", "exec"), namespace)
    run: Callable[..., int] = namespace.pop("callcost_epoch")
    return run, tuple(namespace[name] for name in names)  # type: ignore[return-value]


def estimate_call_ns(epoch: "Epoch") -> float:
    """Estimates roughly what one call costs, to choose how many calls an epoch needs."""
    run, arguments = epoch
    loops = 1
    while True:
        shortest_ns = min(run(repeat(None, loops), CLOCK, *arguments) for _ in range(SCOUT_REPEATS))
        if shortest_ns >= SCOUT_NS:
            return shortest_ns / loops
        loops *= 4


def preemptions() -> int:
    """Counts how often this thread has lost the processor against its will."""
    return resource.getrusage(WHOSE_USAGE).ru_nivcsw


# macOS counts for the whole process only, which here is one thread.
WHOSE_USAGE = getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)


def time_epoch(epoch: "Epoch", loops: int, warm_loops: int) -> int:
    """Times one epoch in ns; negative if the thread was preempted meanwhile."""
    run, arguments = epoch
    # Wakes the caches and predictors that the contender before has taken over.
    run(repeat(None, warm_loops), CLOCK, *arguments)
    before = preemptions()
    epoch_ns = run(repeat(None, loops), CLOCK, *arguments)
    return epoch_ns if preemptions() == before else -epoch_ns


def make_layout(frame_words: int, depth: int) -> "Callable[[Callable[[], int]], int]":
    """Returns a function that calls another from elsewhere on the Python and the C stack.

    `frame_words` unused locals move the Python frames, `depth` nested calls of `map` the C
    stack. Where the two lie relative to each other changes the time of a call by several
    percent, and stays the same for as long as the caller does: for a whole process, if
    nothing moves it.
    """
    unused = "".join(f"    local_{number} = None\n" for number in range(frame_words))
    namespace: dict[str, Any] = {}
    exec(f"def from_here(function):\n{unused}    return function()\n", namespace)
    from_here: Callable[[Callable[[], int]], int] = namespace["from_here"]

    def descend(function: "Callable[[], int]", levels: int = depth) -> int:
        if levels == 0:
            return from_here(function)
        # Unlike a plain call or a generator, `map` enters the interpreter anew, in C.
        return next(map(lambda _: descend(function, levels - 1), (None,)))  # noqa: C417

    return descend


def make_layouts(shuffler: random.Random, count: int) -> "list[Callable[[Callable[[], int]], int]]":
    """Makes the places on the stacks that the epochs of one process are timed from."""
    return [
        make_layout(shuffler.randrange(PAGE_WORDS), shuffler.randrange(MAX_DEPTH))
        for _ in range(count)
    ]


def time_passes(
    group: "dict[str, Any]",
    epochs: "list[Epoch]",
    shuffler: random.Random,
    line: Line,
) -> "list[list[int]]":
    """Times every contender once a pass, in a fresh order; ns per epoch, negative if preempted."""
    timers = [
        partial(time_epoch, epoch, contender["own_loops"] or group["loops"], group["warm_loops"])
        for epoch, contender in zip(epochs, group["contenders"], strict=True)
    ]
    written = os.fstat(1).st_size
    layouts = make_layouts(shuffler, group["layouts"])
    times_ns: list[list[int]] = [[] for _ in epochs]
    order = list(range(len(epochs)))
    for _ in range(group["passes"]):
        shuffler.shuffle(order)
        for index in order:
            line.enter(index)
            from_layout = shuffler.choice(layouts)
            try:
                times_ns[index].append(from_layout(timers[index]))
            except Exception as error:
                raise ContenderError("call failed", f"it raised {describe(error)}") from error
            if os.fstat(1).st_size != written:
                raise ContenderError("garbage", "it wrote to standard output while it was timed")
    return times_ns


def measure_group(group: "dict[str, Any]", shuffler: random.Random, line: Line) -> "dict[str, Any]":
    """Checks every contender of a group, then times them or, in a scouting job, estimates."""
    epochs = []
    namespaces = []
    for index, contender in enumerate(group["contenders"]):
        line.enter(index)
        namespace = prepare(contender)
        check(contender, namespace)
        namespaces.append(namespace)
        unroll = OWN_UNROLL if contender["own_loops"] else group["unroll"]
        epochs.append(compile_epoch(contender["call"], namespace, unroll))
    if group["passes"] == 0:
        return {"event": "estimates", "call_ns": list(estimates_ns(group, epochs, line))}
    times_ns = time_passes(group, epochs, shuffler, line)
    reports = {}
    for index, contender in enumerate(group["contenders"]):
        if contender["report"] is not None:
            line.enter(index)
            reports[contender["name"]] = eval(contender["report"], namespaces[index])
    return {"event": "times", "epoch_ns": times_ns, "reports": reports}


def estimates_ns(group: "dict[str, Any]", epochs: "list[Epoch]", line: Line) -> "Iterator[float]":
    """Yields roughly what a call of each contender costs, in ns."""
    for index, epoch in enumerate(epochs):
        line.enter(index)
        unroll = OWN_UNROLL if group["contenders"][index]["own_loops"] else group["unroll"]
        yield estimate_call_ns(epoch) / unroll


def pin(cpu: "int | None") -> "str | None":
    """Binds this process to one CPU; returns why not, where that cannot be done."""
    if not hasattr(os, "sched_setaffinity"):
        return f"{sys.platform} does not offer it"
    if cpu is None:
        return "no CPU was chosen"
    try:
        os.sched_setaffinity(0, {cpu})
    except OSError as error:
        return error.strerror or repr(error)
    return None


def die_with_coordinator() -> None:
    """Makes the kernel end this process when the coordinator is gone (Linux).

    SIGIO comes when the other end of standard input closes, and its default action ends the
    process in the middle of a C call too.
    """
    if sys.platform == "linux":
        fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([0], [], [], 0)[0]:
        sys.exit("callcost: the coordinator ended before its worker began")


def take_over_output() -> int:
    """Keeps standard output for the answers; contenders write to a file that is counted."""
    answers_fd = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, ANSWERS_FD)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 1)
    return answers_fd


def main() -> None:
    """Runs the one job that the command line names."""
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    die_with_coordinator()
    line = Line(take_over_output(), job["position_file"], job["limit_s"])
    line.answer({"event": "ready", "not_pinned": pin(job["cpu"])})
    shuffler = random.Random(job["seed"])
    gc.disable()
    for number, group in enumerate(job["groups"]):
        line.begin(number)
        try:
            event = measure_group(group, shuffler, line)
        except ContenderError as error:
            event = {"event": "error", "kind": error.kind, "message": str(error)}
        line.answer({**event, "group": number, "contender": line.contender})
        line.begin(NOWHERE)
    line.answer({"event": "done"})


if __name__ == "__main__":
    main()
