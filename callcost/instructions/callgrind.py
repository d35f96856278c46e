"""Counts the instructions of calls under valgrind's callgrind, which no neighbour can move.

One process counts many contenders, as starting an interpreter under valgrind takes seconds. What
a call takes is (Ir(2N) - Ir(N)) / N, less the same for the empty loop. counter.py tells how.
"""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from callcost.instructions.counting import (
    HASH_SEED,
    CheckingProcess,
    CountingProcess,
    FreeThreadedProcess,
    FreeThreadedProfilingProcess,
    ProfilingProcess,
    fixed_layout,
    vgdb,
)
from callcost.model.contender import Contender
from callcost.run.process import WorkerError, WorkerProcess

if TYPE_CHECKING:
    from callcost.instructions.profile import Spent

K = TypeVar("K", bound=Hashable)

TIMEOUT_S = 120.0
CHANGED_SHARE = 0.005
CHANGED_INSTRUCTIONS = 2.0
CPYTHON = "cpython"


@dataclass(frozen=True)
class Count:
    """What one call takes, in instructions, net of the loop; `calls` is the N it was found with.

    `spread` is by how much, in instructions per call, epochs of one process differed: zero where
    every call takes the same. `spent` has the same instructions by where they were executed, if
    that was asked for.
    """

    instructions: float
    calls: int
    spread: float = 0.0
    spent: Spent = field(default_factory=dict)


@dataclass(frozen=True)
class Uncounted:
    """Why a contender has no count: what happened, in a word and in a sentence."""

    kind: str
    message: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


def changed(base: Count, head: Count) -> bool:
    """Tells whether two counts of one call differ: by more than 0.5%, or by more than 2."""
    difference = abs(head.instructions - base.instructions)
    return difference > min(CHANGED_INSTRUCTIONS, CHANGED_SHARE * abs(base.instructions))


def why_not() -> str | None:
    """Tells why nothing can be counted on this machine, and what to do; None if it can be."""
    if sys.platform != "linux":
        return f"instructions are counted by valgrind on Linux, and this is {sys.platform}"
    if shutil.which("valgrind") is None:
        return (
            "instructions are counted by valgrind, which is not there; "
            "install it (apt-get install valgrind, dnf install valgrind)"
        )
    return None


def caveat() -> str | None:
    """Tells what counts on this machine lack, although they can be had; None if nothing."""
    if fixed_layout():
        return None
    return (
        "setarch is not there or not permitted, so addresses are not fixed; "
        "counts of calls that depend on them may differ from run to run"
    )


class Halt:
    """Ends countings that run in other threads, as an interrupt reaches the main one only.

    Calling it kills their processes and lets nothing more begin.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[WorkerProcess] = set()
        self._called = threading.Event()

    def __call__(self) -> None:
        """Ends them."""
        with self._lock:
            self._called.set()
            for process in self._running:
                process.kill()

    def called(self) -> bool:
        """Tells whether it was called."""
        return self._called.is_set()

    def watch(self, process: WorkerProcess) -> None:
        """Adds a process to those that a call kills."""
        with self._lock:
            self._running.add(process)
            if self.called():
                process.kill()

    def leave(self, process: WorkerProcess) -> None:
        """Takes a process out again, before its number can become another's."""
        with self._lock:
            self._running.discard(process)


def count(
    python: str,
    contenders: Mapping[K, Contender],
    *,
    modules: Mapping[str, str] | None = None,
    report: Callable[[K, Count | Uncounted], None] | None = None,
    timeout_s: float = TIMEOUT_S,
    jobs: int = 1,
    layouts: int = 1,
    profiles: bool = False,
    apart: Callable[[K], Hashable] | None = None,
    halt: Halt | None = None,
) -> dict[K, Count | Uncounted]:
    """Counts the instructions of each contender's call in an interpreter; never raises for one.

    `modules` are files of modules that are not installed there, by name. `report` is told of each
    result as it comes, in the thread that has it. `timeout_s` is how long one contender may take
    under callgrind, its imports included. `jobs` is how many processes count at the same time.
    `layouts` is in how many arrangements of memory each is counted; the least stands. With
    `profiles` a count also says where its instructions were spent. Those that `apart` returns
    different values for never meet in a process, so that a count does not depend on what else
    is counted.
    """
    halt = halt or Halt()
    keys = list(contenders)
    shares = _apart(keys, apart) if apart else [keys[first::jobs] for first in range(jobs)]
    parts = [{key: contenders[key] for key in share} for share in shares]
    how = _How(dict(modules or {}), timeout_s, layouts, profiles)
    counting = [_Counting(python, part, how, report, halt) for part in parts if part]
    with ThreadPoolExecutor(max(1, jobs)) as threads:
        futures = [threads.submit(one.run) for one in counting]
        try:
            found = {key: result for future in futures for key, result in future.result().items()}
        except BaseException:
            halt()
            raise
    return {key: found[key] for key in keys}


def _apart(keys: list[K], apart: Callable[[K], Hashable]) -> list[list[K]]:
    """Shares keys out by a value of each."""
    shares: dict[Hashable, list[K]] = {}
    for key in keys:
        shares.setdefault(apart(key), []).append(key)
    return list(shares.values())


@dataclass(frozen=True)
class _How:
    """How contenders are counted; `count` says what each of these means."""

    modules: dict[str, str]
    timeout_s: float
    layouts: int
    profiles: bool


class _Counting:
    """Counts contenders in one process, and in a further one where it dies of a contender."""

    def __init__(
        self,
        python: str,
        contenders: Mapping[K, Contender],
        how: _How,
        report: Callable[[K, Count | Uncounted], None] | None,
        halt: Halt,
    ) -> None:
        self._python = shutil.which(python) or python
        self._contenders: dict[Any, Contender] = dict(contenders)
        self._how = how
        self._report: Callable[[Any, Count | Uncounted], None] | None = report
        self._halt = halt
        self._found: dict[Any, Count | Uncounted] = {}
        self._counts: dict[Any, list[Count]] = {}
        self._free_threaded = False

    def run(self) -> dict[Any, Count | Uncounted]:
        """Checks all, counts those that are right, and returns what was found."""
        reason = why_not()
        if reason is not None:
            self._fail(list(self._contenders), "no callgrind", reason)
            return self._found
        # First without callgrind: what is wrong shows sooner, and bytecode is written, so that
        # the first counting has nothing to compile that the second would find.
        right = self._visit(CheckingProcess, list(self._contenders), 0)
        for layout in range(self._how.layouts):
            right = self._visit(self._process(), right, layout)
        return self._found

    def _process(self) -> type[CountingProcess]:
        if self._free_threaded:
            return FreeThreadedProfilingProcess if self._how.profiles else FreeThreadedProcess
        return ProfilingProcess if self._how.profiles else CountingProcess

    def _visit(self, process: type[CheckingProcess], left: list[Any], layout: int) -> list[Any]:
        """Works contenders off by as many processes as it takes; returns those that succeeded."""
        right: list[Any] = []
        while left:
            if self._halt.called():
                self._fail([*right, *left], "interrupted", "counting was ended")
                return []
            began = len(left)
            try:
                self._work_off(process, left, right, layout)
                if len(left) == began:
                    self._fail(left, "garbage", "its process ended without an answer")
                    left.clear()
            except WorkerError as failed:
                if self._halt.called():
                    continue
                # They are worked off in order, so it was in the first that it has not answered.
                blamed = left[:1] if failed.contender is not None or len(left) < began else left[:]
                self._fail(blamed, failed.kind, str(failed))
                del left[: len(blamed)]
        return right

    def _work_off(
        self, process: type[CheckingProcess], left: list[Any], right: list[Any], layout: int
    ) -> None:
        """Has one process answer for contenders, taking each out of `left`; raises WorkerError."""
        job = {
            "modules": self._how.modules,
            "vgdb": vgdb(),
            "profiles": self._how.profiles,
            "counts": issubclass(process, CountingProcess),
            "layout": layout,
            "contenders": [asdict(self._contenders[key]) for key in left],
        }
        with process(self._python, job, HASH_SEED, self._how.timeout_s) as running:
            self._halt.watch(running)
            try:
                for event in running.events():
                    if not self._take(event, running.folder, left, right):
                        raise running.garbage(event)
            finally:
                self._halt.leave(running)

    def _take(self, event: dict[str, Any], folder: Path, left: list[Any], right: list[Any]) -> bool:
        """Enters one answer; returns whether it was one."""
        match event:
            case {"event": "ready", "interpreter": {"implementation": str(name), "build": build}}:
                self._free_threaded = "free-threading" in build
                if name != CPYTHON:
                    reason = "its compiler makes of a loop what it likes; only CPython is counted"
                    self._fail(left, "no interpreter", f"{name}: {reason}")
                    left.clear()
            case {"event": "checked"} if left:
                right.append(left.pop(0))
            case {"event": "count"} if left:
                right.append(left.pop(0))
                self._enter(right[-1], read_count(event, folder))
            case {"event": "error", "kind": str(kind), "message": str(message)} if left:
                self._fail([left.pop(0)], kind, message)
            case {"event": "done"}:
                pass
            case _:
                return False
        return True

    def _enter(self, key: Any, found: Count) -> None:
        counts = self._counts.setdefault(key, [])
        counts.append(found)
        if len(counts) == self._how.layouts:
            self._tell(key, min(counts, key=lambda one: one.instructions))

    def _tell(self, key: Any, result: Count | Uncounted) -> None:
        self._found[key] = result
        if self._report is not None:
            self._report(key, result)

    def _fail(self, keys: list[Any], kind: str, message: str) -> None:
        for key in keys:
            self._tell(key, Uncounted(kind, message))


def read_count(event: Mapping[str, Any], folder: Path) -> Count:
    """Makes a count of what counter.py answered; `folder` holds the dumps that it speaks of.

    The least of each size of epoch: what comes every so many calls can only add.
    """
    calls = int(event["calls"])
    (short, long), (empty_short, empty_long) = event["epochs"], event["empty"]
    net = min(long) - min(short) - (min(empty_long) - min(empty_short))
    spread = max(max(short) - min(short), max(long) - min(long))
    return Count(net / calls, calls, spread / calls, _read_spent(event, folder, calls))


def _read_spent(event: Mapping[str, Any], folder: Path, calls: int) -> Spent:
    """Reads where the instructions of the least epochs were spent, if their dumps were kept."""
    names = [*event["profiles"], *event["empty_profiles"]]
    if not all(names):
        return {}
    # Late, as nothing else needs the parser.
    from callcost.instructions import profile

    dumps = [
        profile.read_dump(folder / kept[costs.index(min(costs))])
        for kept, costs in zip(names, [*event["epochs"], *event["empty"]], strict=True)
    ]
    return profile.per_call(dumps[:2], dumps[2:], calls)
