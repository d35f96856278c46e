"""The generated parts of docs/explaining.md, from the recorded explanations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from callcost.console.markdown import markdown_table, merged
from callcost.console.numbers import number
from callcost.explain import records
from callcost.explain.explanation import Chapter, Explained, Explanation
from callcost.explain.parts import PARTS
from callcost.explain.table import heading

HEADLINE = "fibonacci"


def headline(path: Path) -> Explanation:
    """Read a record, and keep only the chapter that the documents show in full."""
    found = records.read(path)
    return replace(found, chapters=(_chapter(found, HEADLINE),))


def chapter_table(path: Path, name: str) -> str:
    """List the instructions of each call of a chapter by part; calls with equal counts share a row.

    Their times are listed in the order of their names.
    """
    chapter = _chapter(records.read(path), name)
    shown = [part for part in PARTS if any(row.parts.get(part) for row in chapter.rows)]
    alike: dict[tuple[str, ...], list[Explained]] = {}
    for row in chapter.rows:
        counts = (_count(row.parts.get(part, 0)) for part in shown)
        alike.setdefault((*counts, f"**{_count(row.instructions)}**"), []).append(row)
    rows = [
        [_names(row.name for row in group), *counts, ", ".join(map(_time, group))]
        for counts, group in alike.items()
    ]
    headings = [f"`{chapter.call}`", *(heading(part) for part in shown), "all", "ns"]
    return markdown_table(headings, rows)


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


def versions_table(paths: list[Path]) -> str:
    """List the instructions of the headline's calls in several versions of Python."""
    found = [records.read(path) for path in paths]
    tables = [{row.name: row for row in _chapter(one, HEADLINE).rows} for one in found]
    names = list(dict.fromkeys(name for table in tables for name in table))
    rows = [
        [
            f"`{name}`",
            *(_count(table[name].instructions) if name in table else "" for table in tables),
        ]
        for name in names
    ]
    headings = ["instructions", *(f"CPython {one.facts['python']}" for one in found)]
    return markdown_table(headings, merged(rows))


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _chapter(explanation: Explanation, name: str) -> Chapter:
    (chapter,) = (chapter for chapter in explanation.chapters if chapter.name == name)
    return chapter


def _count(instructions: float) -> str:
    return number(instructions, 0) if instructions else ""


def _time(row: Explained) -> str:
    return "" if row.time_ns is None else number(row.time_ns.value)
