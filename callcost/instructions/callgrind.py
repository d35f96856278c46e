"""Counts the instructions of calls under valgrind's callgrind.

Other processes cannot change these counts. One process counts many contenders, because starting
an interpreter under valgrind takes seconds. A call takes (Ir(2N) - Ir(N)) / N instructions, minus
the same for the empty loop; worker/counter.py has the details.
"""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from callcost.instructions.counting import CounterProcess, fixed_layout, vgdb
from callcost.model.contender import Contender
from callcost.model.instructions import Count, Spent, Uncounted
from callcost.run.process import WorkerError, WorkerProcess
from callcost.run.together import together

K = TypeVar("K", bound=Hashable)

TIMEOUT_S = 120.0
CPYTHON = "cpython"
# Switching callgrind off and on costs about as much as it adds to a set-up this long.
SLOW_S = 0.01


def why_not() -> str | None:
    """Tell why this machine cannot count instructions, and what to do; None if it can."""
    if sys.platform != "linux":
        return f"counting instructions needs valgrind on Linux; this is {sys.platform}"
    if shutil.which("valgrind") is None:
        return (
            "counting instructions needs valgrind; "
            "install it (apt-get install valgrind, dnf install valgrind)"
        )
    return None


def caveat() -> str | None:
    """Tell what limits the counts of this machine; None if nothing does."""
    if fixed_layout():
        return None
    return (
        "setarch is missing or not permitted, so addresses are not fixed; "
        "counts of calls that depend on them may differ from run to run"
    )


class Halt:
    """Ends countings in other threads: an interrupt only reaches the main thread.

    Calling it kills their processes and keeps new ones from starting.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[WorkerProcess] = set()
        self._called = False

    def __call__(self) -> None:
        """Kill all processes."""
        with self._lock:
            self._called = True
            for process in self._running:
                process.kill()

    def called(self) -> bool:
        """Tell whether it was called."""
        return self._called

    def watch(self, process: WorkerProcess) -> None:
        """Add a process to those that a call kills."""
        with self._lock:
            self._running.add(process)
            if self._called:
                process.kill()

    def leave(self, process: WorkerProcess) -> None:
        """Remove a process before the system reuses its number."""
        with self._lock:
            self._running.discard(process)


def count(
    python: str,
    contenders: Mapping[K, Contender],
    *,
    report: Callable[[K, Count | Uncounted], None] | None = None,
    timeout_s: float = TIMEOUT_S,
    jobs: int = 1,
    layouts: int = 1,
    profiles: bool = False,
    apart: Callable[[K], Hashable] | None = None,
    halt: Halt | None = None,
) -> dict[K, Count | Uncounted]:
    """Count the instructions of each contender's call; a contender that fails raises nothing.

    `report` is called with each result, in the thread that counted it. `timeout_s` limits one
    contender under callgrind, imports included. `jobs` processes count at the same time. Each
    contender is counted in `layouts` arrangements of memory; the lowest count is kept. With
    `profiles`, a count also says where its instructions were spent. Contenders with different
    values of `apart` never share a process, so that no count depends on what else is counted.
    """
    halt = halt or Halt()
    shares: dict[Hashable, dict[K, Contender]] = {}
    for number, (key, contender) in enumerate(contenders.items()):
        shares.setdefault(apart(key) if apart else number % jobs, {})[key] = contender
    python = shutil.which(python) or python
    counting = [
        _Counting(share, python, timeout_s, layouts, profiles, report, halt)
        for share in shares.values()
    ]
    shared = together(_Counting.run, counting, halt, jobs)
    found = {key: result for each in shared for key, result in each.items()}
    return {key: found[key] for key in contenders}


@dataclass
class _Counting:
    """Counts contenders in one process; if a contender kills it, another process continues.

    `count` explains the fields that it sets.
    """

    contenders: Mapping[Any, Contender]
    python: str
    timeout_s: float
    layouts: int
    profiles: bool
    report: Callable[[Any, Count | Uncounted], None] | None
    halt: Halt
    found: dict[Any, Count | Uncounted] = field(default_factory=dict)
    counts: dict[Any, list[Count]] = field(default_factory=dict)
    slow: set[Any] = field(default_factory=set)
    free_threaded: bool = False

    def run(self) -> dict[Any, Count | Uncounted]:
        """Check all contenders, count those that are right, and return what was found."""
        reason = why_not()
        if reason is not None:
            self._fail(list(self.contenders), "no callgrind", reason)
            return self.found
        # First without callgrind: errors show sooner, and Python writes bytecode, so that the
        # first counting does not compile what the second one finds compiled.
        right = self._visit(list(self.contenders), layout=0, counts=False)
        for layout in range(self.layouts):
            right = self._visit(right, layout, counts=True)
        return self.found

    def _visit(self, left: list[Any], layout: int, *, counts: bool) -> list[Any]:
        """Work through contenders in as many processes as needed; return the successful ones."""
        right: list[Any] = []
        while left:
            if self.halt.called():
                self._fail([*right, *left], "interrupted", "counting was ended")
                return []
            began = len(left)
            try:
                self._work_off(left, right, layout, counts)
                if len(left) == began:
                    self._fail(left, "garbage", "its process ended without an answer")
                    left.clear()
            except WorkerError as failed:
                if self.halt.called():
                    continue
                # Contenders are worked off in order: the first unanswered one was running.
                blamed = left[:1] if failed.contender is not None or len(left) < began else left[:]
                self._fail(blamed, failed.kind, str(failed))
                del left[: len(blamed)]
        return right

    def _work_off(self, left: list[Any], right: list[Any], layout: int, counts: bool) -> None:
        """Run one process and move each contender that it answers for from `left` to `right`."""
        job = {
            "vgdb": vgdb() if counts else "",
            "profiles": self.profiles,
            "counts": counts,
            "layout": layout,
            "contenders": [asdict(self.contenders[key]) for key in left],
            "slow": [key in self.slow for key in left],
        }
        with CounterProcess(
            self.python, job, self.timeout_s, free_threaded=self.free_threaded
        ) as running:
            self.halt.watch(running)
            try:
                for event in running.events():
                    if not self._take(event, running.folder, left, right):
                        raise running.garbage(event)
            finally:
                self.halt.leave(running)

    def _take(self, event: dict[str, Any], folder: Path, left: list[Any], right: list[Any]) -> bool:
        """Record one message of the process. Return False if it is malformed."""
        match event:
            case {"event": "ready", "interpreter": {"implementation": str(name), "build": build}}:
                self.free_threaded = "free-threading" in build
                if name != CPYTHON:
                    reason = "its compiler may change the loop; only CPython can be counted"
                    self._fail(left, "no interpreter", f"{name}: {reason}")
                    left.clear()
            case {"event": "checked", "seconds": float(seconds)} if left:
                right.append(left.pop(0))
                if seconds > SLOW_S:
                    self.slow.add(right[-1])
            case {"event": "count"} if left:
                right.append(left.pop(0))
                self._keep(right[-1], read_count(event, folder))
            case {"event": "error", "kind": str(kind), "message": str(message)} if left:
                self._fail([left.pop(0)], kind, message)
            case {"event": "done"}:
                pass
            case _:
                return False
        return True

    def _keep(self, key: Any, found: Count) -> None:
        counts = self.counts.setdefault(key, [])
        counts.append(found)
        if len(counts) == self.layouts:
            self._tell(key, min(counts, key=lambda one: one.instructions))

    def _tell(self, key: Any, result: Count | Uncounted) -> None:
        self.found[key] = result
        if self.report is not None:
            self.report(key, result)

    def _fail(self, keys: list[Any], kind: str, message: str) -> None:
        for key in keys:
            self._tell(key, Uncounted(kind, message))


def read_count(event: Mapping[str, Any], folder: Path) -> Count:
    """Read a count from an answer of counter.py, whose dumps are in `folder`.

    Takes the least of each size of epoch: periodic work such as a collection only adds.
    """
    calls = int(event["calls"])
    (short, long), (empty_short, empty_long) = event["epochs"], event["empty"]
    net = min(long) - min(short) - (min(empty_long) - min(empty_short))
    spread = max(max(short) - min(short), max(long) - min(long))
    return Count(net / calls, calls, spread / calls, _read_spent(event, folder, calls))


def _read_spent(event: Mapping[str, Any], folder: Path, calls: int) -> Spent:
    """Read where the least epochs spent their instructions, if their dumps were kept."""
    names = [*event["profiles"], *event["empty_profiles"]]
    if not all(names):
        return {}
    # Imported late: only profiles need the parser, gprof2dot.
    from callcost.instructions import profile

    dumps = [
        profile.read_dump(folder / kept[costs.index(min(costs))])
        for kept, costs in zip(names, [*event["epochs"], *event["empty"]], strict=True)
    ]
    return profile.per_call(dumps[:2], dumps[2:], calls)
