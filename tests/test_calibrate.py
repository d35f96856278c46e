"""The calibration's arithmetic, on made-up epochs; docs/measuring.md has the real figures."""

from __future__ import annotations

import numpy as np
import pytest

from callcost import calibrate
from callcost._delay import delay, delay_ns
from callcost.coordinator import GroupTimes
from callcost.estimate import GroupEstimate
from callcost.job import Plan, controls_for

STEPS = list(range(len(calibrate.TARGETS_NS)))


def made_up(slope: float, hidden_ns: float) -> GroupTimes:
    """Makes delays of known size, of which `hidden_ns` do not show and the rest `slope` times."""
    group = calibrate.delay_group(STEPS)
    delays_ns = np.array(calibrate.TARGETS_NS, dtype=float)
    added_ns = np.maximum(0, slope * delays_ns - hidden_ns)
    cost_ns = np.concatenate([20 + added_ns, [0], [0, 20, 10]])
    epochs = np.rint((cost_ns[:, None] + 0.2) * 1000 * np.ones(30)).astype(np.int64)
    times = GroupTimes(group, controls_for(group, 0), Plan(100, 10, 1, 30), [epochs] * 12)
    times.reports = [{group.contenders[0].name: (delays_ns + 1.5).tolist()}] * 12
    return times


@pytest.mark.parametrize(("slope", "hidden_ns"), [(1.0, 0.0), (1.0, 9.0), (0.9, 4.0), (1.2, 0.0)])
def test_slope_and_hidden_part_are_found_again(slope: float, hidden_ns: float) -> None:
    times = made_up(slope, hidden_ns)
    injected = calibrate.injected_by_process(times, STEPS)
    found, intercept_ns, points = calibrate.fit(GroupEstimate(times), injected)
    assert found.value == pytest.approx(slope, abs=1e-3)
    assert intercept_ns.value == pytest.approx(-hidden_ns, abs=0.05)
    assert [point.fitted for point in points] == [ns >= 20 for ns in calibrate.TARGETS_NS]
    assert points[-1].injected_ns == calibrate.TARGETS_NS[-1]


def test_an_empty_call_is_not_there() -> None:
    estimate = GroupEstimate(made_up(1.0, 0.0))
    assert estimate.net_ns(len(STEPS)).value == pytest.approx(0, abs=1e-9)


def test_pairs_are_the_same_code() -> None:
    group = calibrate.pair_group()
    for first, second in zip(group.contenders[::2], group.contenders[1::2], strict=True):
        assert (first.setup, first.call) == (second.setup, second.call)
        assert first.name != second.name


def test_more_steps_of_the_delay_take_longer_inside_c() -> None:
    # The best of many, and a factor of 100 between the two: far above any noise.
    short_ns, long_ns = (min(delay_ns(steps, 50) for _ in range(50)) for steps in (100, 10_000))
    assert long_ns > 10 * short_ns
    assert delay(100) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [((1,), TypeError), (("x", 1), TypeError), ((1, 0), ValueError), ((1, 2, 3), TypeError)],
)
def test_the_delay_refuses_bad_arguments(arguments: tuple[object, ...], error: type) -> None:
    with pytest.raises(error):
        delay_ns(*arguments)  # type: ignore[arg-type]
