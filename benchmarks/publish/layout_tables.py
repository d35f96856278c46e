"""The tables of docs/measuring.md about layouts: what they do to each mechanism, and to a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from callcost.console.markdown import markdown_table
from callcost.console.numbers import count

DIFFERENCES = ("pair_difference_median", "pair_difference_p95", "largest_difference")
KINDS = {"one_layout": "one layout", "layouts": "many layouts"}


PARTS = ("layout", "process", "within")


def luck_table(record: dict[str, Any]) -> str:
    """List how far layouts and processes move the calls of each mechanism."""
    found = {
        name: np.array([[luck[part] for part in PARTS] for luck in rows.values()], dtype=float)
        for name, rows in record["luck"].items()
    }
    # A mechanism's calls without any known layout say nothing.
    known = {name: each for name, each in found.items() if not np.isnan(each[:, 0]).all()}
    rows = [
        [
            f"`{name}`",
            str(len(each)),
            *(f"{100 * share:.1f}" for share in np.nanmedian(each, axis=0)),
            f"{100 * np.nanmax(each[:, 0]):.1f}",
        ]
        for name, each in sorted(known.items(), key=lambda item: -np.nanmedian(item[1][:, 0]))
    ]
    headings = ["standard deviations (%)", "rows", "layout", "process", "passes", "worst layout"]
    made = "python -m callcost.benchmarks.validation.layouts RUN --json results/layouts.json"
    about = f"a run of {record['date']} with many layouts ({record['made_with']})"
    return "\n\n".join([markdown_table(headings, rows), f"Made by `{made}` from {about}."])


def relinks_table(record: dict[str, Any]) -> str:
    """List how far two runs differ whose libraries were linked anew."""
    rows = [
        [
            f"{record['links']} links, {words} each",
            *(f"{record[kind][name]:.1%}" for name in DIFFERENCES),
            f"{record[kind]['rows_within_1_percent']:.0%}",
            f"{record[kind]['half_width_median']:.1%}",
            f"{record[kind]['covered']:.0%}",
        ]
        for kind, words in KINDS.items()
    ]
    headings = [
        "ratio to plain Python", "two runs differ by", "in 5% of pairs by more than", "at most by",
        "rows within 1%", "published ±", "covers the mean of the other links",
    ]  # fmt: skip
    made = "python -m callcost.benchmarks.validation.relinks --json results/relinks.json"
    about = (
        f"{count(record['layouts']['rows'], 'row')}: {_listed(record['workloads'])} through "
        f"{_listed(record['mechanisms'])}. Load {record['state']['load_1min']:.1f} at the end, on "
        f"{record['machine']['cpu_count']} CPUs"
    )
    return "\n\n".join([markdown_table(headings, rows), f"Made by `{made}`: {about}."])


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
