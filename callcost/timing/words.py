"""Shows the result in a table and in sentences, and how far to trust it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rich.console import Console

from callcost.console.numbers import number as as_number
from callcost.console.numbers import plus_minus, unit_of
from callcost.console.tables import PlainTable
from callcost.estimate.trust import quota_remarks
from callcost.model.interval import Interval
from callcost.timing.flow import Timed
from callcost.timing.labels import labels
from callcost.timing.measured import Measured

HEADINGS = (">cost", ">95% interval", ">least", ">quarter", ">half", ">three quarters", ">most")


def show(found: Timed, console: Console) -> None:
    """Print everything; problems with values come first."""
    for line in value_sentences(found):
        # On one line, however long: scripts read it.
        console.print(line, markup=False, soft_wrap=True)
    if found.measured is not None:
        for line in answers(found, found.measured):
            console.print(line, markup=False, soft_wrap=True, style="bold")
    for line in findings(found):
        console.print(line, markup=False)
    if found.measured is not None:
        console.print(table(found, found.measured))
        for line in remarks(found, found.measured):
            console.print(line, markup=False)


def answers(found: Timed, measured: Measured) -> Iterator[str]:
    """Say what each call costs that can be told, aligned, and how far to trust that."""
    names = labels(found.sides)
    costs = [found.cost(number) for number in range(len(names))]
    told = {
        name: plus_minus(cost.net_ns)
        for name, cost in zip(names, costs, strict=True)
        if cost is not None and not np.isnan(cost.net_ns.low)
    }
    width, room = (max(map(len, texts), default=0) for texts in (told, told.values()))
    trusted = f"   (trust differences above {measured.trusted_share:.1%})"
    for name, cost in told.items():
        yield f"{name:{width}}   {cost:>{room}} per call{'' if found.inconclusive else trusted}"
        # Said once.
        trusted = ""


def table(found: Timed, measured: Measured) -> PlainTable:
    """Make the table of costs, one row for each expression."""
    scale_ns, unit = unit_of(max(cost.net_ns.value for cost in measured.costs))
    title = (
        f"{unit} per call, net of the loop; on the right its spread over "
        f"{measured.processes_used} processes"
    )
    made = PlainTable("expression", *HEADINGS, title=title, spare=(4, 6, 5, 3, 7))
    made.columns[0].no_wrap = False
    for number, label in enumerate(labels(found.sides)):
        cost = found.cost(number)
        if cost is None:
            said = "wrong" if found.is_wrong(number) else "nothing"
            made.add(label, said)
            continue
        net = cost.net_ns
        if np.isnan(net.low):
            made.add(label, "unknown")
            continue
        value, low, high = (as_number(end / scale_ns, 3) for end in (net.value, net.low, net.high))
        spread = np.quantile(cost.processes_ns, [0, 0.25, 0.5, 0.75, 1]) / scale_ns
        figures = (value, f"({low} .. {high})", *(as_number(one, 3) for one in spread))
        made.add(label, *figures)
    return made


def value_sentences(found: Timed) -> Iterator[str]:
    """Say what is wrong with the values of the calls."""
    names = labels(found.sides)
    for number, look in enumerate(found.looks):
        if found.is_wrong(number):
            yield (
                f"WRONG: {names[number]} returned {look.value}, expected {look.expected}. "
                "It is not timed."
            )
        elif found.expect is not None and look.right is None:
            yield (
                f"Cannot tell whether {names[number]} is right: it returned {look.value}, "
                f"expected {look.expected}."
            )
    if any(map(found.is_wrong, range(len(names)))) or len(names) < 2:
        return
    same, why = found.values
    if same == "different":
        yield _difference(found, names)
    elif same == "unknown" and not found.are_one:
        yield f"Cannot tell whether both return the same: {_changing(found, names) or why}."


def _difference(found: Timed, names: tuple[str, ...]) -> str:
    values = [look.value for look in found.looks]
    cut = " They differ where the texts are cut." if str(values[0]) == str(values[1]) else ""
    return (
        f"DIFFERENT VALUES: {names[0]} returned {values[0]}, but {names[1]} returned {values[1]}."
        f"{cut} Calls that return different values are not compared. Correct one of them, or give "
        "the right value with --expect."
    )


def _changing(found: Timed, names: tuple[str, ...]) -> str:
    changing = [
        f"the value of {name} changes from call to call"
        for name, look in zip(names, found.looks, strict=True)
        if look.value.changes
    ]
    return ", and ".join(changing)


def findings(found: Timed) -> Iterator[str]:
    """Say what the figures mean."""
    names = labels(found.sides)
    for number, name in enumerate(names):
        if found.nothing_left(number) and not found.inconclusive:
            yield _nothing(name, found.sides[number].folded)
    if found.measured is not None and found.measured.too_few_left:
        yield (
            "INCONCLUSIVE: nearly every epoch was preempted or disturbed, so too few are left. "
            "Measure again on a calmer machine, or longer (--seconds)."
        )
    elif found.inconclusive:
        yield (
            "INCONCLUSIVE: two copies of the same expression differed, so nothing can be trusted "
            "just now. Measure again on a calmer machine, or longer (--seconds)."
        )
    elif found.ratio is not None and found.measured is not None:
        yield _comparison(found, found.ratio, names)


def _nothing(name: str, folded: bool) -> str:
    if folded:
        return (
            f"{name}: nothing is left to time: the compiler evaluates it and drops its value. "
            "Use a name that --setup defines."
        )
    return f"{name}: its cost is too small to tell from the empty loop."


def _comparison(found: Timed, ratio: Interval, names: tuple[str, ...]) -> str:
    first, second = names
    between = f"ratio {ratio.value:.3f}, 95% interval {ratio.low:.3f} .. {ratio.high:.3f}"
    if found.are_one:
        said = f"Both sides are the same: {first}, with the same set-up. It was measured twice"
    elif found.verdict == "slower":
        said = f"{first} is slower than {second}: it takes {ratio.value:.2f} times as long"
    elif found.verdict == "faster":
        said = f"{first} is faster than {second}, which takes {1 / ratio.value:.2f} times as long"
    else:
        said = f"No measurable difference between {first} and {second}"
    return f"{said} ({between})."


def remarks(found: Timed, measured: Measured) -> Iterator[str]:
    """Say how far to trust the figures, and what happened while measuring."""
    names = labels(found.sides)
    if found.inconclusive:
        pass
    elif measured.costs[0].net_ns.low > 0:
        yield (
            f"A difference of {measured.trusted_share:.1%} or more can be trusted now: two "
            f"copies of the same code differed by {abs(measured.twin.value - 1):.2%}."
        )
    same_python = len({side.what_it_does[2] for side in found.sides}) == 1
    if same_python and measured.control_moved and measured.control is not None:
        yield (
            f"A builtin function that neither calls takes {measured.control.value:.2f} times as "
            f"long beside {names[0]} as beside {names[1]}: something besides the two calls differs."
        )
    preempted = f"{measured.preempted:,} of {measured.epochs:,} epochs dropped as preempted"
    if measured.disturbed_share is not None:
        preempted += f", {measured.disturbed_share:.0%} of the passes as disturbed"
    pythons = dict.fromkeys(side.asked.interpreter for side in found.sides)
    yield (
        f"{measured.processes} processes of {' and '.join(pythons)} on CPU {measured.cpu} in "
        f"{measured.wall_s:.1f} s; {preempted}."
    )
    if not measured.filtered:
        yield "The machine was almost never calm, so no pass was left out as disturbed."
    if measured.not_pinned:
        yield f"The workers were not pinned to a CPU ({measured.not_pinned}); expect more noise."
    yield from quota_remarks(measured.state)
