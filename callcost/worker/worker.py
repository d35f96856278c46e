"""Times contenders in one fresh process, using only the standard library.

Any interpreter that can import a contender can run this file, with checks.py, guard.py and
program.py beside it: CPython from 3.9 on, and PyPy, whose modules lack a few names.

It reads one job, a JSON object, from the file named on the command line, and answers with JSON
lines on the standard output that it started with; run/process.py describes both. Another file of
this folder does another kind of job if its name follows the job's. A contender's
own output is redirected to a file and counted: a call that prints is not the call to measure.
Nothing is sent on standard input. It closes when the coordinator ends, which ends this process.
"""

import sys

if __name__ == "__main__" and sys.path[:1] == [__file__.rpartition("/")[0]]:
    # Removes the folder of this file: its modules must not shadow the standard library's.
    del sys.path[0]

import fcntl
import gc
import importlib.util
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
import types
from contextlib import ExitStack
from functools import partial
from itertools import repeat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, NamedTuple

    # `as` exports them: other files use them as names of this module.
    from callcost.worker import checks as checks
    from callcost.worker import guard as guard
    from callcost.worker.checks import ContenderError as ContenderError
    from callcost.worker.checks import check as check
    from callcost.worker.checks import check_again as check_again
    from callcost.worker.checks import clean as clean
    from callcost.worker.checks import described as described
    from callcost.worker.checks import expected_refusal as expected_refusal
    from callcost.worker.checks import output_size as output_size
    from callcost.worker.checks import prepare as prepare
    from callcost.worker.checks import refusing as refusing
    from callcost.worker.guard import Guard as Guard
    from callcost.worker.program import Program as Program

    class Epoch(NamedTuple):
        """A compiled loop, and the values of its fast locals."""

        run: Callable[..., int]
        arguments: tuple[Any, ...]


def load_beside(name: str, **shared: "Any") -> "Any":
    """Loads a file of this folder, whichever callcost the interpreter would import.

    `shared` are loaded modules that it uses. Loading one twice would duplicate its classes.
    """
    path = f"{os.path.dirname(os.path.abspath(__file__))}/{name}.py"
    spec = importlib.util.spec_from_file_location(f"callcost_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    module.__dict__.update(shared)
    spec.loader.exec_module(module)
    return module


if not TYPE_CHECKING:
    checks, guard = load_beside("checks"), load_beside("guard")
    ContenderError, check, check_again = checks.ContenderError, checks.check, checks.check_again
    expected_refusal, clean, described = checks.expected_refusal, checks.clean, checks.described
    output_size, prepare = checks.output_size, checks.prepare
    Guard = guard.Guard
    refusing, Program = checks.refusing, load_beside("program", checks=checks).Program


CLOCK = time.perf_counter_ns
EMPTY_CALL = "pass"
HEARTBEAT_NS = 1_000_000_000
# Above the descriptors that a contender might close or write to by mistake, if the limit allows.
ANSWERS_FD = 200
SPARE_FDS = 8
POSITION = struct.Struct("=ii")
NOWHERE = -1
SCOUT_NS = 100_000
SCOUT_REPEATS = 5
PAGE_WORDS = 4096 // 8
MAX_DEPTH = 10
# By then the loops of a long call have been compiled. The first limit is CPU time, which does not
# depend on other programs; the second is for calls that wait.
SETTLE_CPU_NS = 200_000_000
SETTLE_WALL_NS = 2_000_000_000
# Calls in one turn of a program's loop.
OWN_UNROLL = 100
# Untimed share of a program's epoch: its caches are cold after the context switch.
PROGRAM_WARM_SHARE = 0.1
STACK_BYTES = range(0, 4096, 16)
# PyPy compiles a loop's exit after it is taken 200 times (and a function after 1,600 calls).
SETTLE_EXITS = 300
WROTE_WHILE_TIMED = "it wrote to standard output while it was timed"


class InterferenceError(ContenderError):
    """A contender changed state that all contenders share, so this process must end."""

    def __init__(self, changed: "Sequence[str]", who: str = "it") -> None:
        what = " and ".join(changed)
        super().__init__("interference", f"{who} changed {what}, which affects all others")


class Line:
    """The line to the coordinator: answers, signs of life, and the position in the job.

    The position is two 32-bit numbers, group and contender, in a memory-mapped file. The
    coordinator can read it even after this process has died, and storing it costs too little to
    disturb the next epoch.
    """

    def __init__(
        self, answers_fd: int, position_file: str, limit_s: int, turns_fd: "int | None" = None
    ) -> None:
        self._answers_fd = answers_fd
        self._answers_to = os.fstat(answers_fd)
        self._turns_fd = turns_fd
        self._limit_s = limit_s
        # The coordinator waits for about half of `limit_s`. A silent program is reported earlier.
        self.program_limit_s = max(limit_s / 4, limit_s / 2 - 2)
        self._group = NOWHERE
        self._last_ns = CLOCK()
        self.contender = NOWHERE
        self._pid = os.getpid()
        with open(position_file, "r+b") as file:
            self._memory = mmap.mmap(file.fileno(), POSITION.size)
        signal.alarm(limit_s)

    def answer(self, event: "dict[str, Any]") -> None:
        """Sends one answer and restarts the time limit."""
        if os.getpid() != self._pid:
            # A process forked in C must not answer for this one.
            os._exit(0)
        line = memoryview(json.dumps(event).encode() + b"\n")
        while line:
            line = line[os.write(self._answers_fd, line) :]
        self._last_ns = CLOCK()
        # SIGALRM keeps its default action, which also ends a process inside a C call.
        signal.alarm(self._limit_s)

    def refuse_lost(self) -> None:
        """Ends this process, at the present position, if a contender has closed this line."""
        try:
            is_there = os.path.samestat(os.fstat(self._answers_fd), self._answers_to)
        except OSError:
            is_there = False
        if not is_there:
            sys.exit("it closed the pipe on which its worker answers")

    def await_turn(self, done: float) -> None:
        """Waits, if processes take turns, until it is this one's; `done` is a share of the group.

        Sends a sign of life once a second.
        """
        if self._turns_fd is None:
            return
        self.answer({"event": "turn", "group": self._group, "done": done})
        while not select.select([self._turns_fd], [], [], HEARTBEAT_NS / 1e9)[0]:
            self.answer({"event": "alive"})
        os.read(self._turns_fd, 1)

    def begin(self, group: int, contender: int = NOWHERE) -> None:
        """Records which group begins, or NOWHERE, and with which contender."""
        self._group = group
        self.enter(contender)

    def enter(self, contender: int) -> None:
        """Records which contender runs next, and sends a sign of life once a second."""
        self.contender = contender
        POSITION.pack_into(self._memory, 0, self._group, contender)
        if CLOCK() - self._last_ns > HEARTBEAT_NS:
            self.answer({"event": "alive"})


def check_only(contender: "dict[str, Any]") -> None:
    """Makes the call once and compares the result; raises ContenderError."""
    if not contender["program"]:
        check(contender, prepare(contender))
        return
    with Program(contender) as program:
        program.check()


def compile_epoch(
    call: str, namespace: "dict[str, Any]", unroll: int, raises: "str | None" = None
) -> "Epoch":
    """Compiles a function that times a loop over `unroll` literal copies of the call.

    The names that the call uses are parameters and therefore fast locals. Each contender gets
    its own function, because inline caches belong to the code object. All copies share one line,
    where `pass` compiles to no instruction, so that an empty loop is empty. A call that raises
    has a `try` around each copy, which costs nothing until it raises.
    """
    names = [name for name in used_names(compile(call, "<call>", "exec")) if name in namespace]
    if raises is None:
        body = ["; ".join([call] * unroll)]
    else:
        namespace["callcost_refusal"], _ = expected_refusal(raises, namespace)
        names.append("callcost_refusal")
        body = [f"try: {call}", "except callcost_refusal: pass"] * unroll
    lines = [
        f"def callcost_epoch(callcost_loops, callcost_clock, {', '.join(names)}):",
        "    callcost_start = callcost_clock()",
        "    for callcost_turn in callcost_loops:",
        *("        " + line for line in body),
        "    return callcost_clock() - callcost_start",
    ]
    exec(compile("\n".join(lines), "<epoch>", "exec"), namespace)
    run: Callable[..., int] = namespace.pop("callcost_epoch")
    return run, tuple(namespace[name] for name in names)  # type: ignore[return-value]


def used_names(code: "types.CodeType") -> "list[str]":
    """Lists the names that code looks up, including those in nested code such as comprehensions."""
    nested = [
        name for c in code.co_consts if isinstance(c, types.CodeType) for name in used_names(c)
    ]
    return list(dict.fromkeys([*code.co_names, *nested]))


def estimate_turn_ns(subject: "Epoch | Program") -> float:
    """Estimates roughly what one turn costs, in ns; the coordinator chooses epoch sizes from it."""
    loops = 1
    while True:
        shortest_ns = min(abs(time_epoch(subject, loops, 0)) for _ in range(SCOUT_REPEATS))
        if shortest_ns >= SCOUT_NS:
            return shortest_ns / loops
        loops *= 4


def preemptions() -> int:
    """Counts the involuntary context switches of this thread."""
    return resource.getrusage(WHOSE_USAGE).ru_nivcsw


# macOS only counts for the whole process, which has one thread here.
WHOSE_USAGE = getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)


def settle(epoch: "Epoch", turns: int) -> None:
    """Runs an epoch's loop for at least `turns` turns, until a tracing compiler is done with it.

    Such a compiler counts turns, not time, and retries a long trace several times before giving
    up. The runs double in length: many short ones would make it compile the function again, from
    its start. Short runs follow, so that it also compiles the exit of the loop.
    """
    run, arguments = epoch
    start_ns, start_cpu_ns = CLOCK(), time.process_time_ns()
    sizes = [1 << power for power in range(turns.bit_length())] + [1] * SETTLE_EXITS
    for size in sizes if turns else ():
        if time.process_time_ns() - start_cpu_ns > SETTLE_CPU_NS:
            return
        if CLOCK() - start_ns > SETTLE_WALL_NS:
            return
        run(repeat(None, size), CLOCK, *arguments)


def time_epoch(
    subject: "Epoch | Program", loops: int, warm_loops: int, stack_bytes: int = 0
) -> int:
    """Times one epoch in ns; negative if the thread was preempted during it."""
    if isinstance(subject, Program):
        return subject.time_epoch(loops, warm_loops, stack_bytes)
    run, arguments = subject
    # Warms the caches and branch predictors: the previous contender has filled them.
    run(repeat(None, warm_loops), CLOCK, *arguments)
    before = preemptions()
    epoch_ns = run(repeat(None, loops), CLOCK, *arguments)
    return epoch_ns if preemptions() == before else -epoch_ns


def make_place(frame_words: int, depth: int) -> "Callable[[Callable[[], int]], int]":
    """Returns a function that calls another from a different place on the Python and C stacks.

    `frame_words` unused locals move the Python frame, and `depth` nested calls of `map` move the
    C stack. Their relative position changes the time of a call by several percent. If nothing
    moved them, it would stay the same for the whole process.
    """
    unused = "".join(f"    local_{number} = None\n" for number in range(frame_words))
    namespace: dict[str, Any] = {}
    exec(f"def from_here(function):\n{unused}    return function()\n", namespace)
    from_here: Callable[[Callable[[], int]], int] = namespace["from_here"]

    def descend(function: "Callable[[], int]", levels: int = depth) -> int:
        if levels == 0:
            return from_here(function)
        # Unlike a plain call or a generator, `map` re-enters the interpreter through C.
        return next(map(lambda _: descend(function, levels - 1), (None,)))  # noqa: C417

    return descend


def make_places(shuffler: random.Random, count: int) -> "list[Callable[[Callable[[], int]], int]]":
    """Makes the places on the stacks from which one process times its epochs."""
    return [
        make_place(shuffler.randrange(PAGE_WORDS), shuffler.randrange(MAX_DEPTH))
        for _ in range(count)
    ]


def make_timer(
    subject: "Epoch | Program",
    contender: "dict[str, Any]",
    group: "dict[str, Any]",
    shuffler: random.Random,
) -> "Callable[[], int]":
    """Returns the function that times one epoch of a contender."""
    loops = contender["own_loops"] or group["loops"]
    if not isinstance(subject, Program):
        return partial(time_epoch, subject, loops, group["warm_loops"])
    # The program's own stack is moved too, like this process's stacks.
    places = [shuffler.choice(STACK_BYTES) for _ in range(group["stack_places"])]
    warm_loops = max(1, round(PROGRAM_WARM_SHARE * loops))
    return lambda: time_epoch(subject, loops, warm_loops, shuffler.choice(places))


def time_passes(
    group: "dict[str, Any]",
    subjects: "Sequence[Epoch | Program]",
    shuffler: random.Random,
    line: Line,
    throttle: "guard.Throttle",
) -> "list[list[int]]":
    """Times every contender once a pass, in random order; ns per epoch, negative if preempted."""
    timers = [
        make_timer(subject, contender, group, shuffler)
        # Python 3.9 does not have `strict`. There is a subject for each contender.
        for subject, contender in zip(subjects, group["contenders"])  # noqa: B905
    ]
    written = os.fstat(1).st_size
    stack_places = make_places(shuffler, group["stack_places"])
    times_ns: list[list[int]] = [[] for _ in subjects]
    order = list(range(len(subjects)))
    with refusing("call failed", "it"):
        for number in range(group["passes"]):
            line.await_turn(number / group["passes"])
            throttle.begin_pass()
            shuffler.shuffle(order)
            for index in order:
                line.enter(index)
                from_place = shuffler.choice(stack_places)
                times_ns[index].append(from_place(timers[index]))
                if os.fstat(1).st_size != written:
                    raise ContenderError("garbage", WROTE_WHILE_TIMED)
            throttle.end_pass()
    return times_ns


def measure_group(
    group: "dict[str, Any]", shuffler: random.Random, line: Line, watch: Guard
) -> "dict[str, Any]":
    """Checks the contenders of a group, then times them; a scouting job only estimates costs."""
    with ExitStack() as programs:
        return measure_ready(group, make_ready(group, line, watch, programs), shuffler, line, watch)


def make_ready(
    group: "dict[str, Any]", line: Line, watch: Guard, programs: ExitStack
) -> "list[tuple[Epoch | Program, dict[str, Any]]]":
    """Checks every contender; returns the subjects to time, each with the names of its set-up."""
    ready: list[tuple[Epoch | Program, dict[str, Any]]] = []
    for index, contender in enumerate(group["contenders"]):
        line.enter(index)
        if contender["program"]:
            own = watch.process.programs
            program = programs.enter_context(Program(contender, line.program_limit_s, own))
            program.check()
            ready.append((program, {}))
            continue
        namespace = prepare(contender)
        check(contender, namespace)
        unroll = unroll_of(contender, group)
        epoch = compile_epoch(contender["call"], namespace, unroll, contender["raises"])
        ready.append((epoch, namespace))
        line.refuse_lost()
        refuse_interference(watch)
    return ready


def refuse_interference(watch: Guard) -> None:
    """Raises InterferenceError if the state that all contenders share has changed."""
    changed = watch.changed()
    if changed:
        raise InterferenceError(changed)


def check_timed(
    subject: "Epoch | Program", contender: "dict[str, Any]", namespace: "dict[str, Any]"
) -> None:
    """Checks a contender again after it was timed; raises ContenderError."""
    if not isinstance(subject, Program):
        check_again(contender, namespace)


def find_culprit(
    group: "dict[str, Any]",
    ready: "list[tuple[Epoch | Program, dict[str, Any]]]",
    line: Line,
    watch: Guard,
) -> None:
    """Finds who changed shared state during the passes, by one more call of each contender.

    Raises InterferenceError, which names nobody if no further call changes anything.
    """
    changed = watch.changed()
    for index, (subject, namespace) in enumerate(ready):
        line.enter(index)
        now = watch.again()
        check_timed(subject, group["contenders"][index], namespace)
        refuse_interference(now)
    line.enter(NOWHERE)
    raise InterferenceError(changed, "one of its contenders")


def measure_ready(
    group: "dict[str, Any]",
    ready: "list[tuple[Epoch | Program, dict[str, Any]]]",
    shuffler: random.Random,
    line: Line,
    watch: Guard,
) -> "dict[str, Any]":
    """Times contenders that were checked; a scouting job only estimates their costs."""
    subjects = [subject for subject, _ in ready]
    for index, subject in enumerate(subjects):
        if not isinstance(subject, Program):
            line.enter(index)
            settle(subject, group["settle_turns"])
    if group["passes"] == 0:
        return {"event": "estimates", "call_ns": list(estimates_ns(group, ready, line, watch))}
    throttle = guard.Throttle(group["cpu_stat"])
    times_ns = time_passes(group, subjects, shuffler, line, throttle)
    if watch.changed():
        find_culprit(group, ready, line, watch)
    reports = {}
    for index, contender in enumerate(group["contenders"]):
        line.enter(index)
        subject, namespace = ready[index]
        check_timed(subject, contender, namespace)
        if contender["report"] is not None:
            reports[contender["name"]] = evaluate_report(contender["report"], namespace)
        refuse_interference(watch)
    empty_ns = [subject.empty_ns for subject in subjects if isinstance(subject, Program)]
    return {
        "event": "times",
        "epoch_ns": times_ns,
        "empty_ns": empty_ns,
        "reports": reports,
        "throttled": throttle.passes,
    }


def evaluate_report(report: str, namespace: "dict[str, Any]") -> "Any":
    """Evaluates the value that a contender reports besides its times."""
    with refusing("call failed", "its report"):
        return eval(compile(report, "<report>", "eval"), namespace)


def estimates_ns(
    group: "dict[str, Any]",
    ready: "list[tuple[Epoch | Program, dict[str, Any]]]",
    line: Line,
    watch: Guard,
) -> "Iterator[float]":
    """Yields a rough cost per call of each contender, in ns, and checks the contender again."""
    for index, (subject, namespace) in enumerate(ready):
        line.enter(index)
        contender = group["contenders"][index]
        with refusing("call failed", "it"):
            turn_ns = estimate_turn_ns(subject)
        check_timed(subject, contender, namespace)
        refuse_interference(watch)
        yield turn_ns / unroll_of(contender, group)


def unroll_of(contender: "dict[str, Any]", group: "dict[str, Any]") -> int:
    """Returns the number of calls in one turn of this contender's loop."""
    if contender["program"]:
        return OWN_UNROLL
    return int(group["max_unroll"] if contender["own_loops"] else group["unroll"])


def interpreter_facts() -> "dict[str, str]":
    """Describes the running interpreter, with the keys that a record keeps."""
    known = sys.implementation
    return {
        "implementation": known.name,
        "cache_tag": str(known.cache_tag),
        "implementation_version": ".".join(map(str, known.version[:3])),
        "python_version": ".".join(map(str, sys.version_info[:3])),
        # "t" is a free-threaded build.
        "abi_flags": getattr(sys, "abiflags", ""),
        "build": " ".join(sys.version.split()),
    }


def die_with_coordinator() -> None:
    """Makes the kernel end this process and those it starts when the coordinator ends (Linux).

    SIGIO arrives when the other end of standard input closes. Its default action also ends a
    process inside a C call. A negative owner is a process group: each worker has its own.
    """
    if sys.platform == "linux":
        fcntl.fcntl(0, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([0], [], [], 0)[0]:
        sys.exit("callcost: the coordinator ended before its worker started")


def take_over_output() -> int:
    """Reserves standard output for the answers; contenders write to a file instead."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    lowest = ANSWERS_FD if most == resource.RLIM_INFINITY else min(ANSWERS_FD, most - SPARE_FDS)
    answers_fd = fcntl.fcntl(1, fcntl.F_DUPFD, lowest)
    os.set_inheritable(answers_fd, False)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 1)
    return answers_fd


def begin_job() -> "tuple[dict[str, Any], Line]":
    """Reads the job that the command line names, and prepares this process for it.

    Returns the job and the line to the coordinator.
    """
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    die_with_coordinator()
    line = Line(take_over_output(), job["position_file"], job["limit_s"], job.get("turns_fd"))
    if hasattr(sys, "getrefcount"):
        # Without reference counts, only the collector destroys the objects that calls create.
        gc.disable()
    return job, line


def main() -> None:
    """Runs the job that the command line names."""
    job, line = begin_job()
    line.answer({"event": "ready", "interpreter": interpreter_facts()})
    shuffler = random.Random(job["seed"])
    process = guard.begin(contender for group in job["groups"] for contender in group["contenders"])
    watch = Guard(process, globals())
    for number, group in enumerate(job["groups"]):
        line.begin(number)
        try:
            event = measure_group(group, shuffler, line, watch)
        except ContenderError as error:
            event = {"event": "error", "kind": error.kind, "message": str(error)}
        line.answer({**event, "group": number, "contender": line.contender})
        line.begin(NOWHERE)
        if watch.changed():
            # The other groups need a process with unchanged state.
            break
    line.answer({"event": "done"})


if __name__ == "__main__":
    if sys.argv[2] == "worker":
        main()
    else:
        load_beside(sys.argv[2], worker=sys.modules[__name__]).main()
