"""Packs raw epochs without loss into texts that compress well.

A clock's tick may be longer than 1 ns: then an epoch is a whole number of ticks, rounded down or
up to ns. A row has the median of each process in ticks, the distances of its epochs from them, and
for each epoch whether it is the nearest ns or another. Numbers are written digit by digit: one text
has the last digit of each, the next the digit before it, because similar digits compress well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from callcost.estimate.layouts import LONGEST_TICK_NS, PackedEpochs
from callcost.model.run import Times

# Printable characters that JSON writes as they are.
DIGITS = bytes(code for code in range(33, 127) if code not in b'"\\')
BASE = len(DIGITS)
_VALUES = np.full(256, -1, dtype=np.int64)
_VALUES[list(DIGITS)] = range(BASE)
# Epochs up to this length show the tick: the longer, the more exactly.
_SPAN_NS = 2**22
# The share of epochs that must follow a tick. Other clocks count ns.
_CLEAR = 0.5


def find_tick_ns(epochs: Times) -> float:
    """Returns the tick of the clock: the strongest period in the spectrum of many epochs."""
    short = np.abs(epochs)[np.abs(epochs) < _SPAN_NS]
    spectrum = np.abs(np.fft.rfft(np.bincount(short, minlength=_SPAN_NS)))
    first = -(-_SPAN_NS // LONGEST_TICK_NS)
    place = first + int(np.argmax(spectrum[first:]))
    return _SPAN_NS / place if spectrum[place] > _CLEAR * short.size else 1.0


def pack(processes: Sequence[Times], tick_ns: float) -> dict[str, Any]:
    """Packs the epochs of one row. Each process has equally many."""
    epochs = np.array(processes)
    ticks = np.rint(epochs / tick_ns).astype(np.int64)
    medians = np.median(ticks, axis=1).astype(np.int64)
    nearest, side = _in_ns(ticks, tick_ns)
    return {
        "tick_ns": tick_ns,
        "medians": medians.tolist(),
        "distances": _digits(ticks - medians[:, None]),
        "others": _digits((epochs - nearest) * side),
    }


def unpack(packed: PackedEpochs) -> list[Times]:
    """Returns the epochs of each process in ns. Raises ValueError for damaged digits."""
    medians = np.array(packed.medians, dtype=np.int64)
    distances, others = map(_numbers, (packed.distances, packed.others))
    if distances.size != others.size or distances.size % medians.size:
        raise ValueError("it does not have equally many digits for each of its medians")
    ticks = distances.reshape(medians.size, -1) + medians[:, None]
    nearest, side = _in_ns(ticks, packed.tick_ns)
    return list(nearest + others.reshape(ticks.shape) * side)


def _in_ns(ticks: Times, tick_ns: float) -> tuple[Times, Times]:
    """Returns the nearest ns, and the side on which the second nearest is: 1 or -1."""
    exact = ticks * tick_ns
    nearest = np.rint(exact)
    return nearest.astype(np.int64), np.where(exact < nearest, -1, 1)


def _digits(numbers: Times) -> list[str]:
    """Writes numbers digit by digit, in the order 0, 1, -1, 2, -2, ..."""
    left = np.where(numbers > 0, 2 * numbers - 1, -2 * numbers).ravel()
    texts: list[str] = []
    while left.any() or not texts:
        left, last = np.divmod(left, BASE)
        texts.append(np.frombuffer(DIGITS, np.uint8)[last].tobytes().decode())
    return texts


def _numbers(texts: Sequence[str]) -> Times:
    found = np.zeros(len(texts[0]), dtype=np.int64)
    for text in reversed(texts):
        values = _VALUES[np.frombuffer(text.encode(), np.uint8)]
        if values.size != found.size or (values < 0).any():
            raise ValueError("its texts differ in length, or have characters that are no digits")
        found = found * BASE + values
    return np.where(found % 2, (found + 1) // 2, -(found // 2))
