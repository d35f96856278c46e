"""Runs one worker process after another and collects their times.

Each process visits every group of the run, in a different order. This spreads the samples of a
row over the whole run, so that a slow phase of the machine affects all rows alike. In a run with
several environments, a round has a process for each, and these take turns, a pass at a time: a
machine's pace changes within seconds.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any

import numpy as np

from callcost.model.contender import Contender
from callcost.model.group import Controls, Group, controls_for, make_group
from callcost.model.layout import AS_BUILT, Layout
from callcost.model.plan import Plan, Settings
from callcost.model.run import NO_COST, Failure, GroupTimes, Progress, Run
from callcost.run import machine, quota
from callcost.run.planning import (
    is_due,
    plan_group,
    plan_programs,
    processes_of,
    row_time_ns,
    scouting_plan,
    scouting_s,
)
from callcost.run.process import WorkerError, WorkerProcess, bound, describe_group

HASH_SEEDS = 2**32 - 1
# A call that costs less than this many turns of the empty loop fails with NO_COST.
NO_COST_TURNS = 3


def choose_cpu() -> int | None:
    """Chooses the CPU for all workers: the last one, because the first serves most interrupts."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    return max(os.sched_getaffinity(0))


def measure(
    groups: Sequence[Group],
    settings: Settings,
    report: Callable[[Progress], None],
    delays: Group | None = None,
    layouts: Sequence[Layout] = (),
) -> Run:
    """Measures all groups; records failures in `failures`; keeps the results if interrupted.

    The group `delays` is measured with them; its failure does not affect them. Each process of the
    running interpreter loads one of the `layouts`, and each of an environment one of its own;
    without any, the files as built. A round has a process for each, with the same layout's number.
    """
    seed = random.SystemRandom().getrandbits(32) if settings.seed is None else settings.seed
    run = Run(settings, choose_cpu() if settings.cpu is None else settings.cpu, seed)
    watch = machine.Watch(run.cpu)
    start_s = time.monotonic()
    try:
        _Coordinator(run, groups, report, delays, layouts).run()
    except KeyboardInterrupt:
        run.interrupted = True
    if delays is not None:
        _separate_delays(run, delays.name)
    run.wall_s = time.monotonic() - start_s
    run.state = watch.state()
    return run


def _separate_delays(run: Run, name: str) -> None:
    """Moves the delays out of the run's groups; a failure of theirs becomes `delays_missing`."""
    times = run.groups.pop(name, None)
    failures = [run.failures.pop(key) for key in list(run.failures) if key[0] == name]
    if failures:
        run.delays_missing = str(failures[0])
    elif times is None or len(times.processes) < run.settings.min_processes:
        run.delays_missing = "too few processes have measured them"
    else:
        run.delays = times


# Which workload a process is about to time, as a number in the order of the round, and the share of
# its passes that are done.
Turn = tuple[int, float]


def take_turns(visits: Sequence[Iterator[Turn]], shuffler: random.Random) -> None:
    """Works visits off, each in turn up to its next pass: always the one that is farthest behind.

    So the passes of a workload are spread alike, however many each visit has.
    """
    waiting = dict.fromkeys(visits, (-1, 0.0))
    while waiting:
        visit = min(waiting, key=lambda visit: (waiting[visit], shuffler.random()))
        turn = next(visit, None)
        if turn is None:
            del waiting[visit]
        else:
            waiting[visit] = turn


class _Coordinator:
    """Runs the processes of one run; a group keeps its number when others are left out."""

    def __init__(
        self,
        run: Run,
        groups: Sequence[Group],
        report: Callable[[Progress], None],
        delays: Group | None = None,
        layouts: Sequence[Layout] = (),
    ) -> None:
        self._run = run
        self._layouts = tuple(layouts)
        # Delays come last: a group's number decides which contender gets a twin.
        self._groups = dict(enumerate(groups if delays is None else [*groups, delays]))
        self._delays = None if delays is None else len(groups)
        self._report = report
        self._random = random.Random(run.seed)
        self._call_ns: dict[int, list[float]] = {}
        self._round = 0
        self._cpu_stat = [str(path) for path in quota.read().stats]

    def run(self) -> None:
        total = self._run.settings.processes
        self._report(Progress(0, total, "checking every call"))
        plans: dict[int, Plan] = {}
        for numbers in self._by_place(self._groups):
            start_up_s = self._scout(numbers)
            plans |= self._plan([n for n in numbers if n in self._groups], start_up_s)
        for number, plan in plans.items():
            group = self._groups[number]
            self._run.groups[group.name] = GroupTimes(group, self._controls(number), plan)
        for done, layout in zip(range(total), self._dealt(), strict=False):
            self._report(Progress(done, total, f"process {done + 1} of {total}"))
            self._round = done
            due = [n for n in self._left() if is_due(self._groups[n], done, total)]
            self._work_off({n: plans[n] for n in due}, layout)
        self._report(Progress(total, total, "measured"))

    def _dealt(self) -> Iterator[int]:
        """Yields the layout of each process, all equally often: its number, 0 for as built."""
        most = max((len(self._layouts_of(group)) for group in self._groups.values()), default=0)
        while True:
            deck = list(range(1, most + 1)) or [AS_BUILT]
            self._random.shuffle(deck)
            yield from deck

    def _left(self) -> list[int]:
        """Lists the groups that have not failed; empty if only the delays are left."""
        return [] if list(self._groups) == [self._delays] else list(self._groups)

    def _by_place(self, numbers: Iterable[int]) -> list[list[int]]:
        """Splits groups by environment."""
        places: dict[str, list[int]] = {}
        for number in numbers:
            places.setdefault(self._groups[number].place, []).append(number)
        return list(places.values())

    def _controls(self, number: int) -> Controls:
        return controls_for(self._groups[number], number)

    def _contenders(self, number: int) -> tuple[Contender, ...]:
        return self._groups[number].timed_with(self._controls(number))

    def _scout(self, numbers: list[int]) -> float:
        """Checks every call and estimates its cost; returns a process's start-up time in s.

        A contender that fails here is left out, and the rest of its group is tried again.
        """
        start_up_s = 0.0
        while left := [n for n in numbers if n in self._groups and n not in self._call_ns]:
            start_s = time.monotonic()
            self._work_off({number: scouting_plan(self._groups[number]) for number in left})
            wall_s = time.monotonic() - start_s
            costs = [cost for number in left for cost in self._call_ns.get(number, [])]
            start_up_s = max(start_up_s, wall_s - scouting_s(costs))
        return start_up_s

    def _plan(self, numbers: list[int], start_up_s: float) -> dict[int, Plan]:
        """Divides the time of one process evenly among all rows of an environment."""
        settings = self._run.settings
        rows = sum(len(self._groups[number].members) for number in numbers)
        if not rows:
            return {}
        processes = processes_of(self._groups[numbers[0]], settings.processes)
        row_ns = row_time_ns(rows, settings.row_s, processes, start_up_s)
        plans = {}
        for number in numbers:
            contenders = self._contenders(number)
            calls = list(zip(contenders, self._call_ns[number], strict=True))
            costs = [cost for contender, cost in calls if not contender.program]
            by_name = {contender.name: cost for contender, cost in calls}
            self._groups[number] = plan_programs(self._groups[number], by_name)
            plan = plan_group(self._groups[number], costs, len(calls) - len(costs), row_ns)
            plans[number] = replace(plan, stack_places=settings.stack_places)
        return plans

    def _work_off(self, plans: dict[int, Plan], layout: int = AS_BUILT) -> None:
        """Visits every planned group once; environments visit their groups in the same order."""
        workloads = list(dict.fromkeys(self._groups[number].workload for number in plans))
        self._random.shuffle(workloads)
        order = {number: workloads.index(self._groups[number].workload) for number in plans}
        places = self._by_place(sorted(plans, key=order.__getitem__))
        self._random.shuffle(places)
        takes_turns = len(places) > 1
        with ExitStack() as stack:
            visits = []
            for numbers in places:
                left = {number: plans[number] for number in numbers}
                visit = self._visit(left, layout, order, takes_turns=takes_turns)
                visits.append(stack.enter_context(closing(visit)))
            if takes_turns:
                # On another CPU, it would let the workers' CPU fall idle between any two turns.
                stack.enter_context(bound(self._run.cpu))
            take_turns(visits, self._random)

    def _visit(
        self, left: dict[int, Plan], layout: int, order: Mapping[int, int], *, takes_turns: bool
    ) -> Generator[Turn]:
        """Works through the groups of one environment, in a new process whenever one dies.

        If it takes turns, it yields before each pass.
        """
        group = self._groups[next(iter(left))]
        if layout > len(self._layouts_of(group)):
            layout = AS_BUILT
        while left:
            numbers = list(left)
            before = len(left)
            hash_seed = self._random.randrange(HASH_SEEDS)
            self._run.hash_seeds.append(hash_seed)
            began = False
            job = {
                "seed": self._random.getrandbits(32),
                "groups": [
                    describe_group(self._linked(n, layout), left[n], self._cpu_stat)
                    for n in numbers
                ],
            }
            try:
                with self._start(group, job, hash_seed, layout, takes_turns=takes_turns) as process:
                    self._run.not_pinned = process.not_pinned
                    for event in process.events():
                        match event:
                            case {"event": "turn", "group": int(position), "done": float(done)} if (
                                takes_turns and 0 <= position < len(numbers)
                            ):
                                yield order[numbers[position]], done
                                process.go()
                                continue
                            case {"event": "ready"}:
                                began = True
                        if not self._take(event, numbers, left, layout):
                            raise process.garbage(event)
                    if len(left) == before:
                        raise process.garbage("nothing")
            except WorkerError as failed:
                self._give_up(failed, numbers, left, began=began)

    def _linked(self, number: int, layout: int) -> tuple[Contender, ...]:
        """Returns the contenders of a group with the files of a layout."""
        contenders = self._contenders(number)
        if layout == AS_BUILT:
            return contenders
        moved = self._layouts_of(self._groups[number])[layout - 1]
        return tuple(map(moved.contender, contenders))

    def _layouts_of(self, group: Group) -> Sequence[Layout]:
        """Returns the layouts of a group's interpreter; number 1 is the first."""
        return self._layouts if group.environment is None else group.environment.layouts

    def _start(
        self,
        group: Group,
        job: dict[str, Any],
        hash_seed: int,
        layout: int,
        *,
        takes_turns: bool,
    ) -> WorkerProcess:
        settings = self._run.settings
        python = settings.python if group.environment is None else group.environment.python
        packages = ""
        if layout != AS_BUILT:
            moved = self._layouts_of(group)[layout - 1]
            # An interpreter of its own finds its packages by itself.
            python, packages = (moved.python, "") if moved.python else (python, moved.folder)
        return WorkerProcess(
            python,
            job,
            hash_seed,
            settings.silence_s,
            self._run.cpu,
            packages=packages,
            takes_turns=takes_turns,
        )

    def _take(
        self, event: dict[str, Any], numbers: list[int], left: dict[int, Plan], layout: int
    ) -> bool:
        """Records one worker message. Returns False if it is malformed."""
        match event:
            case {"event": "estimates", "group": int(position), "call_ns": list(call_ns)}:
                del left[numbers[position]]
                self._keep_estimates(numbers[position], call_ns)
            case {"event": "times", "group": int(position), "epoch_ns": list(epoch_ns)}:
                del left[numbers[position]]
                times = self._run.groups[self._groups[numbers[position]].name]
                rows = [*epoch_ns, *event["empty_ns"]]
                times.processes.append(np.array(rows, dtype=np.int64))
                times.layouts.append(layout)
                times.rounds.append(self._round)
                times.reports.append(event["reports"])
                self._run.throttled_passes += int(event["throttled"])
            case {"event": "error", "group": int(position), "contender": int(contender)}:
                del left[numbers[position]]
                self._blame(numbers[position], contender, event["kind"], event["message"])
            case {"event": "ready" | "done"}:
                pass
            case _:
                return False
        return True

    def _keep_estimates(self, number: int, call_ns: list[float]) -> None:
        """Keeps the rough costs, and leaves out calls that a compiler has optimised away.

        A ratio to such a call would be noise.
        """
        group = self._groups[number]
        limit_ns = NO_COST_TURNS * call_ns[len(group.contenders)] if group.compiles_loops else 0
        gone = [index for index in range(len(group.contenders)) if call_ns[index] < limit_ns]
        for index in reversed(gone):
            self._fail(number, index, NO_COST, "the interpreter's compiler optimises it away")
        if number in self._groups:
            self._call_ns[number] = [ns for index, ns in enumerate(call_ns) if index not in gone]

    def _give_up(
        self, failed: WorkerError, numbers: list[int], left: dict[int, Plan], *, began: bool
    ) -> None:
        """Fails the contender that a worker died of; all its groups if it made no call."""
        if not began:
            for number in left:
                self._blame(number, None, failed.kind, f"{failed}, before any call was made")
            left.clear()
            return
        # A worker works through its groups in order, so it was in this one. The position comes
        # from the worker alone, and a call that writes out of bounds may have overwritten it.
        number = next(n for n in numbers if n in left)
        del left[number]
        known = failed.group == numbers.index(number)
        self._blame(number, failed.contender if known else None, failed.kind, str(failed))

    def _blame(self, number: int, contender: int | None, kind: str, message: str) -> None:
        """Fails a contender if it is known, otherwise the whole group."""
        if number not in self._groups:
            return
        if contender is None or not 0 <= contender < len(self._contenders(number)):
            self._fail_group(number, kind, message)
        else:
            self._fail(number, contender, kind, message)

    def _fail(self, number: int, index: int, kind: str, message: str) -> None:
        """Leaves out a contender; fails the whole group if its timing has begun."""
        group = self._groups[number]
        contender = self._contenders(number)[index]
        failure = Failure(group.name, contender.name, kind, message)
        if contender not in group.members or number in self._call_ns:
            self._fail_group(
                number, kind, f"not measured, because {contender.name} failed: {message}"
            )
        self._run.failures[group.name, contender.name] = failure
        ranked, floors = (
            [c for c in row if c is not contender] for row in (group.contenders, group.floors)
        )
        if number in self._groups:
            self._groups[number] = make_group(group.name, ranked, floors, group.environment)
            if not ranked and not floors:
                del self._groups[number]

    def _fail_group(self, number: int, kind: str, message: str) -> None:
        group = self._groups.pop(number)
        self._run.groups.pop(group.name, None)
        for contender in group.members:
            failure = Failure(group.name, contender.name, kind, message)
            self._run.failures.setdefault((group.name, contender.name), failure)
