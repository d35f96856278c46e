"""Simulates how often a comparison that looks after every quartet is wrong.

Run as `python -m callcost.benchmarks.validation.peeking --json results/peeking.json` in a checkout.
It makes up the logs of quartets, with known noise, luck of layouts and change, and looks at the
intervals of `callcost compare` after each quartet. They move with the change, so that one
simulation serves for all changes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from random import Random

import click
import numpy as np
import numpy.typing as npt

from callcost.benchmarks.validation import study
from callcost.benchmarks.validation.study import Record
from callcost.compare.flow import LAYOUTS
from callcost.console.front import Front
from callcost.estimate.estimate import MIN_PROCESSES
from callcost.estimate.trimmed import student_quantile, trim_mean, trimmed_error
from callcost.paired.measure import deal
from callcost.paired.rules import Rules
from callcost.paired.sequence import quantile

Floats = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Floats]
# What a process, and what a layout adds to the time of one side.
Noise = tuple[Draw, Draw]

ROWS = 15
QUARTETS = 60
# Comparisons at a time, to save memory.
CHUNK = 500
# The standard deviation of the ratio of two processes in a layout, as on a quiet machine.
PAIR_SD = 0.006
# How often a process is slow for life, and by how much: what lists of 100 show.
SLOW_SHARE, SLOW = 0.15, 0.15
# The numbers of layouts, and the standard deviation of the change over them.
LAYOUT_CASES = ((1, 0.0), *((1 + LAYOUTS, luck) for luck in (0.0, PAIR_SD, 3 * PAIR_SD)))
THRESHOLDS = (0.005, 0.02)
CHANGES = (0.0, 0.01, 0.02, 0.05)


def _skewed(random: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return random.gamma(2, size=shape) / math.sqrt(2)


def _two_states(random: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Draw processes, some of them slow for life, in standard deviations of the others."""
    slow = random.random(shape) < SLOW_SHARE
    return random.normal(size=shape) + slow * SLOW / (PAIR_SD / math.sqrt(2))


def _normal(random: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return random.normal(size=shape)


def _heavy_tailed(random: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return random.standard_t(3, size=shape) / math.sqrt(3)


NOISE: dict[str, Noise] = {
    "normal": (_normal, _normal),
    "heavy-tailed": (_heavy_tailed, _heavy_tailed),
    "skewed": (_skewed, _skewed),
    "two states": (_two_states, _normal),
}


@dataclass(frozen=True)
class Seen:
    """The intervals of a row at each look, less the true change; also as ordinary intervals."""

    low: Floats
    high: Floats
    ordinary_low: Floats
    ordinary_high: Floats


@click.command(cls=Front)
@study.json_option
@click.option("--comparisons", default=10_000, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=1, show_default=True)
def main(json_file: Path, comparisons: int, seed: int) -> None:
    """Simulate comparisons of many rows that look after every quartet."""
    record: Record = {
        "comparisons": comparisons,
        "rows": ROWS,
        "quartets": QUARTETS,
        "pair_sd": PAIR_SD,
        "slow_share": SLOW_SHARE,
        "slow": SLOW,
        "seed": seed,
        "cases": [],
    }
    random = np.random.default_rng(seed)
    for (name, noise), (layouts, luck_sd) in product(NOISE.items(), LAYOUT_CASES):
        case = _case(random, noise, layouts, luck_sd, comparisons)
        record["cases"].append({"noise": name, "layouts": layouts, "luck_sd": luck_sd, **case})
        click.echo(f"{name}, {layouts} layouts: missed in {case['missed']}", err=True)
        study.save(json_file, record)


def _case(
    random: np.random.Generator, noise: Noise, layouts: int, luck_sd: float, comparisons: int
) -> Record:
    missed = ordinary = alarms = 0
    settled: dict[tuple[float, float], list[npt.NDArray[np.int64]]] = {}
    for start in range(0, comparisons, CHUNK):
        count = min(CHUNK, comparisons - start)
        seen = simulate(random, noise, layouts, luck_sd, count * ROWS)
        missed += _any(seen.low, seen.high, 0.0, count)
        ordinary += _any(seen.ordinary_low, seen.ordinary_high, 0.0, count)
        alarms += _any(seen.low, seen.high, math.log1p(THRESHOLDS[0]), count)
        for threshold, change in product(THRESHOLDS, CHANGES):
            looks = settled_at(seen, math.log1p(threshold), math.log1p(change))
            settled.setdefault((threshold, change), []).append(looks)
    return {
        "missed": missed,
        "ordinary_missed": ordinary,
        "alarms": alarms,
        "settled": [
            {"threshold": threshold, "change": change, **_quartets(np.concatenate(looks))}
            for (threshold, change), looks in settled.items()
        ],
    }


def _any(low: Floats, high: Floats, limit: float, comparisons: int) -> int:
    """Count the comparisons in which any interval of any row is beyond the limit."""
    beyond = ((low > limit) | (high < -limit)).any(axis=1)
    return int(beyond.reshape(comparisons, ROWS).any(axis=1).sum())


def simulate(
    random: np.random.Generator, noise: Noise, layouts: int, luck_sd: float, rows: int
) -> Seen:
    """Make up rows without a change; return their intervals at each look, (rows, looks)."""
    of_process, of_layout = noise
    luck = luck_sd * _difference(of_layout, random, (rows, layouts))
    quartets = np.empty((rows, QUARTETS))
    dealt = list(islice(deal(Random(int(random.integers(2**32))), layouts), QUARTETS))
    for number, layout in enumerate(dealt):
        # The faster of two processes of each side.
        drawn = _difference(lambda *asked: of_process(*asked).min(axis=1), random, (rows, 2))
        quartets[:, number] = luck[:, layout] + PAIR_SD * drawn
    looks = [_look(units, seen) for units, seen in _units(quartets, dealt)]
    return Seen(*(np.stack(column, axis=1) for column in zip(*looks, strict=True)))


def _difference(draw: Draw, random: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Draw what two sides differ by, with the variance of one draw."""
    return (draw(random, shape) - draw(random, shape)) / math.sqrt(2)


def _units(quartets: Floats, dealt: list[int]) -> Iterator[tuple[Floats, int]]:
    """Yield what counts as one at each look, as in `callcost.paired.verdict`, and the quartets."""
    for number in range(1, QUARTETS + 1):
        units = quartets[:, :number]
        if set(dealt) != {0}:
            seen = np.array(dealt[:number])
            means = [
                units[:, seen == layout].mean(axis=1) for layout in sorted(set(dealt[:number]))
            ]
            units = np.stack(means, axis=1)
        # The twins of a row are unknown in fewer quartets.
        if number >= MIN_PROCESSES and units.shape[1] >= MIN_PROCESSES:
            yield units, number


def _look(units: Floats, quartets: int) -> tuple[Floats, Floats, Floats, Floats]:
    confidence = Rules(rows=ROWS).confidence
    mean, (error, freedom) = trim_mean(units), trimmed_error(units)
    far = quantile(freedom, quartets, confidence) * error
    ordinary = student_quantile(confidence, freedom) * error
    return mean - far, mean + far, mean - ordinary, mean + ordinary


def settled_at(seen: Seen, limit: float, change: float) -> npt.NDArray[np.int64]:
    """Return the quartets after which each row is slower, faster or the same; 0 if none."""
    low, high = seen.low + change, seen.high + change
    settled = (low > limit) | (high < -limit) | ((low > -limit) & (high < limit))
    first = QUARTETS - settled.shape[1] + 1
    return np.where(settled.any(axis=1), first + settled.argmax(axis=1), 0)


def _quartets(looks: npt.NDArray[np.int64]) -> Record:
    found = looks[looks > 0]
    median, most = np.quantile(found, [0.5, 0.95]).tolist() if found.size else (None, None)
    return {"share": found.size / looks.size, "median": median, "p95": most}


if __name__ == "__main__":
    main()
