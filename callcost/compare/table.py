"""The report at a terminal: the changes first, then the evidence."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from rich.markup import escape

from callcost.compare.outcome import Counts, Outcome, RowOutcome, changed_versions
from callcost.console.numbers import UNKNOWN, cost_text, count, listed, percent, percent_interval
from callcost.console.outputs import output_console
from callcost.console.tables import PlainTable
from callcost.estimate.trust import quota_remarks
from callcost.paired.verdict import FASTER, NOT_SLOWER, SAME, SLOWER, UNDECIDED, direction

STYLES = {SLOWER: "bold red", FASTER: "green", UNDECIDED: "yellow", NOT_SLOWER: "", SAME: ""}
HEADINGS = (
    *("workload", "mechanism", ">base", ">head", ">time", ">", ">layouts", "verdict"),
    ">instructions",
)
# What a narrow terminal leaves out: layouts, instructions, both sides, the interval.
SPARE = (6, 8, 2, 3, 5)
MOST_NAMES = 3


def show(outcome: Outcome) -> None:
    """Prints the table, the remarks and the headline."""
    console = output_console()
    if outcome.rows:
        console.print(_table(outcome))
    for line in lines(outcome):
        console.print(escape(line))
    style = "bold red" if outcome.exit_code in (1, 2) else "bold"
    console.print(escape(outcome.headline), style=style)


def _table(outcome: Outcome) -> PlainTable:
    title = f"{outcome.base.text} -> {outcome.head.text}: ns per call, loop included"
    table = PlainTable(*HEADINGS, title=title, spare=SPARE)
    for row in outcome.rows:
        table.add(*_cells(row, outcome.rules.threshold), style=STYLES[row.verdict.word])
    return table


def _cells(row: RowOutcome, usual: float) -> Iterator[str]:
    verdict = row.verdict
    yield row.cell.workload
    yield row.cell.mechanism
    yield cost_text(verdict.base_ns)
    yield cost_text(verdict.head_ns)
    yield percent(verdict.change.value, signed=True)
    yield percent_interval(verdict.change)
    yield spread_text(verdict.spread)
    yield verdict_text(verdict.word, row.threshold, usual)
    yield instructions_text(row.counts)


def verdict_text(word: str, threshold: float, usual: float) -> str:
    """Writes a verdict, with the row's threshold if it is not the usual one."""
    return word if threshold == usual else f"{word} (threshold {percent(threshold)})"


def spread_text(spread: float) -> str:
    """Writes how far the change differs between layouts; empty if there is one layout."""
    return f"±{percent(spread)}" if math.isfinite(spread) else ""


def instructions_text(counts: Counts | None) -> str:
    """Writes the instructions of both sides if they differ, or of head."""
    if counts is None:
        return ""
    if counts.base is None or counts.head is None:
        return "not counted"
    if not counts.changed:
        return f"{counts.head:,.0f}"
    return f"{counts.base:,.0f} -> {counts.head:,.0f}"


def lines(outcome: Outcome) -> list[str]:
    """Says in sentences what was compared, what was not, and what the controls show."""
    said = [f"base: {outcome.base.source}", f"head: {outcome.head.source}"]
    said += [
        f"{name} is {before} in base, {after} in head."
        for name, (before, after) in changed_versions(outcome).items()
    ]
    said += [f"Added in head: {cell} (base: {why})" for cell, why in outcome.added.items()]
    said += [f"Removed in head: {cell} ({why})" for cell, why in outcome.removed.items()]
    said += [f"On neither side: {cell} ({why})" for cell, why in outcome.nowhere.items()]
    said += [f"FAILED {failure}" for failure in outcome.comparison.failures]
    said += _reach(outcome)
    if outcome.rows:
        said += [*_trust(outcome), *layout_lines(outcome), *_instructions(outcome)]
    return [*said, *outcome.notes]


def _reach(outcome: Outcome) -> Iterator[str]:
    found = outcome.reach
    if not found.requirements:
        return
    names = listed(found.requirements)
    verb = "does" if len(found.requirements) == 1 else "do"
    if found.same:
        cells = ", ".join(map(str, found.same))
        yield (
            f"{names} {verb} not reach the build of {cells}: both sides run the same compiled "
            "code and the same Python files there. These rows were not measured, and say nothing "
            f"about {names}."
        )
    reasons: dict[str, list[str]] = {}
    for cell, why in found.unknown.items():
        reasons.setdefault(why, []).append(str(cell))
    for why, cells_of_it in reasons.items():
        yield (
            f"Whether {names} {'reaches' if verb == 'does' else 'reach'} "
            f"{', '.join(cells_of_it)} could not be decided: {why}."
        )


def _trust(outcome: Outcome) -> Iterator[str]:
    verdicts = [row.verdict for row in outcome.rows]
    least, most = (limit(verdict.quartets for verdict in verdicts) for limit in (min, max))
    quartets = count(most, "quartet") if least == most else f"{least} to {most} quartets"
    floor = float(np.max([verdict.floor for verdict in verdicts]))
    yield (
        f"{quartets} of processes on CPU {outcome.comparison.cpu} in "
        f"{outcome.comparison.wall_s:.0f} s, each row until it was settled. "
        f"Each interval has {outcome.rules.confidence:.2%}, 95% for all rows together, at every "
        "look. "
        f"A slower row exceeds {outcome.limit} and its own twins."
    )
    twins = f"at most {percent(floor)}" if floor == floor else f"an {UNKNOWN} share"
    yield f"Controls: two processes of the same side differed by {twins}" + (
        f", a builtin function across sides by {percent(outcome.control.change.value)}"
        + ("." if outcome.same_interpreter else " (two interpreters: no control).")
        if outcome.control
        else "."
    )
    if given_up := outcome.undecidable:
        yield (
            f"Given up early, because processes or layouts differ too much for the threshold: "
            f"{listed(given_up)}."
        )
    yield from quota_remarks(outcome.comparison.state)


def layout_lines(outcome: Outcome) -> Iterator[str]:
    """Says what belongs to the layout of a build, and not to its code."""
    layouts = outcome.comparison.layouts
    if layouts > 1:
        yield (
            f"Both sides were linked in {layouts} layouts: the same functions and data in other "
            "orders. Intervals cover all of them; ± is the standard deviation of a layout's change."
        )
    for row in outcome.lucky:
        change = row.verdict.as_built
        word = direction(change, row.threshold)
        yield (
            f"{row.cell}: this build happens to be {percent(change.value)} {word} "
            f"{percent_interval(change)}; its code is not."
        )
    reasons: dict[str, list[str]] = {}
    for name, why in outcome.unmoved.items():
        reasons.setdefault(why, []).append(name)
    for why, names in reasons.items():
        if len(names) > MOST_NAMES:
            names[MOST_NAMES:] = [f"{len(names) - MOST_NAMES} more"]
        yield f"One layout only, so that intervals describe this build: {listed(names)} ({why})."


def _instructions(outcome: Outcome) -> Iterator[str]:
    reasons = {counts.why_not for counts in outcome.counts.values() if counts.why_not}
    yield from (f"Instructions were not counted: {reason}" for reason in sorted(reasons))
    moved = [row for row in outcome.rows if row.counts and row.counts.changed]
    if moved:
        yield (
            f"Instructions per call changed in {count(len(moved), 'row')} (more than 0.5% or 2); "
            "instructions are not time, and decide nothing here."
        )
