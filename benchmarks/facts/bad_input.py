"""What each mechanism does with input that `fibonacci` cannot take.

`python -m callcost.benchmarks.facts.bad_input` tries everything anew and prints the table.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product

from callcost.bindings.registry import Build, Mechanism, mechanisms
from callcost.console.markdown import markdown_table, merged
from callcost.errors import CallcostError

FUNCTION = "fibonacci"
# A tool that compiles when it is first called does so within the limit.
CPU_LIMIT_S = 10
# Only for a call that waits: one that computes meets the limit on processor time, which is the
# same on a busy machine.
WALL_LIMIT_S = 300

RAISES = "raises "
NO_ANSWER = "no answer"
NOT_BUILT = "not built"

# Importing is not part of what is tried: where it fails, the child ends with exit code 1.
# The stack is limited since a C function that recurses for ever would else fill the memory first.
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
except Exception as error:
    answer = f"raises {type(error).__name__}"
print(answer)
"""


class ProbeError(CallcostError):
    """A child that failed before or beside the call that it was to make."""


@dataclass(frozen=True)
class BadInput:
    """An argument list, as source text, that does not suit `int fibonacci(int n)`.

    `instead` says what C finds in the place of n when nobody objects, if that is not the same
    in every process: an address, or what was left behind by whatever ran before.
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


def probe(mechanism: Mechanism, bad: BadInput) -> str:
    """Makes one bad call in a process of its own and says how it ended; raises ProbeError."""
    return name_outcome(call_in_child(mechanism.module, bad), bad)


def name_outcome(ending: str, bad: BadInput) -> str:
    """Gives one name to all endings of a call in which C was entered with anything for n.

    Such a call returns some number, crashes or goes on for ever, whichever the address or the
    leftovers happen to lead to. Only an exception shows that the mechanism looked.
    """
    if bad.instead and not ending.startswith(RAISES):
        return f"undefined: {bad.instead} for n"
    return ending


def call_in_child(
    module: str,
    bad: BadInput,
    wall_limit_s: float = WALL_LIMIT_S,
    cpu_limit_s: int = CPU_LIMIT_S,
) -> str:
    """Says how the call ended: raises, returns, crashes or no answer; raises ProbeError."""
    # -P: the current folder, with the checkout in it, is no place to import from.
    command = [sys.executable, "-P", "-c", CHILD, module, bad.function, bad.arguments]
    try:
        done = subprocess.run(
            [*command, str(cpu_limit_s)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=wall_limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return NO_ANSWER
    if done.returncode > 0:
        raise ProbeError(f"{module}: {bad.call} was not tried: {done.stderr.strip()}")
    if done.returncode == -signal.SIGXCPU:
        return NO_ANSWER
    if done.returncode < 0:
        return f"crashes ({signal.Signals(-done.returncode).name})"
    return done.stdout.strip()


def probe_all() -> Outcomes:
    """Makes every bad call through every mechanism, as many at a time as there are processors."""
    build = Build()
    built = [mechanism for mechanism in candidates() if build.missing(mechanism) is None]
    cells = list(product(built, BAD_INPUTS))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = pool.map(lambda cell: probe(*cell), cells)
        return {(m.name, bad): outcome for (m, bad), outcome in zip(cells, outcomes, strict=True)}


def candidates() -> Sequence[Mechanism]:
    """Lists the mechanisms that have the function."""
    return [mechanism for mechanism in mechanisms() if mechanism.offers(FUNCTION)]


def bad_input_table(outcomes: Outcomes | None = None) -> str:
    """Write a column per bad input; mechanisms with equal outcomes share a row.

    Make the calls if no outcomes are given.
    """
    found = probe_all() if outcomes is None else outcomes
    rows = [
        [f"`{each.name}`", *(_cell(found.get((each.name, bad), NOT_BUILT)) for bad in BAD_INPUTS)]
        for each in candidates()
    ]
    headings = ["mechanism", *(f"`{bad.call}`" for bad in BAD_INPUTS)]
    return markdown_table(headings, merged(rows), numbers=False)


def _cell(outcome: str) -> str:
    return outcome.removeprefix(RAISES)


if __name__ == "__main__":
    print(bad_input_table())
