"""Does another link of the same sources change what a run says? Before and after many layouts.

Run as `python -m callcost.benchmarks.validation.relinks --json results/relinks.json`, after
`pip install --config-settings layouts=320 -e .`. Every link of everything is measured by a complete
run of a few mechanisms: with layouts of its own in each process, and, for comparison, with one
layout in all processes, as a build without layouts has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.contenders import contender, layouts, supported
from callcost.benchmarks.validation import study
from callcost.bindings._build.layouts import COUNT
from callcost.console.front import Front
from callcost.errors import CallcostError
from callcost.estimate.estimate import estimate_run
from callcost.model.group import Group, make_group
from callcost.model.layout import Layout
from callcost.model.plan import Settings
from callcost.run.coordinator import measure

LINKS = 20
BASE = "python_reference"
MECHANISMS = (
    BASE, "ctypes_cdll", "cffi_api", "cpython_fastcall", "cython_def", "pybind11_module",
)  # fmt: skip
WORKLOADS_MEASURED = (
    "get_pi", "fibonacci", "half_of", "add_two", "add_eight", "text_ascii_16", "bytes_16",
    "list_100", "mirror", "tally_increment", "callback_1", "fibonacci_refused",
)  # fmt: skip
# A row's value, low and high in each run, by the row's name.
Found = dict[str, list[list[float]]]


@click.command(cls=Front)
@study.json_option
@click.option("--links", default=LINKS, show_default=True, type=click.IntRange(min=2))
def main(json_file: Path, links: int) -> None:
    """Measure everything in many links, and record how far the runs agree."""
    available = layouts()
    if len(available) < links * COUNT:
        raise CallcostError(
            f"{links} links need {links * COUNT} layouts, and {len(available)} were linked: "
            f"pip install --config-settings layouts={links * COUNT} -e ."
        )
    groups = list(_groups())
    found: dict[str, Found] = {"one_layout": {}, "layouts": {}}
    with study.recording(json_file) as (_, record):
        for number in range(links):
            own = available[number * COUNT : (number + 1) * COUNT]
            for kind, used in (("one_layout", own[:1]), ("layouts", own)):
                _measure(groups, used, found[kind])
            click.echo(f"link {number + 1} of {links}", err=True)
        record |= {
            "links": links,
            "layouts_per_link": COUNT,
            "mechanisms": [*MECHANISMS],
            "workloads": [group.name for group in groups],
            **{kind: agreement(rows) for kind, rows in found.items()},
            "ratios": found,
        }


def _groups() -> Iterator[Group]:
    chosen = [workload for workload in WORKLOADS if workload.name in WORKLOADS_MEASURED]
    cells = [cell for cell in supported(chosen) if cell[1].name in MECHANISMS]
    for workload in chosen:
        members = [contender(each, workload) for own, each in cells if own is workload]
        yield make_group(workload.name, members, ())


def _measure(groups: Sequence[Group], used: Sequence[Layout], found: Found) -> None:
    """Adds the ratios of one run to those of earlier ones."""
    run = measure(groups, Settings(), lambda _: None, layouts=used)
    if run.failures:
        raise CallcostError(str(next(iter(run.failures.values()))))
    if len(used) == 1:
        for times in run.groups.values():
            # A run without layouts takes processes for independent samples.
            times.layouts = []
    for group, estimate in estimate_run(run).items():
        base = estimate.names.index(BASE)
        for row, name in enumerate(estimate.names[: estimate.size]):
            if row != base:
                ratio = estimate.ratio(row, base)
                found.setdefault(f"{group}-{name}", []).append([ratio.value, ratio.low, ratio.high])


def agreement(found: Found) -> dict[str, Any]:
    """Compares the ratios of each row: how far two runs differ, and what the intervals cover."""
    rows = np.array(list(found.values()))
    values, low, high = rows[..., 0], rows[..., 1], rows[..., 2]
    spans = values.max(axis=1) / values.min(axis=1) - 1
    logs = np.log(values)
    pairs = np.exp(np.abs(logs[:, :, None] - logs[:, None, :])) - 1
    apart = pairs[:, *np.triu_indices(values.shape[1], 1)]
    others = (values.sum(axis=1, keepdims=True) - values) / (values.shape[1] - 1)
    return {
        "rows": len(values),
        "rows_within_1_percent": float(np.mean(spans <= 0.01)),
        "largest_difference_median": float(np.median(spans)),
        "largest_difference_p95": float(np.quantile(spans, 0.95)),
        "largest_difference": float(spans.max()),
        "pair_difference_median": float(np.median(apart)),
        "pair_difference_p95": float(np.quantile(apart, 0.95)),
        "half_width_median": float(np.median((high - low) / 2 / values)),
        "covered": float(np.mean((low <= others) & (others <= high))),
    }


if __name__ == "__main__":
    main()
