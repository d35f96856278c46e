"""Where the checkout, its records and the files beside this one are."""

from __future__ import annotations

from pathlib import Path

SUPPORT = Path(__file__).resolve().parent
ROOT = SUPPORT.parents[1]
RESULTS = ROOT / "results"
