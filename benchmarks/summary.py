"""What is shown of a run in the running interpreter: answers, labels, marks and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from rich.console import RenderableType
from rich.text import Text

from callcost.benchmarks.break_even import REFERENCE, break_even_table, sweep
from callcost.benchmarks.contenders import build
from callcost.benchmarks.facts import facts
from callcost.benchmarks.facts.marks import LEGEND, OWN_CODE, Marks, named
from callcost.benchmarks.ladder import rungs
from callcost.benchmarks.tools import title_of, workload_label
from callcost.bindings import registry
from callcost.bindings.registry import mechanisms
from callcost.console.numbers import plus_minus, short_ratio
from callcost.estimate.estimate import MIN_EFFECT, GroupEstimate
from callcost.estimate.record import Record
from callcost.estimate.sheet import Sheet, SheetRow, Wording, sheet_of
from callcost.estimate.trust import trust
from callcost.model.group import ELSEWHERE
from callcost.pytest_plugin.summary import Summary

# The facts of each mechanism, by the name of the interpreter; that of the running one is "".
FactsOf = Mapping[str, Mapping[str, facts.Facts]]


@cache
def labels() -> dict[str, str]:
    """What people call each mechanism, by name."""
    return {mechanism.name: named(mechanism.name) for mechanism in mechanisms()}


def wording_of(group: str, known: FactsOf, marks: Marks) -> Wording:
    """Writes a group's title, and beside each contender its facts and marks."""
    workload, _, place = group.partition(ELSEWHERE)
    notes = {
        name: (facts.letters(found), marks.of(name, workload))
        for name, found in known.get(place, {}).items()
    }
    joined = {name: " ".join(note).rstrip() for name, note in notes.items()}
    return Wording(title_of(group), labels(), joined)


def legend() -> str:
    """Says what the letters and marks mean."""
    return f"{facts.legend()} {LEGEND}."


def summary_of(record: Record) -> Summary:
    """Sums a record up as the run itself did."""
    environment, marks = record.environment, Marks.of_record(record.document)
    claimed, tables = own_tables(record.estimates)
    sheets = [
        sheet_of(estimate, record.aa_error, wording_of(name, {"": environment["facts"]}, marks))
        for name, estimate in record.estimates.items()
        if name not in claimed
    ]
    return Summary(
        answers=list(answers(sheets, record.aa_error)),
        sheets=sheets,
        legend=legend(),
        extra=tables,
        trust=trust(record.run, record.estimates),
    )


def own_tables(estimates: Mapping[str, GroupEstimate]) -> tuple[list[str], list[RenderableType]]:
    """Returns the groups of the sweep, and one table in place of theirs; then what is missing."""
    names = list(sweep(estimates).values())
    table: list[RenderableType] = [break_even_table(dict(estimates))] if names else []
    return names, [*table, *not_built()]


def not_built() -> Iterator[Text]:
    """Lists the mechanisms and rungs that are not in the run, with the reasons."""
    missing = {mechanism.name: build().missing(mechanism) for mechanism in mechanisms()}
    for name, damage in registry.left_out(build()).items():
        yield Text(f"Not measured: {name} (damaged: {damage})")
    missing |= {rung.name: rung.missing for rung in rungs()}
    for name, reason in missing.items():
        if reason is not None:
            yield Text(f"Not measured: {name} (not built: {reason})")


def answers(sheets: Sequence[Sheet], aa_error: float) -> Iterator[str]:
    """Says of each group what the leanest and the dearest call of the C cost, aligned."""
    found = [(_subject(sheet), _ways(sheet)) for sheet in sheets]
    told = [(title, ways) for title, ways in found if ways]
    width = max((len(title) for title, _ in told), default=0)
    room = max((len(plus_minus(ways[0].net_ns)) for _, ways in told), default=0)
    trusted = f" (trust differences above {max(aa_error, MIN_EFFECT):.1%})"
    for title, ways in told:
        cost = plus_minus(ways[0].net_ns)
        yield f"{title:{width}}   {cost:>{room}} per call through {_through(ways)}{trusted}"
        # Said once.
        trusted = ""


def _subject(sheet: Sheet) -> str:
    workload, at, place = sheet.name.partition(ELSEWHERE)
    return f"{workload_label(workload)}{at}{place}"


def _ways(sheet: Sheet) -> list[SheetRow]:
    """Lists the rows that call the C, the leanest first; none if the group is inconclusive."""
    if sheet.inconclusive:
        return []
    return [
        row
        for row in sheet.rows
        if not row.is_floor and row.name != REFERENCE and OWN_CODE not in row.marks
    ]


def _through(ways: Sequence[SheetRow]) -> str:
    leanest, dearest = ways[0], ways[-1]
    if len(ways) == 1 or leanest.net_ns.low <= 0:
        return leanest.called
    times = dearest.net_ns.value / leanest.net_ns.value
    return f"{leanest.called}; {short_ratio(times)} times that through {dearest.called}"
