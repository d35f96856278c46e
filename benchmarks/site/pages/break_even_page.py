"""Makes the page about when the way to call C stops mattering: a few curves, and all verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callcost.benchmarks.break_even import NEAR_FASTEST, REFERENCE, Curve, calls_the_c
from callcost.benchmarks.site import drawn, fits
from callcost.benchmarks.site.fits import Fit
from callcost.benchmarks.site.pages.page import Page
from callcost.benchmarks.tools import BY_HAND, CHOICES, cards, tool_of

if TYPE_CHECKING:
    from callcost.benchmarks.site.pages.pages import Book

MOST_CURVES = 8


def page(book: Book) -> Page:
    """Makes the page."""
    run = book.run
    sizes = sorted({n for curve in run.curves for n in curve.n})
    within = f"{NEAR_FASTEST - 1:.0%}"
    found = fits.fit_sweep(run.own_estimates)
    by_tool = _by_tool(found)
    first = _first(by_tool)
    rows = drawn.work_rows(by_tool)
    chart = drawn.work_chart([row for row in rows if row["name"] in first]) if by_tool else None
    shown = {
        "fits": found,
        "sizes": sizes,
        "within": within,
        "by_tool": by_tool,
        "first": first,
        "rows": rows,
        "most": MOST_CURVES,
        "columns": [
            "mechanism",
            "beats Python from n",
            f"within {within} from n",
            *(f"n = {n}" for n in sizes),
        ],
    }
    title = "When does it stop mattering?"
    return Page(
        "break-even.html", "break_even.html", title, shown, (chart,), said=_said(run.curves)
    )


def _by_tool(found: list[Fit]) -> dict[str, Fit]:
    """Picks the leanest mechanism of each tool that calls C, and plain Python."""
    kept: dict[str, Fit] = {}
    for fit in found:
        if fit.name == REFERENCE or calls_the_c(fit.name):
            kept.setdefault(tool_of(fit.name), fit)
    return kept


def _first(by_tool: dict[str, Fit]) -> list[str]:
    """Names the tools that the chart begins with: plain Python, C by hand, what is advised."""
    advised = [cards()[choice.mechanism].tool for choice in CHOICES]
    wanted = [tool_of(REFERENCE), BY_HAND, *advised, *by_tool]
    return [tool for tool in dict.fromkeys(wanted) if tool in by_tool][:MOST_CURVES]


def _said(curves: list[Curve]) -> str:
    """Says how many mechanisms come near the fastest in the sweep."""
    compared = [curve for curve in curves if curve.compared_with_fastest]
    near = [curve for curve in compared if curve.near_fastest_from is not None]
    if not compared:
        return ""
    return (
        f"{len(near)} of {len(compared)} mechanisms come within {NEAR_FASTEST - 1:.0%} of the "
        "fastest as soon as C works long enough"
    )
