"""Makes the page about the stable ABI: what one file for many versions of Python costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from callcost.benchmarks.site.pages import tabled
from callcost.benchmarks.site.pages.page import Page
from callcost.benchmarks.stable_abi.prices import SIGNATURES, Price, here, latest, prices
from callcost.console.numbers import number, percent

if TYPE_CHECKING:
    from callcost.benchmarks.site.pages.pages import Book

TITLE = "What does the stable ABI cost?"


@dataclass(frozen=True)
class Row:
    """A mechanism for the stable ABI in one interpreter, and its price by workload."""

    name: str
    native: str | None
    abi: str
    place: str
    cells: dict[str, Price]


def page(book: Book) -> Page:
    """Makes the page."""
    run = book.several
    found = latest(prices(run.estimates, here(run.document)))
    rows: dict[tuple[str, str, str], Row] = {}
    for price in sorted(found, key=lambda price: (price.stable, price.abi)):
        key = price.stable, price.abi, price.place
        row = rows.setdefault(key, Row(price.stable, price.native, price.abi, price.place, {}))
        row.cells[price.workload] = price
    workloads = [name for name in SIGNATURES if any(price.workload == name for price in found)]
    shown = {"rows": list(rows.values()), "workloads": workloads, "cell": cell}
    return Page("stable-abi.html", "stable_abi.html", TITLE, shown)


def cell(price: Price | None) -> tuple[str, str, str]:
    """Writes a cost through the stable ABI, how it differs, and whether it is slower or faster."""
    if price is None:
        return tabled.NONE, "", ""
    own = number(price.stable_ns.value)
    if price.native_ns is None or price.share is None:
        return own, "", ""
    if not price.is_clear:
        return own, f"= {number(price.native_ns.value)}", "same"
    kind = "slower" if price.share.value > 0 else "faster"
    change = percent(price.share.value, signed=True)
    return own, f"{change} of {number(price.native_ns.value)}", kind
