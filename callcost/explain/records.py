"""Explanations on disk, and the differences of two.

A record has every function of a call, by an index into one list of frames, so that the parts can be
recomputed with other rules.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

from callcost.console.files import shown
from callcost.console.numbers import number
from callcost.console.outputs import output_console
from callcost.console.tables import PlainTable
from callcost.estimate import reading
from callcost.estimate.layouts import MOST, ExplainedRow, ExplanationFile
from callcost.explain.explanation import Chapter, Explained, Explanation
from callcost.explain.parts import PARTS, Placed, object_name
from callcost.model.instructions import Frame, Stack
from callcost.model.interval import Interval

VERSION = 1
KIND = "explanation"
# Callers kept of each function: more than any rule needs.
KEPT_CALLERS = 11
# Instructions, a part, and the numbers of frames, the callee first.
SPENT = re.compile(
    r"(-?[0-9]{1,20}(?:\.[0-9]{1,20})?(?:e[+-]?[0-9]{1,3})?) ([a-z]+)((?: [0-9]{1,9})+)"
)


def as_text(explanation: Explanation) -> str:
    """Return an explanation as JSON, one line for each function."""
    frames: dict[Frame, int] = {}
    chapters = [
        {
            "name": chapter.name,
            "call": chapter.call,
            "inconclusive": chapter.inconclusive,
            "uncounted": dict(chapter.uncounted),
            "rows": [_row_facts(row, frames) for row in chapter.rows],
        }
        for chapter in explanation.chapters
    ]
    document = {
        "callcost": {"kind": KIND, "version": VERSION},
        "facts": explanation.facts,
        "notes": explanation.notes,
        "counting_s": explanation.counting_s,
        "wall_s": explanation.wall_s,
        "parts": dict(PARTS),
        "chapters": chapters,
        "frames": [[frame.object, frame.function] for frame in frames],
    }
    return json.dumps(document, indent=1) + "\n"


def _row_facts(row: Explained, frames: dict[Frame, int]) -> dict[str, Any]:
    spent: Counter[tuple[str, tuple[int, ...]]] = Counter()
    for one in row.placed:
        kept = (Frame(object_name(f.object), f.function) for f in one.stack[: KEPT_CALLERS + 1])
        stack = tuple(frames.setdefault(frame, len(frames)) for frame in kept)
        spent[one.part, stack] += one.instructions  # type: ignore[assignment]
    return {
        "name": row.name,
        "instructions": row.instructions,
        "calls": row.calls,
        "spread": row.spread,
        "time_ns": None if row.time_ns is None else row.time_ns.as_list(),
        "parts": dict(row.parts),
        "sentence": row.sentence,
        # As text, because JSON would put each number on its own line.
        "spent": [
            f"{took:g} {part} {' '.join(map(str, stack))}" for (part, stack), took in spent.items()
        ],
    }


def read(path: Path) -> Explanation:
    """Read an explanation; raise RecordError if it is not one."""
    document = reading.read_json(path)
    about = document.get("callcost") if isinstance(document, dict) else None
    if not isinstance(about, dict) or about.get("kind") != KIND:
        advice = "make one with: callcost explain --output FOLDER"
        raise reading.other_kind(path, document, "an explanation", advice)
    version = about.get("version")
    if type(version) is not int or version != VERSION:
        raise reading.RecordError(
            f"{shown(path)} has version {version!a:.40}, but this callcost reads {VERSION}"
        )
    known = reading.checked(path, document, ExplanationFile)
    reading.refuse_odd(path, document["facts"], "facts")
    return _explanation(path, known)


def _explanation(path: Path, known: ExplanationFile) -> Explanation:
    frames = [Frame(place, function) for place, function in known.frames]
    chapters = []
    for place, chapter in enumerate(known.chapters):
        where = f"chapters[{place}].rows"
        rows = [_row(path, f"{where}[{n}]", row, frames) for n, row in enumerate(chapter.rows)]
        _refuse_twice(path, where, [row.name for row in rows])
        chapters.append(
            Chapter(
                chapter.name, chapter.call, tuple(rows), chapter.uncounted, chapter.inconclusive
            )
        )
    _refuse_twice(path, "chapters", [chapter.name for chapter in chapters])
    return Explanation(
        tuple(chapters), known.facts, tuple(known.notes), known.counting_s, known.wall_s
    )


def _refuse_twice(path: Path, where: str, names: list[str]) -> None:
    for place, name in enumerate(names):
        if names.index(name) < place:
            raise reading.damaged(path, f"{where}[{place}]", f"{name} is there twice")


def _row(path: Path, where: str, known: ExplainedRow, frames: list[Frame]) -> Explained:
    placed = [
        _placed(path, f"{where}.spent[{number}]", line, frames)
        for number, line in enumerate(known.spent)
    ]
    time_ns = known.time_ns
    return Explained(
        known.name,
        known.instructions,
        known.calls,
        known.spread,
        tuple(placed),
        None if time_ns is None else Interval(*(nan if t is None else t for t in time_ns)),
    )


def _placed(path: Path, where: str, line: str, frames: list[Frame]) -> Placed:
    """Read instructions, their part, and the frames that spent them."""
    match = SPENT.fullmatch(line)
    if match is None or match[2] not in PARTS:
        raise reading.damaged(path, where, "it does not hold instructions, a part and frames")
    took, numbers = float(match[1]), [int(number) for number in match[3].split()]
    if not abs(took) <= MOST or max(numbers) >= len(frames):
        raise reading.damaged(path, where, "there are no such frames, or too many instructions")
    stack: Stack = tuple(frames[number] for number in numbers)
    return Placed(match[2], stack, took)


@dataclass(frozen=True)
class Difference:
    """A row of two explanations: its counts, None if missing, and the parts that changed."""

    chapter: str
    name: str
    before: float | None
    after: float | None
    parts: Mapping[str, float]

    @property
    def same(self) -> bool:
        """Whether both have the row, with the same count in all parts."""
        return self.before == self.after and not self.parts


@dataclass(frozen=True)
class Differences:
    """All rows of two explanations, and the facts that differ."""

    rows: tuple[Difference, ...]
    facts: Mapping[str, tuple[Any, Any]]


def differences(before: Explanation, after: Explanation) -> Differences:
    """Compare two explanations row by row; only rows requested for the later one."""
    asked = {chapter.name for chapter in after.chapters}
    names = {row.name for row in after.rows}
    old = {k: r for k, r in _by_name(before).items() if k[0] in asked and k[1] in names}
    new = _by_name(after)
    rows = (_difference(*key, old.get(key), new.get(key)) for key in {**old, **new})
    facts = {
        key: (before.facts.get(key), after.facts.get(key))
        for key in {**before.facts, **after.facts}
        if before.facts.get(key) != after.facts.get(key)
    }
    return Differences(tuple(rows), facts)


def _by_name(explanation: Explanation) -> dict[tuple[str, str], Explained]:
    return {(c.name, row.name): row for c in explanation.chapters for row in c.rows}


def _difference(
    chapter: str, name: str, old: Explained | None, new: Explained | None
) -> Difference:
    changed = {}
    if old is not None and new is not None:
        changed = {
            part: new.parts.get(part, 0.0) - old.parts.get(part, 0.0)
            for part in PARTS
            if new.parts.get(part) != old.parts.get(part)
        }
    before, after = (None if row is None else row.instructions for row in (old, new))
    return Difference(chapter, name, before, after, changed)


def show(found: Differences, record: str) -> None:
    """Print two explanations row by row."""
    console = output_console()
    headings = ("workload", "call", ">recorded", ">here", ">difference", "in")
    table = PlainTable(*headings, title=f"Instructions per call, compared with {record}")
    table.columns[-1].no_wrap = False
    for row in found.rows:
        table.add(row.chapter, row.name, *_cells(row))
    console.print(table)
    for line in _said(found):
        console.print(line, markup=False)


def _cells(row: Difference) -> Iterator[str]:
    yield "missing" if row.before is None else number(row.before, 0)
    yield "missing" if row.after is None else number(row.after, 0)
    if row.before is None or row.after is None:
        yield ""
    else:
        yield "same" if row.same else f"{row.after - row.before:+,.4g}"
    yield ", ".join(f"{PARTS[part]} {change:+,.4g}" for part, change in row.parts.items())


def _said(found: Differences) -> Iterator[str]:
    both = [row for row in found.rows if row.before is not None and row.after is not None]
    same = sum(row.same for row in both)
    yield f"{same} of the {len(both)} rows in both have exactly the same instructions."
    for key, (before, after) in found.facts.items():
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            changed = {k for k in {**before, **after} if before.get(k) != after.get(k)}
            yield f"Different {key}: {', '.join(sorted(changed))}."
        else:
            yield f"Different {key}: {before} in the record, {after} here."
