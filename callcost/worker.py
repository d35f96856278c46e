"""Times contenders in one fresh process, with the standard library alone.

Any interpreter that can import a contender can run this file.

Reads one job, a JSON object, from standard input, and answers with JSON lines on what was
its standard output when it began. `callcost.job` describes both. Everything that a
contender itself prints goes to standard error instead, and what it writes to file
descriptor 1 is counted, since a call that prints is not the call that was meant.
"""

import sys

if sys.path and __name__ == "__main__":
    # The folder of this file: its modules must not take the place of the standard library's.
    del sys.path[0]

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
    from collections.abc import Callable
    from typing import Any, NamedTuple

    class Epoch(NamedTuple):
        """A compiled loop, and the values of its fast locals."""

        run: Callable[..., int]
        arguments: tuple[Any, ...]


CLOCK = time.perf_counter_ns
EMPTY_CALL = "pass"
POSITION = struct.Struct("=ii")
NOWHERE = -1
SCOUT_NS = 100_000
SCOUT_REPEATS = 5
PAGE_WORDS = 4096 // 8
MAX_DEPTH = 10


class ContenderError(Exception):
    """A contender that must get no time; `kind` says why in a word."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Position:
    """Tells the coordinator which contender is running, also when this process dies in it.

    Two 32-bit numbers in a shared file, group and contender: a store to memory costs too
    little to disturb what is timed next.
    """

    def __init__(self, path: str) -> None:
        with open(path, "r+b") as file:
            self._memory = mmap.mmap(file.fileno(), POSITION.size)

    def move(self, group: int, contender: int) -> None:
        """Says what runs from now on."""
        POSITION.pack_into(self._memory, 0, group, contender)


def prepare(contender: "dict[str, Any]") -> "dict[str, Any]":
    """Runs the set-up source and returns its names."""
    namespace: dict[str, Any] = {"__name__": "__callcost__"}
    try:
        exec(compile(contender["setup"], "<setup>", "exec"), namespace)
    except Exception as error:
        raise ContenderError("setup failed", f"its set-up raised {describe(error)}") from error
    return namespace


def check(contender: "dict[str, Any]", namespace: "dict[str, Any]") -> None:
    """Evaluates the call once and compares value and exact type; raises ContenderError."""
    for binary in contender["binaries"]:
        check_binary(binary)
    call, expect = contender["call"], contender["expect"]
    written = output_size()
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
    if output_size() != written:
        # Blamed here; what is still there in the end, nobody has been blamed for.
        os.ftruncate(1, 0)
        os.lseek(1, 0, os.SEEK_SET)
        raise ContenderError("garbage", f"{call} wrote to standard output while it was called")


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
    """Counts the bytes that anything has written to file descriptor 1."""
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
        f"def epoch(callcost_loops, callcost_clock, {', '.join(names)}):",
        "    callcost_start = callcost_clock()",
        "    for _ in callcost_loops:",
        "        " + "; ".join([call] * unroll),
        "    return callcost_clock() - callcost_start",
    ]
    exec(compile("\n".join(lines), "<epoch>", "exec"), namespace)
    run: Callable[..., int] = namespace.pop("epoch")
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
    enter: "Callable[[int], None]",
) -> "list[list[int]]":
    """Times every contender once a pass, in a fresh order; ns per epoch, negative if preempted."""
    loops, warm_loops = group["loops"], group["warm_loops"]
    layouts = make_layouts(shuffler, group["layouts"])
    times_ns: list[list[int]] = [[] for _ in epochs]
    order = list(range(len(epochs)))
    for _ in range(group["passes"]):
        shuffler.shuffle(order)
        for index in order:
            enter(index)
            from_layout = shuffler.choice(layouts)
            epoch = epochs[index]
            try:
                epoch_ns = from_layout(partial(time_epoch, epoch, loops, warm_loops))
            except Exception as error:
                raise ContenderError("call failed", f"it raised {describe(error)}") from error
            times_ns[index].append(epoch_ns)
    return times_ns


def measure_group(
    group: "dict[str, Any]", shuffler: random.Random, enter: "Callable[[int], None]"
) -> "dict[str, Any]":
    """Checks every contender of a group, then times them or, in a scouting job, estimates."""
    epochs = []
    namespaces = []
    for index, contender in enumerate(group["contenders"]):
        enter(index)
        namespace = prepare(contender)
        check(contender, namespace)
        namespaces.append(namespace)
        epochs.append(compile_epoch(contender["call"], namespace, group["unroll"]))
    if group["passes"] == 0:
        estimates_ns = []
        for index, epoch in enumerate(epochs):
            enter(index)
            estimates_ns.append(estimate_call_ns(epoch) / group["unroll"])
        return {"event": "estimates", "call_ns": estimates_ns}
    times_ns = time_passes(group, epochs, shuffler, enter)
    reports = {}
    for index, contender in enumerate(group["contenders"]):
        if contender["report"] is not None:
            enter(index)
            reports[contender["name"]] = eval(contender["report"], namespaces[index])
    return {"event": "times", "epoch_ns": times_ns, "reports": reports}


def pin(cpu: "int | None") -> "str | None":
    """Binds this process to one CPU; returns why not, where that cannot be done."""
    if cpu is None:
        return "no CPU was chosen"
    if not hasattr(os, "sched_setaffinity"):
        return f"{sys.platform} does not offer it"
    try:
        os.sched_setaffinity(0, {cpu})
    except OSError as error:
        return error.strerror or repr(error)
    return None


def die_with_coordinator(limit_s: int) -> None:
    """Makes the kernel end this process when the coordinator is gone, or the limit has passed.

    Works in the middle of a C call too: SIGALRM and SIGIO keep their default action, which is
    to terminate. SIGIO comes when the other end of standard input closes (Linux).
    """
    signal.alarm(limit_s)
    if sys.platform == "linux":
        import fcntl

        fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([0], [], [], 0)[0]:
        sys.exit("callcost: the coordinator ended before its worker began")


def take_over_output() -> int:
    """Keeps standard output for the answers; contenders write to a file that is counted."""
    answers = os.dup(1)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 1)
    return answers


def main() -> None:
    """Runs the one job that standard input holds."""
    job = json.loads(sys.stdin.readline())
    die_with_coordinator(job["limit_s"])
    answers = take_over_output()
    position = Position(job["position_file"])
    shuffler = random.Random(job["seed"])

    def answer(event: "dict[str, Any]") -> None:
        os.write(answers, json.dumps(event).encode() + b"\n")

    answer({"event": "ready", "not_pinned": pin(job["cpu"])})
    gc.disable()
    order = list(range(len(job["groups"])))
    shuffler.shuffle(order)
    for number in order:
        group = job["groups"][number]
        reached = [NOWHERE]

        def enter(index: int, number: int = number, reached: "list[int]" = reached) -> None:
            reached[0] = index
            position.move(number, index)

        try:
            event = measure_group(group, shuffler, enter)
        except ContenderError as error:
            event = {"event": "error", "kind": error.kind, "message": str(error)}
        answer({**event, "group": number, "contender": reached[0]})
    position.move(NOWHERE, NOWHERE)
    answer({"event": "done", "printed_bytes": output_size()})


if __name__ == "__main__":
    main()
