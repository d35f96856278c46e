"""Times one expression, or two against each other: what `callcost time` is made of.

The instrument is the same as for a whole suite: literal call sites, interleaved passes, fresh
processes, an empty loop, an A/A twin and a yardstick. So are the estimates; only the words are
for somebody who asks about one call.
"""

from __future__ import annotations

import ast
import dis
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from callcost import machine
from callcost.coordinator import MIN_PASSES, Progress, Run, Settings, measure
from callcost.environment import scout
from callcost.errors import CallcostError
from callcost.estimate import MIN_EFFECT, GroupEstimate, Interval
from callcost.job import Contender, Environment, Group
from callcost.process import WorkerError
from callcost.worker import SCOUT_REPEATS

GROUP = "time"
NAMES = ("the expression", "the expression of --vs")
# An interval needs several processes, and each of them costs some 0.1 s to start.
PROCESSES = 20
FEW_PROCESSES = 10
SECONDS = 5.0
# Without a budget of the user's own, a call that takes long may take so much longer.
PATIENCE_S = 60.0
# Beside its epochs, each process sets every contender up and calls it once.
START_UP_S = 0.1
CHECKS = 1
# What the compiler leaves of a constant, or of nothing at all.
IDLE = {"RESUME", "NOP", "CACHE", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST"}


class ExpressionError(CallcostError):
    """An expression or a set-up that cannot be timed; the text says what is wrong and where."""


@dataclass(frozen=True)
class Asked:
    """An expression and the lines that set it up."""

    call: str
    setup: str = ""


@dataclass(frozen=True)
class Timed:
    """What was found.

    `rows` has for each expression its row in the estimate, None where the compiler leaves
    nothing of it. Without any row there is neither estimate nor run.
    """

    asked: tuple[Asked, ...]
    rows: tuple[int | None, ...]
    run: Run | None
    python: str

    @cached_property
    def estimate(self) -> GroupEstimate | None:
        """The estimates of what was measured."""
        return None if self.run is None else GroupEstimate(self.run.groups[GROUP])

    def nothing_left(self, number: int) -> bool:
        """Whether an expression costs nothing that could be told from the empty loop."""
        row = self.rows[number]
        return row is None or self.estimate is None or not self.estimate.net_ns(row).low > 0

    @property
    def inconclusive(self) -> bool:
        """Whether the A/A twin moved: nothing can be said just now."""
        twin_costs = self.estimate is not None and self.estimate.net_ns(0).low > 0
        return twin_costs and self.estimate is not None and self.estimate.inconclusive

    @property
    def ratio(self) -> Interval | None:
        """The cost of the first expression as a multiple of the second's, if both cost anything."""
        if self.estimate is None or len(self.asked) < 2 or any(map(self.nothing_left, (0, 1))):
            return None
        return self.estimate.ratio(0, 1)

    @property
    def trusted_share(self) -> float:
        """The smallest difference that can be trusted just now, from the A/A twin: 0.01 is 1%."""
        if self.estimate is None:
            return MIN_EFFECT
        twin = self.estimate.twin_ratio
        ends = [abs(end - 1) for end in (twin.low, twin.high) if not np.isnan(end)]
        return max(MIN_EFFECT, *ends) if ends else MIN_EFFECT

    @property
    def verdict(self) -> str:
        """One word for the comparison: `slower`, `faster`, `same`, `inconclusive`, or empty."""
        if self.inconclusive:
            return "inconclusive"
        if (ratio := self.ratio) is None:
            return ""
        limit = 1 + self.trusted_share
        if ratio.low > 1 + MIN_EFFECT and ratio.value > limit:
            return "slower"
        return "faster" if ratio.high < 1 / (1 + MIN_EFFECT) and ratio.value < 1 / limit else "same"

    def as_json(self) -> dict[str, Any]:
        """Returns the figures for `--json`."""
        found: dict[str, Any] = {
            "expressions": [self._facts(number) for number in range(len(self.asked))],
            "ratio": None if self.ratio is None else self.ratio.as_list(),
            "verdict": self.verdict,
            "trusted_share": self.trusted_share,
            "python": self.python,
            "machine": machine.identity(),
        }
        if self.run is None or self.estimate is None:
            return found
        return {
            **found,
            "twin_ratio": self.estimate.twin_ratio.as_list(),
            "empty_loop_ns": self.estimate.empty_ns.as_list(),
            "processes": len(self.estimate.times.processes),
            "processes_used": len(self.estimate.usable),
            "disturbed_share": self.estimate.disturbed_share,
            "wall_s": self.run.wall_s,
            "not_pinned": self.run.not_pinned,
            "state": self.run.state,
        }

    def _facts(self, number: int) -> dict[str, Any]:
        asked, row = self.asked[number], self.rows[number]
        facts = {
            "call": asked.call,
            "setup": asked.setup,
            "nothing_left": self.nothing_left(number),
        }
        if row is None or self.estimate is None:
            return facts
        return {
            **facts,
            "cost_ns": self.estimate.net_ns(row).as_list(),
            "gross_ns": self.estimate.gross_ns(row).as_list(),
            "processes_ns": self.processes_ns(row),
            "preempted_epochs": self.estimate.preempted(row),
        }

    def processes_ns(self, row: int) -> list[float]:
        """Lists what the call cost in each process, net, in ns."""
        assert self.estimate is not None
        gross_ns, empty_ns = self.estimate.gross_by_process[[row, self.estimate.size]]
        return [float(cost) for cost in gross_ns - empty_ns if not np.isnan(cost)]


def read(asked: Asked, what: str) -> Contender | None:
    """Makes the contender, or None if the compiler leaves nothing of the expression.

    Raises ExpressionError, with the place, for what is no expression or no set-up.
    """
    _parse(asked.setup, "exec", f"the set-up of {what}")
    if not asked.call.strip():
        raise ExpressionError(f"{what} is empty: give an expression, such as 'abs(-1)'")
    try:
        tree = _parse(asked.call.strip(), "eval", what)
    except ExpressionError:
        _refuse_statement(asked.call, what)
        raise
    _refuse_unfit(tree, what)
    # On one line and without comments, as it will stand in a line many times.
    call = ast.unparse(tree)
    # Not the first statement: a text there would be kept as the docstring.
    code = compile(f"pass; {call}", what, "exec")
    if {instruction.opname for instruction in dis.get_instructions(code)} <= IDLE:
        return None
    # As with timeit, modules of the current folder can be imported.
    here = f"__import__('sys').path.insert(0, {str(Path.cwd())!r})"
    return Contender(what, f"{here}\n{asked.setup}", call)


def time_expressions(
    asked: Sequence[Asked],
    report: Callable[[Progress], None],
    *,
    seconds: float | None = None,
    processes: int | None = None,
    environment: Environment | None = None,
) -> Timed:
    """Measures one expression, or two against each other, in about so many seconds.

    Raises ExpressionError for what fails or would take much longer, and KeyboardInterrupt.
    """
    made = [read(one, name) for one, name in zip(asked, NAMES, strict=False)]
    contenders = tuple(contender for contender in made if contender is not None)
    python = sys.version.split()[0] if environment is None else environment.facts["python_version"]
    rows = tuple(contenders.index(one) if one is not None else None for one in made)
    if not contenders:
        return Timed(tuple(asked), rows, None, python)
    group = Group(GROUP, contenders, environment=environment)
    settings = Settings(
        processes=processes or PROCESSES,
        row_s=(seconds or SECONDS) / len(contenders),
        silence_s=max(Settings.silence_s, seconds or 0),
    )
    settings = _affordable(settings, _scout(group, settings), seconds, processes)
    run = measure([group], settings, report)
    if run.interrupted:
        raise KeyboardInterrupt
    for failure in run.failures.values():
        raise ExpressionError(_said(failure.contender, failure.kind, failure.message))
    return Timed(tuple(asked), rows, run, python)


def _scout(group: Group, settings: Settings) -> list[float]:
    """Makes a few calls of each contender, in a process of its own; returns the ns of one call."""
    costs_ns = []
    for contender in group.contenders:
        try:
            costs_ns.append(scout(contender, group.environment, settings.silence_s))
        except WorkerError as error:
            raise ExpressionError(_said(contender.name, error.kind, str(error))) from error
    return costs_ns


def _affordable(
    settings: Settings, costs_ns: list[float], seconds: float | None, processes: int | None
) -> Settings:
    """Returns settings by which calls of this length can be timed; raises ExpressionError.

    Calls that take long are timed in fewer processes, and may take PATIENCE_S if no budget is
    given.
    """
    # The twin of the first takes part as well.
    pass_s = (sum(costs_ns) + costs_ns[0]) / 1e9
    process_s = START_UP_S + pass_s * (MIN_PASSES + CHECKS)
    budget_s = seconds or SECONDS
    if process_s * settings.processes > budget_s and processes is None:
        settings = replace(settings, processes=FEW_PROCESSES)
    # The scout that every run begins with makes more calls than a process's check.
    needed_s = process_s * settings.processes + pass_s * (SCOUT_REPEATS + CHECKS)
    if needed_s > 2 * budget_s and needed_s > (PATIENCE_S if seconds is None else 0):
        raise ExpressionError(
            f"a call takes {max(costs_ns) / 1e9:.3g} s, so that {settings.processes} processes "
            f"with {MIN_PASSES} passes each need about {needed_s:.0f} s: allow them by "
            f"--seconds {np.ceil(needed_s):.0f}"
        )
    return settings


def _refuse_unfit(tree: ast.AST, what: str) -> None:
    """Raises ExpressionError for an expression that would do more than be evaluated."""
    for node in ast.walk(tree):
        # Both would end or suspend the loop that the expression is compiled into.
        if isinstance(node, ast.Await | ast.Yield | ast.YieldFrom):
            raise ExpressionError(
                f"{what} awaits or yields, which works within a function only: call one instead"
            )
        if isinstance(node, ast.NamedExpr):
            raise ExpressionError(f"{what} assigns with :=, so that it is more than an expression")


def _parse(source: str, mode: str, what: str) -> ast.AST:
    try:
        return ast.parse(source, what, mode)
    except SyntaxError as error:
        at = f"line {error.lineno}, column {error.offset}"
        raise ExpressionError(f"{what} has a syntax error at {at}: {error.msg}") from error
    except ValueError as error:
        raise ExpressionError(f"{what} cannot be read: {error}") from error


def _refuse_statement(call: str, what: str) -> None:
    """Raises ExpressionError for what would be right as a statement."""
    try:
        tree = ast.parse(call)
    except (SyntaxError, ValueError):
        return
    kinds = ", ".join(dict.fromkeys(type(node).__name__.lower() for node in tree.body))
    raise ExpressionError(
        f"{what} is no expression but a statement ({kinds}): put statements into --setup and "
        "time an expression, or call a function that the set-up defines"
    )


def _said(contender: str, kind: str, message: str) -> str:
    """Says what went wrong with which expression, and what to do."""
    hints = {
        "hang": "; a call that is meant to take so long needs a budget (--seconds)",
        "garbage": ": what prints costs what its terminal costs, so time it without that",
    }
    return f"{contender}: {kind}: {message}{hints.get(kind, '')}"
