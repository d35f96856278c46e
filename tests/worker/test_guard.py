"""The guard notices and names every change of state that would distort the other contenders."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from callcost.worker import guard

# FE_DOWNWARD of fenv.h.
DOWNWARD = 0x800000 if platform.machine() == "aarch64" else 0x400
TRACE = "def trace(*_): pass\n"
# Code that changes each watched state, by the name of the state.
DEEDS = {
    "the trace function (sys.settrace)": TRACE + "sys.settrace(trace)",
    "the profile function (sys.setprofile)": TRACE + "sys.setprofile(trace)",
    "the trace function of new threads": TRACE + "threading.settrace(trace)",
    "the profile function of new threads": TRACE + "threading.setprofile(trace)",
    "the tools of sys.monitoring": "sys.monitoring.use_tool_id(3, 'spy')",
    "the perf trampoline": "sys.activate_stack_trampoline('perf')",
    "the garbage collector": "import gc; gc.set_threshold(1)",
    "the tracing of allocations (tracemalloc)": "import tracemalloc; tracemalloc.start()",
    "the switch interval": "sys.setswitchinterval(1)",
    "the recursion limit": "sys.setrecursionlimit(5000)",
    "the flags for loading libraries": "sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)",
    "the threads": "threading.Thread(target=threading.Event().wait, daemon=True).start()",
    "the CPUs that it may run on": "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})",
    "the priority": "os.nice(1)",
    "the scheduling policy": "os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))",
    "the resource limits": "resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))",
    "the signal handlers": "signal.signal(signal.SIGUSR1, signal.SIG_IGN)",
    "the timers and the alarm": "signal.alarm(0)",
    "the environment variables": "os.environ['ANYTHING'] = '1'",
    "the working folder": "os.chdir('/proc')",
    "the locale": "import locale; locale.setlocale(locale.LC_ALL, 'C')",
    "the standard streams": "os.dup2(0, 1)",
    "the arithmetic of floats": f"import ctypes; ctypes.CDLL('libm.so.6').fesetround({DOWNWARD})",
    "the builtin functions": "import builtins; builtins.abs = max",
    "the child processes": "import ctypes; ctypes.CDLL(None).fork() or os._exit(0)",
    "the number of forks": "os.waitpid(os.fork(), 0)",
    "the instrument": "instrument['CLOCK'] = min",
}
PROGRAM = f"""
import importlib.util, os, resource, signal, sys, threading
spec = importlib.util.spec_from_file_location("guard", {guard.__file__!r})
guard = importlib.util.module_from_spec(spec)
spec.loader.exec_module(guard)
process = guard.begin([{{"alone": sys.argv[2] == "alone"}}])
signal.alarm(60)
instrument = {{"CLOCK": max}}
watch = guard.Guard(process, instrument)
assert watch.changed() == []
exec(sys.argv[1])
os.write(2, repr(watch.changed()).encode())
os._exit(0)
"""


def test_each_watched_state_is_tested() -> None:
    assert [*DEEDS] == [*(name for name, _ in guard.Process().watched), "the instrument"]


def cannot(name: str) -> str:
    """Returns why a state cannot be changed here; empty if it can."""
    if dict(guard.Process().read()).get(name) is AttributeError:
        return "this interpreter does not have it"
    if name in ("the child processes", "the arithmetic of floats") and sys.platform != "linux":
        return "other systems change it in another way"
    if name == "the CPUs that it may run on" and len(os.sched_getaffinity(0)) == 1:
        return "there is only one CPU"
    return ""


@pytest.mark.parametrize("name", DEEDS)
def test_each_change_is_named(name: str) -> None:
    if reason := cannot(name):
        pytest.skip(reason)
    assert repr(name) in changed_by(DEEDS[name])


def test_a_contender_that_is_alone_may_change_anything_but_the_instrument() -> None:
    names = ("the environment variables", "the working folder", "the instrument")
    deeds = "; ".join(DEEDS[name] for name in names)
    assert changed_by(deeds, alone=True) == "['the instrument']"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what C code has done")
@pytest.mark.parametrize(
    "deed",
    [
        "import faulthandler; faulthandler.enable(all_threads=False)",
        "import ctypes; ctypes.CDLL(None).signal(int(signal.SIGUSR2), ctypes.c_void_p(1))",
    ],
)
def test_a_signal_handler_that_c_code_installs_is_noticed(deed: str) -> None:
    assert changed_by(deed) == "['the signal handlers']"


def test_a_thread_that_runs_a_c_function_is_noticed() -> None:
    # A thread counts itself when it begins, however busy the machine is.
    deed = (
        "import _thread, time; before = _thread._count(); "
        "_thread.start_new_thread(time.sleep, (60,)); "
        "[time.sleep(0.01) for _ in iter(_thread._count, before + 1)]"
    )
    assert changed_by(deed) == "['the threads']"


def test_a_thread_that_has_ended_has_changed_nothing() -> None:
    # The C library handles two more signals from the first thread on.
    deed = "thread = threading.Thread(target=int); thread.start(); thread.join()"
    assert changed_by(deed) == "[]"


def changed_by(deed: str, *, alone: bool = False) -> str:
    """Changes something in a new process; returns what its guard has noticed."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, deed, "alone" if alone else "with others"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    return done.stderr
