"""Markdown tables, as README and the documents show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: bool = True
) -> str:
    """Write a table: names on the left, numbers aligned to the right."""
    head, *lines = [f"| {' | '.join(cells)} |" for cells in (headings, *rows)]
    rule = "|---|" + ("--:|" if numbers else "---|") * (len(headings) - 1)
    return "\n".join([head, rule, *lines])


def merged(rows: Iterable[Sequence[str]]) -> list[list[str]]:
    """Merge the rows that differ in their first cell only; the first of them keeps its place."""
    names: dict[tuple[str, ...], list[str]] = {}
    for name, *cells in rows:
        names.setdefault(tuple(cells), []).append(name)
    return [[", ".join(alike), *cells] for cells, alike in names.items()]
