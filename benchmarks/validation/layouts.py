"""How far layouts, processes and passes move each row of a run.

Run as `python -m callcost.benchmarks.validation.layouts RUN --json results/layouts.json`, with the
record of a run that loaded many layouts (`pytest benchmarks --benchmark-only`).
"""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from callcost.benchmarks.charts.draw import HEADLINE, provenance
from callcost.benchmarks.charts.layouts_chart import moved
from callcost.benchmarks.validation import study
from callcost.console.front import Front
from callcost.errors import CallcostError
from callcost.estimate.record import Record


@click.command(cls=Front)
@click.argument("run", type=click.Path(dir_okay=False, path_type=Path))
@study.json_option
def main(run: Path, json_file: Path) -> None:
    """Estimate the luck in each row of RUN, and what each layout makes of one call."""
    record = Record.load(run)
    study.save(json_file, summary(record))


def summary(record: Record) -> dict[str, Any]:
    """Keeps what docs/measuring.md shows; raises CallcostError for a run without layouts."""
    headline = record.estimates.get(HEADLINE)
    if headline is None or not any(headline.layouts):
        raise CallcostError(f"{record.path} has no {HEADLINE} that was measured in many layouts")
    luck: dict[str, dict[str, Any]] = {}
    for group, estimate in record.estimates.items():
        for row in range(estimate.size) if any(estimate.layouts) else ():
            found = asdict(estimate.luck(row))
            known = {part: None if math.isnan(sd) else sd for part, sd in found.items()}
            luck.setdefault(estimate.names[row], {})[group] = known
    return {
        "date": str(record.document["datetime"])[:10],
        "made_with": provenance(record.document),
        "load_1min": record.run.state.get("load_1min"),
        "call": headline.times.contenders[0].call,
        "moved": {each.name: each.percent for each in moved(headline)},
        "luck": luck,
    }


if __name__ == "__main__":
    main()
