"""The calibration's own part, on made-up epochs; test_delays.py tests what it shares with a run."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from callcost.commands import calibrate
from callcost.estimate.delays import fit
from callcost.estimate.estimate import GroupEstimate
from callcost.model.group import controls_for
from callcost.model.plan import Plan, Settings
from callcost.model.run import GroupTimes
from callcost.run.delays import NoDelaysError

STEPS = list(range(len(calibrate.TARGETS_NS)))


def made_up() -> GroupTimes:
    """Makes delays that show in full, an empty call and the controls."""
    group = calibrate.delays_and_empty_call(STEPS)
    delays_ns = np.array(calibrate.TARGETS_NS, dtype=float)
    cost_ns = np.concatenate([20 + delays_ns, [0], [0, 20, 10]])
    epochs = np.rint((cost_ns[:, None] + 0.2) * 1000 * np.ones(30)).astype(np.int64)
    times = GroupTimes(group, controls_for(group, 0), Plan(100, 10, 1, 30), [epochs] * 12)
    times.reports = [{group.contenders[0].name: (delays_ns + 1.5).tolist()}] * 12
    return times


def test_an_empty_call_costs_nothing_and_is_not_a_delay() -> None:
    times = made_up()
    assert GroupEstimate(times).net_ns(len(STEPS)).value == pytest.approx(0, abs=1e-9)
    found = fit(times)
    assert found.slope.value == pytest.approx(1, abs=1e-3)
    assert [point.injected_ns for point in found.points] == list(calibrate.TARGETS_NS)


def test_pairs_are_the_same_code() -> None:
    group = calibrate.pair_group()
    for first, second in zip(group.contenders[::2], group.contenders[1::2], strict=True):
        assert (first.setup, first.call) == (second.setup, second.call)
        assert first.name != second.name


def test_missing_test_weights_get_a_sentence_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "callcost.run._delay", None)
    with pytest.raises(NoDelaysError, match="then install callcost again"):
        calibrate.calibrate(Settings(), lambda progress: None)
