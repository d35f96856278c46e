"""Reads the inputs of a report: runs, explanations, calibrations, histories."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callcost.benchmarks.site.measured import Measured
from callcost.estimate.layouts import CalibrationFile
from callcost.estimate.reading import RecordError, checked, other_kind, read_json, refuse_odd
from callcost.estimate.record import SECTION
from callcost.explain import records
from callcost.explain.explanation import Explanation
from callcost.history.store import Store
from callcost.model.delays import Delays, Point
from callcost.model.interval import Interval

TAKES = (
    "a report takes runs (pytest benchmarks --benchmark-only), explanations (callcost explain "
    "--output FOLDER), calibrations (callcost calibrate --json FILE) and the folder of a history"
)
# These identify a calibration, which does not have the section of callcost.
CALIBRATION_KEYS = {"slope", "slope_interval", "intercept_ns", "points", "aa_p95"}


@dataclass
class Inputs:
    """The inputs of a report by kind, in the order given.

    Most pages show the first run. Calibrations are injected delays by the names of their files.
    """

    runs: list[Measured] = field(default_factory=list)
    explanations: list[Explanation] = field(default_factory=list)
    calibrations: dict[str, Delays] = field(default_factory=dict)
    histories: list[Store] = field(default_factory=list)


def read(paths: Iterable[Path]) -> Inputs:
    """Reads every file and folder; raises RecordError and HistoryError, with its name."""
    found = Inputs()
    for path in dict.fromkeys(paths):
        if path.is_dir():
            store = Store(path)
            store.refuse_foreign()
            found.histories.append(store)
        else:
            _read_file(path, found)
    if not found.runs:
        raise RecordError(f"there is no run to report on: {TAKES}")
    return found


def _read_file(path: Path, found: Inputs) -> None:
    document = read_json(path)
    about = document.get(SECTION) if isinstance(document, dict) else None
    if isinstance(about, dict) and "kind" in about:
        found.explanations.append(records.read(path))
    elif isinstance(document, dict) and document.keys() >= CALIBRATION_KEYS:
        found.calibrations[path.name] = _calibration(path, document)
    elif isinstance(about, dict):
        found.runs.append(Measured(path, document))
    else:
        raise other_kind(path, document, "a record of callcost", TAKES)


def _calibration(path: Path, document: dict[str, Any]) -> Delays:
    """Returns the injected delays of a calibration; raises RecordError."""
    known = checked(path, document, CalibrationFile)
    refuse_odd(path, document, "")
    points = [Point(point.injected_ns, point.measured, point.fitted) for point in known.points]
    slope = Interval(known.slope, *known.slope_interval)
    return Delays(slope, Interval(known.intercept_ns, *known.intercept_ns_interval), points)
