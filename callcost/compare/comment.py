"""Writes a comparison as the comment of a pull request.

The author of a pull request can write anything into the comparison. So all words here are our
own, and what comes from the document is a number, or text in a code span or block, without
its backticks: there, GitHub makes no link, mention, image or HTML of it.
"""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from callcost.compare.document import Document, RowLayout
from callcost.compare.table import instructions_text, spread_text, verdict_text
from callcost.console.markdown import markdown_table
from callcost.console.numbers import cost_text, count, percent, percent_interval
from callcost.model.interval import Interval
from callcost.paired.verdict import FASTER, NOT_SLOWER, SAME, SLOWER, UNDECIDED

MARKER = "<!-- callcost compare -->"
# GitHub's limit is 65,536 characters. Bytes are at least as many, and a line may be added.
MOST_BYTES = 65_000
MOST_FAILURES = 20
# Names and lines that are longer are cut.
NAME_LENGTH, LINE_LENGTH = 80, 300
MOST_REMARKS_BYTES = 20_000
LONGEST_COMMAND, LONGEST_REMARK = 1000, 1000
WIDTH = 100
# A comparison with more rows than this is repeated whole.
MOST_NAMED = 8
SIGNS = {0: "✅", 1: "❌", 2: "❌", 3: "⚠️"}
HEADINGS = (
    *("workload", "mechanism", "base ns", "head ns", "time", "interval"),
    *("layouts", "instructions", "verdict"),
)
NO_ROWS = {
    0: "Nothing is slower: both sides run the same code.",
    2: "Nothing was measured: no row works on both sides.",
    3: "Could not be decided: both sides run the same code.",
}
COMMIT = re.compile("[0-9a-f]{40}(?=$|[@+])")
# The options that decide which rows are compared, and how.
SELECTION = re.compile(r"--(?:workload|mechanism)=.+")
OPTION = re.compile(r"--threshold=[0-9.e-]+|--one-layout")


def comment(document: Document) -> str:
    """Writes Markdown that GitHub accepts: changed rows, the other rows' number, the command."""
    changed = document.of(SLOWER, FASTER)
    table = [_cells(row, document.threshold) for row in changed]
    start = [
        MARKER,
        f"### {SIGNS[document.exit_code]} {_title(document)}",
        f"{_code(document.base.text)} → {_code(document.head.text)}",
        *_failures(document),
    ]
    end = [*_others(document), *_command(document, changed), *_remarks(document)]
    shown = _as_many_as_fit(table, MOST_BYTES - _size([*start, *end]))
    if left_out := len(table) - len(shown):
        end.insert(0, f"{count(left_out, 'more row')} changed: the comment has no place for them.")
    return "\n\n".join([*start, *_table(shown), *end]) + "\n"


def _title(document: Document) -> str:
    total = count(len(document.rows), "row")
    if failed := len(document.head_failures):
        return f"{count(failed, 'row')} failed in head; {total} measured."
    if not document.rows:
        return NO_ROWS.get(document.exit_code, "Nothing was measured.")
    if slower := len(document.of(SLOWER)):
        return f"Slower: {slower} of {total}."
    if undecided := len(document.of(UNDECIDED)):
        return f"Could not be decided: {undecided} of {total}."
    return f"Nothing is slower: {total}."


def _failures(document: Document) -> Iterator[str]:
    failures = document.head_failures
    lines = [
        f"- {_code(failure.cell)}: {_code(f'{failure.kind}: {failure.message}', LINE_LENGTH)}"
        for failure in failures[:MOST_FAILURES]
    ]
    if more := len(failures) - len(lines):
        lines.append(f"- {count(more, 'more row')}")
    if lines:
        yield "Failed in head:\n\n" + "\n".join(lines)


def _cells(row: RowLayout, usual: float) -> tuple[str, ...]:
    change = Interval(*(_number(value) for value in row.change))
    bold = "**" if row.verdict == SLOWER else ""
    return (
        _code(row.workload),
        _code(row.mechanism),
        cost_text(_number(row.base_ns)),
        cost_text(_number(row.head_ns)),
        f"{bold}{percent(change.value, signed=True)}{bold}",
        percent_interval(change).strip("()").replace(" .. ", " to "),
        spread_text(_number(row.spread)),
        instructions_text(row.instructions).replace("->", "→"),
        f"{bold}{verdict_text(row.verdict, row.threshold, usual)}{bold}",
    )


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Writes the rows, without a column that all of them leave empty."""
    kept = [at for at in range(len(HEADINGS)) if any(row[at] for row in rows)]
    if rows:
        yield markdown_table(
            [HEADINGS[at] for at in kept], ([row[at] for at in kept] for row in rows)
        )


def _as_many_as_fit(table: Sequence[Sequence[str]], most_bytes: int) -> Sequence[Sequence[str]]:
    """Returns the first rows that have room, beside the table's head and a sentence."""
    left = most_bytes - 500
    for number, row in enumerate(table):
        left -= _size(row) + 4
        if left < 0:
            return table[:number]
    return table


def _size(texts: Iterable[str]) -> int:
    return sum(len(text.encode()) + 3 for text in texts)


def _others(document: Document) -> Iterator[str]:
    """Counts the rows that are not listed."""
    words = (UNDECIDED, NOT_SLOWER, SAME)
    if said := [f"{number:,} {word}" for word in words if (number := len(document.of(word)))]:
        yield f"Other rows: {', '.join(said)}."


def _command(document: Document, changed: Sequence[RowLayout]) -> Iterator[str]:
    """Gives the command that compares the same, or only the changed rows if they are few."""
    sides = [document.base.text, document.head.text]
    options = [text for text in document.options if OPTION.fullmatch(text)]
    cells = {name: {getattr(row, name) for row in changed} for name in ("workload", "mechanism")}
    if changed and all(len(names) <= MOST_NAMED for names in cells.values()):
        options += [f"--{key}={name}" for key, names in cells.items() for name in sorted(names)]
    else:
        options += [text for text in document.options if SELECTION.fullmatch(text)]
    compare = shlex.join(("callcost", "compare", *sides, *options))
    # Changed, it would be another command; and no side is an option.
    if _clean(compare, LONGEST_COMMAND) != compare or any(side[:1] == "-" for side in sides):
        return
    commits = [found[0] for side in dict.fromkeys(sides) if (found := COMMIT.match(side))]
    fetch = [f"git fetch origin {' '.join(commits)}"] if commits else []
    yield "The same on your machine:"
    yield "\n".join(["```sh", *fetch, compare, "```"])


def _remarks(document: Document) -> Iterator[str]:
    """Folds the sentences of the report away."""
    said = [document.headline, *document.remarks]
    lines: list[str] = []
    for number, remark in enumerate(said):
        wrapped = textwrap.wrap(_clean(remark, LONGEST_REMARK), WIDTH)
        if _size([*lines, *wrapped]) > MOST_REMARKS_BYTES:
            lines.append(f"{count(len(said) - number, 'more line')}.")
            break
        lines += wrapped
    yield "<details><summary>How it was measured</summary>"
    yield "\n".join(["```text", *lines, "```"])
    yield "</details>"


def _code(text: str, most: int = NAME_LENGTH) -> str:
    """Puts a text into a code span, also within a table, where GitHub changes nothing in it."""
    return f"`{_clean(text, most).replace('|', '¦') or '?'}`"


def _clean(text: str, most: int) -> str:
    """Returns a text on one line, without backticks and what cannot be seen."""
    seen = "".join(letter if letter.isprintable() else " " for letter in text[: 2 * most])
    line = " ".join(seen.replace("`", "'").split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _number(value: float | None) -> float:
    return np.nan if value is None else value
