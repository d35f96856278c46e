"""The sheet of a group: the data that every table and chart of it shows.

Terminal, documents, charts and site all take costs, ranks, ties and ratios from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from callcost.console.numbers import rank_text
from callcost.estimate.estimate import GroupEstimate
from callcost.model.interval import Interval


@dataclass(frozen=True)
class Wording:
    """What a suite calls a group and its contenders, and the marks that it shows beside them.

    title: for the group; empty if its name says enough. labels, marks: by contender.
    """

    title: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SheetRow:
    """One contender or floor; costs are in ns per call.

    number: its row in the estimate.
    called: what people call it.
    rank: empty if it has none; ends with = if it is a tie.
    ratio: to the fastest contender; None if the group is inconclusive.
    marks: letters to show beside its name.
    """

    number: int
    name: str
    called: str
    net_ns: Interval
    gross_ns: Interval
    rank: str
    ratio: Interval | None
    marks: str
    is_floor: bool
    is_fastest: bool


NO_WORDS = Wording()


@dataclass(frozen=True)
class Sheet:
    """A group: its contenders, fastest first, then its floors, and the cost of its empty loop."""

    name: str
    title: str
    rows: tuple[SheetRow, ...]
    empty_ns: float
    inconclusive: bool


def sheet_of(estimate: GroupEstimate, aa_error: float, wording: Wording = NO_WORDS) -> Sheet:
    """Makes the sheet of a group; `aa_error` is the run's.

    An inconclusive group has neither ranks nor ratios.
    """
    ranks = {} if estimate.inconclusive else estimate.ranks(aa_error)
    ratios = None if estimate.inconclusive else estimate.ratios_to(estimate.fastest)
    rows = [
        SheetRow(
            number,
            name := estimate.names[number],
            wording.labels.get(name, name),
            estimate.net_ns(number),
            estimate.gross_ns(number),
            rank_text(ranks[number], ranks.values()) if number in ranks else "",
            None if ratios is None else ratios[number],
            wording.marks.get(name, ""),
            is_floor=number in estimate.floors,
            is_fastest=number == estimate.fastest,
        )
        for number in (*estimate.order, *estimate.floors)
    ]
    group = estimate.times.group.name
    title = wording.title or group
    return Sheet(group, title, tuple(rows), estimate.empty_ns.value, estimate.inconclusive)
