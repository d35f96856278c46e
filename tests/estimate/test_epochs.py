"""Packed epochs are the epochs again, whatever the clock's tick is."""

from __future__ import annotations

import json
import lzma

import msgspec
import numpy as np
import pytest

from callcost.estimate.epochs import DIGITS, find_tick_ns, pack, unpack
from callcost.estimate.layouts import PackedEpochs
from callcost.model.run import Times

TICK_NS = 10.0149


def ticking(tick_ns: float, size: tuple[int, int] = (12, 500)) -> Times:
    """Makes up epochs as a clock with this tick gives them: differences of two rounded times."""
    noise = np.random.default_rng(1)
    ticks = np.rint(noise.lognormal(9, 0.2, size)).astype(np.int64)
    starts = noise.integers(10**9, 10**10, size)
    first, last = (np.floor(at * tick_ns).astype(np.int64) for at in (starts, starts + ticks))
    epochs: Times = last - first
    return epochs


def again(epochs: Times, tick_ns: float) -> Times:
    packed = pack(list(epochs), tick_ns)
    return np.array(unpack(msgspec.convert(msgspec.to_builtins(packed), PackedEpochs)))


@pytest.mark.parametrize("tick_ns", [1.0, TICK_NS, 41.6667])
def test_the_tick_of_a_clock_is_found(tick_ns: float) -> None:
    assert find_tick_ns(ticking(tick_ns)) == pytest.approx(tick_ns, rel=1e-4)


@pytest.mark.parametrize("tick_ns", [1.0, TICK_NS, 999.9])
def test_packing_loses_nothing(tick_ns: float) -> None:
    # Preempted, long, no time at all.
    epochs = ticking(TICK_NS)
    epochs[0, :4] = -80_000, 10**15, -(10**15), 0
    assert (again(epochs, tick_ns) == epochs).all()
    assert (again(epochs[:1, :1], tick_ns) == epochs[:1, :1]).all()


def test_knowing_the_tick_saves_room() -> None:
    def size(tick_ns: float) -> int:
        return len(lzma.compress(json.dumps(pack(list(ticking(TICK_NS)), tick_ns)).encode()))

    assert size(TICK_NS) < 0.9 * size(1.0)


def test_json_writes_each_digit_as_it_is() -> None:
    assert msgspec.json.encode(DIGITS.decode()) == b'"' + DIGITS + b'"'
