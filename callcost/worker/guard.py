"""Detects when a contender changes process state that would distort the other contenders.

worker.py loads this file by its path; it needs only the standard library. State that an interpreter
cannot read counts as unchanged.
"""

import _thread
import builtins
import gc
import os
import resource
import signal
import sys
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

NAMES = tuple(vars(builtins))
LIMITS = tuple(getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_"))
TOOLS = range(6)
STREAMS = range(3)
BEGIN_S = 0.001
TINY, LEAST_NORMAL, SMALL = 5e-324, sys.float_info.min, 1e-16

# Hides names from mypy that only later versions have.
python: "Any" = sys


def monitoring_tools() -> object:
    """Reads which tools use sys.monitoring, and their events."""
    monitoring = python.monitoring
    names = [monitoring.get_tool(tool) for tool in TOOLS]
    events = [monitoring.get_events(t) if names[t] is not None else 0 for t in TOOLS]
    return names, events


def threads() -> object:
    """Reads Python's threads: those with a frame, and the number, as a C function has no frame.

    Those of C libraries do not count. A thread counts itself when it begins, so if there are more
    than counted, another gets the chance to.
    """
    try:
        if len(os.listdir("/proc/self/task")) > 1 + _thread._count():
            time.sleep(BEGIN_S)
    except FileNotFoundError:
        pass
    return sorted(sys._current_frames()), _thread._count()


def signals() -> object:
    """Reads the handler of each signal, and which signals are blocked."""
    handlers = {number: id(signal.getsignal(number)) for number in signal.valid_signals()}
    return handlers, signal.pthread_sigmask(signal.SIG_BLOCK, []), c_signals()


def c_signals() -> "list[int]":
    """Reads which signals have a handler or are ignored, also by C code (Linux).

    Without those of the C library, which it handles once there are threads.
    """
    valid = sum(1 << (number - 1) for number in signal.valid_signals())
    try:
        with open("/proc/self/status", "rb") as file:
            lines = [line.split() for line in file if line.startswith((b"SigCgt:", b"SigIgn:"))]
    except FileNotFoundError:
        return []
    return [int(mask, 16) & valid for _, mask in lines]


def timers() -> object:
    """Reads the timers; of the alarm that ends a silent worker, only whether it is set."""
    rest_s, interval_s = signal.getitimer(signal.ITIMER_REAL)
    others = [signal.getitimer(which) for which in (signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)]
    return rest_s > 0, interval_s, others


def streams() -> object:
    """Reads which files the standard streams use, in Python and in C."""
    return (
        [id(stream) for stream in (sys.stdin, sys.stdout, sys.stderr)],
        [(os.fstat(fd).st_dev, os.fstat(fd).st_ino) for fd in STREAMS],
    )


def arithmetic(one: float = 1.0, two: float = 2.0) -> object:
    """Reads how floats are rounded, and whether denormal numbers are flushed to zero.

    Loading a library compiled with -ffast-math turns flushing on.
    """
    return TINY * one, LEAST_NORMAL / two, one + SMALL, SMALL - one, -one - SMALL


def collector() -> object:
    """Reads the state of the garbage collector."""
    hooks = [id(callback) for callback in gc.callbacks]
    # Not how many objects are frozen: the number falls when one of them ends.
    any_frozen = gc.get_freeze_count() > 0
    return gc.isenabled(), gc.get_threshold(), gc.get_debug(), any_frozen, hooks


def tracing() -> object:
    """Reads whether allocations are traced."""
    import _tracemalloc

    return _tracemalloc.is_tracing()


def locale() -> object:
    """Reads the locale of this process."""
    import _locale

    return _locale.setlocale(_locale.LC_ALL, None)


class Throttle:
    """Counts the passes during which a CPU quota stopped this process.

    `files` are the cpu.stat files of its cgroups, which count the stops; none without a quota.
    """

    def __init__(self, files: "Sequence[str]") -> None:
        self._files = files
        self.passes = 0
        self.begin_pass()

    def begin_pass(self) -> None:
        """Forgets the stops before this pass: other processes may have run since the last one."""
        self._last = self._read()

    def end_pass(self) -> None:
        """Counts the pass that just ended if the quota stopped the process during it."""
        self.passes += self._read() != self._last

    def _read(self) -> "list[bytes]":
        found = []
        for path in self._files:
            with open(path, "rb") as file:
                found += [line for line in file if line.startswith(b"nr_throttled ")]
        return found


WATCHED: "tuple[tuple[str, Callable[[], object]], ...]" = (
    ("the trace function (sys.settrace)", lambda: id(sys.gettrace())),
    ("the profile function (sys.setprofile)", lambda: id(sys.getprofile())),
    ("the trace function of new threads", lambda: id(threading.gettrace())),
    ("the profile function of new threads", lambda: id(threading.getprofile())),
    ("the tools of sys.monitoring", monitoring_tools),
    ("the perf trampoline", lambda: python.is_stack_trampoline_active()),
    ("the garbage collector", collector),
    ("the tracing of allocations (tracemalloc)", tracing),
    ("the switch interval", sys.getswitchinterval),
    ("the recursion limit", sys.getrecursionlimit),
    ("the flags for loading libraries", lambda: sys.getdlopenflags()),
    ("the threads", threads),
    ("the CPUs that it may run on", lambda: os.sched_getaffinity(0)),
    ("the priority", lambda: os.getpriority(os.PRIO_PROCESS, 0)),
    ("the scheduling policy", lambda: os.sched_getscheduler(0)),
    ("the resource limits", lambda: [resource.getrlimit(limit) for limit in LIMITS]),
    ("the signal handlers", signals),
    ("the timers and the alarm", timers),
    ("the environment variables", lambda: dict(os.environ)),
    ("the working folder", os.getcwd),
    ("the locale", locale),
    ("the standard streams", streams),
    ("the arithmetic of floats", arithmetic),
    ("the builtin functions", lambda: [id(vars(builtins).get(name)) for name in NAMES]),
)
"""State of the interpreter and the process that all contenders share, and how to read it."""


class Process:
    """The worker's own process: the forks and programs it has started, and its watched state.

    An `alone` contender may change anything but the instrument: there is nobody to distort.
    """

    def __init__(self, *, alone: bool = False) -> None:
        self.forks = 0
        # The ids of running programs that the worker itself started.
        self.programs: set[int] = set()
        own = (("the child processes", self._children), ("the number of forks", lambda: self.forks))
        self.watched = () if alone else (*WATCHED, *own)

    def end_forks(self) -> None:
        """Counts forks, and ends every process forked from this one: it must not answer too."""
        os.register_at_fork(after_in_parent=self._count_fork, after_in_child=lambda: os._exit(0))

    def read(self) -> "Iterator[tuple[str, object]]":
        """Yields the name of each watched state and its value."""
        for name, read in self.watched:
            try:
                yield name, read()
            # What an interpreter lacks fails both times; what a contender has broken, only once.
            except Exception as error:
                yield name, type(error)

    def _count_fork(self) -> None:
        self.forks += 1

    def _children(self) -> object:
        """Reads the children of the main thread, without the worker's own programs (Linux)."""
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
            return set(map(int, file.read().split())) - self.programs


def begin(contenders: "Iterable[dict[str, Any]]") -> Process:
    """Prepares this process for running these contenders."""
    process = Process(alone=any(contender.get("alone") for contender in contenders))
    process.end_forks()
    return process


class Guard:
    """Remembers the state of a process, and tells what has changed since.

    `instrument` has the globals of the measuring module, which must not change either.
    """

    def __init__(self, process: Process, instrument: "dict[str, Any]") -> None:
        self.process = process
        self._instrument = instrument
        self._names = tuple(instrument)
        self._before = self._read()

    def again(self) -> "Guard":
        """Returns a guard that compares with the present state instead."""
        return Guard(self.process, self._instrument)

    def changed(self) -> "list[str]":
        """Lists what has changed."""
        now = self._read()
        return [name for name, state in self._before.items() if now[name] != state]

    def glance(self) -> object:
        """Reads the state that is cheap enough to read after each epoch."""
        return (
            self.process.forks,
            id(sys.gettrace()),
            id(sys.getprofile()),
            gc.isenabled(),
            sys.getswitchinterval(),
            _thread._count(),
        )

    def _read(self) -> "dict[str, object]":
        own = [id(self._instrument.get(name)) for name in self._names]
        return {**dict(self.process.read()), "the instrument": own}
