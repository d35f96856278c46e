"""What each mechanism does with input that `fibonacci` cannot take.

`python -m callcost.benchmarks.facts.bad_input` makes every bad call and prints the table.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import psutil

from callcost.bindings.registry import Build, Mechanism, mechanisms
from callcost.console.markdown import markdown_table, merged
from callcost.errors import CallcostError
from callcost.run.together import together

FUNCTION = "fibonacci"
# Long enough for a tool that compiles at the first call.
CPU_LIMIT_S = 10
# A call that computes reaches the CPU limit first, even on a busy machine.
WALL_LIMIT_S = 300
# A child that works for less than WORK_S in IDLE_S waits for something that never happens. It may
# work a little: a thread that waits for the GIL wakes up again and again.
IDLE_S, WORK_S = 5.0, 0.1
POLL_S = 0.1

RAISES = "raises "
CRASHES = "crashes"
NO_ANSWER = "no answer"
NOT_BUILT = "not built"

# If the import fails, the child ends with exit code 1. The stack is limited, because a C function
# that recurses for ever would fill the memory first.
CHILD = """
import importlib, resource, sys

def limit(what, value):
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))

module, function, arguments, cpu_limit_s = sys.argv[1:]
limit(resource.RLIMIT_STACK, 8 << 20)
limit(resource.RLIMIT_CORE, 0)
names = {function: getattr(importlib.import_module(module), function)}
used = resource.getrusage(resource.RUSAGE_SELF)
limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + 1 + int(cpu_limit_s))
try:
    answer = f"returns {eval(f'{function}({arguments})', names)!r}"
# Some errors of tools derive from BaseException, such as PyO3's PanicException.
except BaseException as error:
    answer = f"raises {type(error).__name__}"
print(answer)
"""


class ProbeError(CallcostError):
    """A child process failed before it made its call."""


@dataclass(frozen=True)
class BadInput:
    """Arguments, as source text, that `int fibonacci(int n)` cannot take.

    `instead` says what C gets for n if nothing objects and that differs between processes: an
    address, or what earlier code left behind.
    """

    arguments: str
    instead: str = ""
    function: str = FUNCTION

    @property
    def call(self) -> str:
        """The call expression."""
        return f"{self.function}({self.arguments})"


BAD_INPUTS = (
    BadInput('"1"', instead="an address"),
    BadInput("1.5"),
    BadInput("None"),
    BadInput("2**40"),
    BadInput("", instead="leftovers"),
    BadInput("1, 2"),
)

Outcomes = Mapping[tuple[str, BadInput], str]


def probe(mechanism: Mechanism, bad: BadInput, python: str = sys.executable) -> str:
    """Make a bad call in its own process and say how it ended; raise ProbeError."""
    return name_outcome(call_in_child(mechanism.module, bad, python=python), bad)


def name_outcome(ending: str, bad: BadInput) -> str:
    """Give one name to all endings of a call that passed C an address or leftovers.

    Such a call returns some number, crashes or never ends, by chance. Only an exception shows that
    the mechanism checked.
    """
    if bad.instead and not ending.startswith(RAISES):
        return f"undefined: {bad.instead} for n"
    return ending


def call_in_child(
    module: str,
    bad: BadInput,
    wall_limit_s: float = WALL_LIMIT_S,
    cpu_limit_s: int = CPU_LIMIT_S,
    python: str = sys.executable,
) -> str:
    """Say how the call ended: raises, returns, crashes or no answer; raise ProbeError."""
    arguments = (module, bad.function, bad.arguments, str(cpu_limit_s))
    done = run_python("-c", CHILD, *arguments, limit_s=wall_limit_s, python=python)
    if done is None or done.returncode == -signal.SIGXCPU:
        return NO_ANSWER
    if done.returncode > 0:
        raise ProbeError(f"{module}: cannot try {bad.call}: {done.stderr.strip()}")
    return crash(done) or done.stdout.strip()


def run_python(
    *arguments: str, limit_s: float, python: str = sys.executable
) -> subprocess.CompletedProcess[str] | None:
    """Run an interpreter in a child; return None if it exceeds the limit, or only waits."""
    # -P: nothing is imported from the current folder or that of a script.
    with subprocess.Popen(
        [python, "-P", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        # PYTHON_GIL would decide for all extensions whether there is a GIL.
        env={name: value for name, value in os.environ.items() if name != "PYTHON_GIL"},
    ) as child:
        try:
            return _ended(child, limit_s)
        finally:
            child.kill()


def _ended(child: subprocess.Popen[str], limit_s: float) -> subprocess.CompletedProcess[str] | None:
    begin_s = active_s = time.monotonic()
    worked_s = 0.0
    while True:
        try:
            out, err = child.communicate(timeout=POLL_S)
        except subprocess.TimeoutExpired:
            now_s = time.monotonic()
            used_s = sum(psutil.Process(child.pid).cpu_times()[:2])
            if used_s >= worked_s + WORK_S:
                worked_s, active_s = used_s, now_s
            if now_s - active_s > IDLE_S or now_s - begin_s > limit_s:
                return None
        else:
            return subprocess.CompletedProcess(child.args, child.returncode, out, err)


def crash(done: subprocess.CompletedProcess[str]) -> str:
    """Name the signal that ended a process; return "" if none did."""
    code = done.returncode
    if code >= 0:
        return ""
    known = {number.value: number.name for number in signal.Signals}
    return f"{CRASHES} ({known.get(-code, f'signal {-code}')})"


def probe_all() -> Outcomes:
    """Make every bad call through every built mechanism, one per processor at a time."""
    cells = list(product(built(candidates()), BAD_INPUTS))
    outcomes = together(lambda cell: probe(*cell), cells, threads=os.cpu_count())
    return {(m.name, bad): outcome for (m, bad), outcome in zip(cells, outcomes, strict=True)}


def built(chosen: Iterable[Mechanism]) -> list[Mechanism]:
    """List the mechanisms that were built."""
    build = Build()
    return [mechanism for mechanism in chosen if build.missing(mechanism) is None]


def candidates() -> Sequence[Mechanism]:
    """List the mechanisms that have the function."""
    return [mechanism for mechanism in mechanisms() if mechanism.offers(FUNCTION)]


def bad_input_table(outcomes: Outcomes | None = None) -> str:
    """Write a column per bad input; mechanisms with equal outcomes share a row.

    Make the calls if no outcomes are given.
    """
    found = probe_all() if outcomes is None else outcomes
    rows = []
    for name in (mechanism.name for mechanism in candidates()):
        cells = (found.get((name, bad), NOT_BUILT) for bad in BAD_INPUTS)
        rows.append([f"`{name}`", *(cell.removeprefix(RAISES) for cell in cells)])
    headings = ["mechanism", *(f"`{bad.call}`" for bad in BAD_INPUTS)]
    return markdown_table(headings, merged(rows), numbers=False)


if __name__ == "__main__":
    print(bad_input_table())
