"""The generated parts of docs/explaining.md, from the recorded explanations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from callcost.console.markdown import markdown_table
from callcost.console.numbers import number
from callcost.explain import records
from callcost.explain.explanation import Chapter, Explained, Explanation
from callcost.explain.parts import OTHER, PARTS
from callcost.explain.table import heading

HEADLINE = "fibonacci"


def headline(path: Path) -> Explanation:
    """Read a record, and keep only the chapter that the documents show in full."""
    found = records.read(path)
    return replace(found, chapters=(_chapter(found, HEADLINE),))


def chapter_table(path: Path, name: str, later: Iterable[Path] = ()) -> str:
    """List the instructions of each call of a chapter by part, and in all for later versions.

    Calls with equal counts share a row; their times are in the order of their names. There
    is no column for the C function, which counts the same everywhere, or for what no rule places.
    """
    chapter = _chapter(records.read(path), name)
    (in_c,) = {_count(row.parts["function"]) for row in chapter.rows if _calls_c(row)}
    found = [records.read(each) for each in later]
    totals = [
        {row.name: _count(row.instructions) for row in _chapter(each, name).rows} for each in found
    ]
    parts = (part for part in PARTS if part not in ("function", OTHER))
    shown = [part for part in parts if any(row.parts.get(part) for row in chapter.rows)]
    alike: dict[tuple[str, ...], list[Explained]] = {}
    for row in chapter.rows:
        counts = [_count(row.parts.get(part, 0)) for part in shown]
        counts += [f"**{_count(row.instructions)}**", *(each.get(row.name, "") for each in totals)]
        alike.setdefault(tuple(counts), []).append(row)
    rows = [
        [_names(row.name for row in group), *counts, ", ".join(map(_time, group))]
        for counts, group in alike.items()
    ]
    here = {row.name for row in chapter.rows}
    for new in sorted({name for each in totals for name in each} - here):
        empty = [""] * (len(shown) + 1)
        rows.append([_names([new]), *empty, *(each.get(new, "") for each in totals), ""])
    versions = [f"all, {each.facts['python']}" for each in found]
    headings = [f"`{chapter.call}`", *map(heading, shown), "all", *versions, "ns"]
    others = _names(row.name for row in chapter.rows if not _calls_c(row))
    but = f" but {others}" if others else ""
    return f"{markdown_table(headings, rows)}\n\nC: {in_c} in each row{but}."


def provenance(path: Path) -> str:
    """Say what a record was made on, how long that took, and how much no rule places."""
    found = records.read(path)
    calls = sum(1 for _ in found.rows)
    mechanisms = len({row.name for row in found.rows})
    most = max(found.rows, key=lambda row: row.share("other"))
    other = (
        f"*other* is at most {most.share('other'):.1%} of a row"
        if most.share("other")
        else "no row has any *other*"
    )
    facts = found.facts
    return (
        f"CPython {facts['python']} on {facts['machine']}, {facts['libc']}, {facts['valgrind']}: "
        f"{calls} calls through {mechanisms} mechanisms, counted in {found.counting_s:.0f} s "
        f"({found.counting_s / mechanisms:.1f} s a mechanism), {found.wall_s:.0f} s with timing; "
        f"{other}."
    )


def _calls_c(row: Explained) -> bool:
    return bool(row.parts.get("function"))


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _chapter(explanation: Explanation, name: str) -> Chapter:
    (chapter,) = (chapter for chapter in explanation.chapters if chapter.name == name)
    return chapter


def _count(instructions: float) -> str:
    return number(instructions, 0) if instructions else ""


def _time(row: Explained) -> str:
    return "" if row.time_ns is None else number(row.time_ns.value)
