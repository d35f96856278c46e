"""Notices if a contender changes something that would distort the others in its process.

Loaded by its path, beside worker.py; uses the standard library alone. What an interpreter cannot
read counts as unchanged.
"""

import _thread
import builtins
import gc
import os
import resource
import signal
import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

NAMES = tuple(vars(builtins))
LIMITS = tuple(getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_"))
TOOLS = range(6)
STREAMS = range(3)
TINY, LEAST_NORMAL, SMALL = 5e-324, sys.float_info.min, 1e-16

# For mypy: names that only later versions have.
python: "Any" = sys
# The programs that the worker itself has started.
programs: "set[int]" = set()
forks = 0


def _count_fork() -> None:
    global forks
    forks += 1


def watch_forks() -> None:
    """Ends every process that is forked from this one: otherwise two would answer."""
    os.register_at_fork(after_in_parent=_count_fork, after_in_child=lambda: os._exit(0))


def monitoring_tools() -> object:
    """Reads which tools listen to sys.monitoring, and to which events."""
    monitoring = python.monitoring
    names = [monitoring.get_tool(tool) for tool in TOOLS]
    events = [monitoring.get_events(t) if names[t] is not None else 0 for t in TOOLS]
    return names, events


def signals() -> object:
    """Reads what each signal does, and which are blocked."""
    handlers = {number: id(signal.getsignal(number)) for number in signal.valid_signals()}
    return handlers, signal.pthread_sigmask(signal.SIG_BLOCK, [])


def timers() -> object:
    """Reads the timers; for the alarm that ends a silent worker, only whether it is set."""
    rest_s, interval_s = signal.getitimer(signal.ITIMER_REAL)
    others = [signal.getitimer(which) for which in (signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)]
    return rest_s > 0, interval_s, others


def child_processes() -> object:
    """Reads the children of the main thread, without the programs of the worker (Linux)."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return set(map(int, file.read().split())) - programs


def streams() -> object:
    """Reads where the standard streams lead, in Python and in C."""
    return (
        [id(stream) for stream in (sys.stdin, sys.stdout, sys.stderr)],
        [(os.fstat(fd).st_dev, os.fstat(fd).st_ino) for fd in STREAMS],
    )


def arithmetic(one: float = 1.0, two: float = 2.0) -> object:
    """Reads how floats are rounded, and whether the smallest count as zero.

    Loading a library that was compiled with -ffast-math changes that.
    """
    return TINY * one, LEAST_NORMAL / two, one + SMALL, SMALL - one, -one - SMALL


def collector() -> object:
    """Reads the state of the garbage collector."""
    hooks = [id(callback) for callback in gc.callbacks]
    return gc.isenabled(), gc.get_threshold(), gc.get_debug(), gc.get_freeze_count(), hooks


def tracing() -> object:
    """Reads whether allocations are traced."""
    import _tracemalloc

    return _tracemalloc.is_tracing()


def locale() -> object:
    """Reads the locale of this process."""
    import _locale

    return _locale.setlocale(_locale.LC_ALL, None)


class Throttle:
    """Counts the passes during which a quota on CPU time stopped this process.

    `files` count how often that happens (cpu.stat of its cgroups); empty without a quota.
    """

    def __init__(self, files: "Sequence[str]") -> None:
        self._files = files
        self._last = self._read()
        self.passes = 0

    def end_pass(self) -> None:
        """Counts the pass that has just ended, if the quota stopped it."""
        if self._files:
            now = self._read()
            self.passes += now != self._last
            self._last = now

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
    ("the threads", lambda: sorted(sys._current_frames())),
    ("the child processes", child_processes),
    ("the number of forks", lambda: forks),
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
"""What no contender may change, as it would distort the others; and how to read it."""


def begin(contenders: "Iterable[dict[str, Any]]") -> None:
    """Prepares this process for its contenders.

    A contender that is alone may change what it likes: only the instrument is watched.
    """
    global WATCHED
    watch_forks()
    if any(contender.get("alone") for contender in contenders):
        WATCHED = ()


def glance() -> object:
    """Reads what is quick to read, after each epoch; a Guard names what differs."""
    return (
        forks,
        id(sys.gettrace()),
        id(sys.getprofile()),
        gc.isenabled(),
        sys.getswitchinterval(),
        _thread._count(),
    )


class Guard:
    """Remembers the state of this process, and tells what has changed since.

    `instrument` has the globals of the measuring module, which must not change either.
    """

    def __init__(self, instrument: "dict[str, Any]") -> None:
        self._instrument = instrument
        self._names = tuple(instrument)
        self._before = self._read()

    def changed(self) -> "list[str]":
        """Lists what has changed."""
        now = self._read()
        return [name for name, state in self._before.items() if now[name] != state]

    def _read(self) -> "dict[str, object]":
        own = [id(self._instrument.get(name)) for name in self._names]
        return {**{name: _state(read) for name, read in WATCHED}, "the instrument": own}


def _state(read: "Callable[[], object]") -> object:
    try:
        return read()
    # What an interpreter lacks fails both times; what a contender has broken, only once.
    except Exception as error:
        return type(error)
