"""Makes contenders that delay for a known time in C.

`callcost calibrate` measures many of them. An ordinary run measures a few along with its groups,
as a control; estimate/delays.py evaluates them.
"""

from __future__ import annotations

from collections.abc import Sequence

from callcost.errors import CallcostError
from callcost.model.contender import Contender
from callcost.model.delays import NAME
from callcost.model.group import Group

# The delays of a run. The slope depends on the ends; the points between show whether it is a line.
CONTROL_NS = (0, 20, 50, 100, 200)


class NoDelaysError(CallcostError):
    """Delays cannot be injected; the text says why, without a full stop."""


def control_group(groups: Sequence[Group]) -> Group:
    """Makes the delays that a run measures along with its groups; raises NoDelaysError."""
    if all(group.environment is not None for group in groups):
        raise NoDelaysError("no group is measured in this interpreter")
    if any(group.name == NAME for group in groups):
        raise NoDelaysError(f"another group is called {NAME}")
    steps = choose_steps(CONTROL_NS)
    if len(set(steps)) < len(steps):
        raise NoDelaysError("one step takes longer than the shortest delay should")
    return delay_group(steps)


def choose_steps(targets_ns: Sequence[int]) -> list[int]:
    """Chooses the number of steps for each target on this machine; raises NoDelaysError."""
    try:
        from callcost.run._delay import delay_ns
    except ImportError as error:
        raise NoDelaysError(
            f"the extension that makes delays was not built ({error}); install a C compiler and "
            "Python's headers, then install callcost again"
        ) from error
    many = 1000
    step_ns = min(delay_ns(many, 200) for _ in range(20)) / many
    return [round(target_ns / step_ns) for target_ns in targets_ns]


def delay_group(steps: Sequence[int]) -> Group:
    """Makes a contender for each delay; the first also reports every delay as timed inside C."""
    in_c = f"[sorted(delay_ns(k, 500) for _ in range(21))[10] for k in {list(steps)}]"
    contenders = [
        Contender(
            f"delay of {count} steps",
            f"from callcost.run._delay import delay, delay_ns\nsteps = {count}",
            "delay(steps)",
            "None",
            report=in_c if number == 0 else None,
        )
        for number, count in enumerate(steps)
    ]
    return Group(NAME, tuple(contenders))
