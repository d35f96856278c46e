"""Makes the page about the method: how the run was measured, and what its controls showed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callcost.benchmarks.site.drawing import Chart
from callcost.benchmarks.site.measured import Measured
from callcost.benchmarks.site.pages.page import Page
from callcost.console.numbers import interval
from callcost.estimate.delays import estimate_delays
from callcost.estimate.estimate import CALM_FACTOR, CONFIDENCE, MIN_EFFECT, TWIN_LIMIT
from callcost.estimate.trimmed import TRIM
from callcost.estimate.trust import trust
from callcost.model.delays import Delays
from callcost.model.interval import Interval

if TYPE_CHECKING:
    from callcost.benchmarks.site.pages.pages import Book


def page(book: Book) -> Page:
    """Makes the page about the method."""
    found = delays(book)
    drawings = [_delays_chart(one) for _, one in found]
    shown = {
        "runs": [(run, trust(run.run, run.estimates), _worst(run)) for run in book.inputs.runs],
        "delays": [(*one, drawing) for one, drawing in zip(found, drawings, strict=True)],
        "limits": {
            "twin": TWIN_LIMIT, "effect": MIN_EFFECT, "trim": TRIM, "calm": CALM_FACTOR,
            "confidence": CONFIDENCE,
        },
    }  # fmt: skip
    return Page("method.html", "method.html", "How it was measured", shown, tuple(drawings))


def _worst(run: Measured) -> list[tuple[str, Interval, float, int]]:
    """Lists each group's twin, share of disturbed passes, and processes; the worst twin first."""
    rows = [
        (name, one.twin_ratio, one.disturbed_share, len(one.usable))
        for name, one in run.estimates.items()
    ]
    return sorted(rows, key=lambda row: -abs(row[1].value - 1))


def delays(book: Book) -> list[tuple[str, Delays]]:
    """Collects the injected delays of the runs and of the calibrations."""
    of_runs = ((run, estimate_delays(run.run)) for run in book.inputs.runs)
    return [
        *((f"This run's own ({run.path.name})", found) for run, found in of_runs if found),
        *((f"A calibration ({name})", found) for name, found in book.inputs.calibrations.items()),
    ]


def _delays_chart(found: Delays) -> Chart:
    rows = [
        {
            "size": point.injected_ns,
            "value": point.measured.value,
            "low": low,
            "high": high,
            "told": f"{point.injected_ns:.1f} ns injected, {point.measured.value:.1f} ns measured "
            f"{interval(point.measured)}",
        }
        for point in found.points
        for _, low, high in [point.measured.as_list()]
    ]
    title = "Delays injected in C, and what they added to the measured call, in ns"
    return Chart("delays", rows, title)
