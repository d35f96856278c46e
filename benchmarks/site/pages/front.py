"""Makes the front page: the answer in a sentence, its picture, and every mechanism below."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from callcost.benchmarks.break_even import FUNCTION
from callcost.benchmarks.site import drawn
from callcost.benchmarks.site.measured import WorkloadSheet
from callcost.benchmarks.site.pages.page import Page

if TYPE_CHECKING:
    from callcost.benchmarks.site.pages.pages import Book

TITLE = "What does it cost to call C from Python?"


def page(book: Book) -> Page:
    """Makes the page, with the first call of the catalogue."""
    sheet = book.headline
    charts = (drawn.tool_chart(sheet), drawn.cost_chart(sheet)) if sheet else ()
    shown = {"sheet": sheet, "finding": finding, "python_said": python_said}
    said = finding(sheet) if sheet else ""
    return Page("index.html", "index.html", TITLE, shown, charts, said=said)


def finding(sheet: WorkloadSheet) -> str:
    """Answers in one sentence what a call costs, in words that its control allows."""
    if sheet.first.inconclusive:
        return "Inconclusive: two contenders of the same code differed in this run"
    return sheet.tools.finding


def python_said(sheet: WorkloadSheet) -> str:
    """Says what the same function takes in Python, and why that can be little."""
    python_ns = sheet.tools.python_ns
    if python_ns is None or not math.isfinite(python_ns):
        return ""
    takes = f"Dotted: the same function in Python takes {drawn.ns(python_ns)}"
    if sheet.name == FUNCTION:
        return f"{takes}, because n = 0 leaves it no work to do. With work, C wins."
    return f"{takes}."


def for_script(sheet: WorkloadSheet) -> dict[str, Any]:
    """Collects what the page's script shows of a workload above its table."""
    return {
        "call": sheet.call,
        "isolates": sheet.isolates,
        "finding": finding(sheet),
        "python": python_said(sheet),
        "tools": drawn.tool_rows(sheet.tools),
        "toolLines": drawn.tool_lines(sheet.tools),
    }
