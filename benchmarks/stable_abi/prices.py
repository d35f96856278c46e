"""Pairs each call through the stable ABI with the same tool's call for one version of Python.

A mechanism's docstring says which other one it compiles for the stable ABI; the names of the files
in the record say which ABI that is: abi3, or abi3t without a GIL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from callcost.benchmarks.matrix.figures import is_clear
from callcost.bindings.registry import mechanisms
from callcost.estimate.estimate import MIN_EFFECT, GroupEstimate, aa_error
from callcost.model import abi
from callcost.model.contender import Contender
from callcost.model.group import ELSEWHERE
from callcost.model.interval import Interval

# Where the limited API differs most from the macros that it replaces, and the plain call.
SIGNATURES = (
    "fibonacci", "fibonacci_keyword", "text_ascii_16", "buffer_1024", "list_100",
    "tally_increment", "new_tally",
)  # fmt: skip
FREE_THREADED_ABI = "abi3t"


@dataclass(frozen=True)
class Price:
    """A call through the stable ABI: what it costs, and how much more than the native form.

    `native` is the mechanism of that form, or None if there is none, as with cffi. `share` is the
    difference as a share of the native cost; `is_clear`: it exceeds the A/A error of the run.
    """

    workload: str
    place: str
    abi: str
    stable: str
    stable_ns: Interval
    native: str | None = None
    native_ns: Interval | None = None
    share: Interval | None = None
    is_clear: bool = False


def native_forms() -> dict[str, str | None]:
    """Maps each mechanism to the one whose source it compiles for the stable ABI, if any."""
    return {each.name: each.stable_form_of for each in mechanisms()}


def here(document: Mapping[str, Any]) -> str:
    """Names the interpreter that a record was made in, as its other places are named."""
    return abi.version(document["machine_info"], 2)


def prices(estimates: Mapping[str, GroupEstimate], own_place: str) -> Iterator[Price]:
    """Yields every call of SIGNATURES through the stable ABI, place by place."""
    limit = max(MIN_EFFECT, aa_error(list(estimates.values())))
    forms = native_forms()
    by_workload = sorted(
        (name for name in estimates if name.partition(ELSEWHERE)[0] in SIGNATURES),
        key=lambda name: SIGNATURES.index(name.partition(ELSEWHERE)[0]),
    )
    for name in by_workload:
        workload, _, place = name.partition(ELSEWHERE)
        estimate = estimates[name]
        for row, stable in enumerate(estimate.names[: estimate.size]):
            tag = stable_abi(estimate.times.contenders[row])
            if tag is not None:
                native = forms.get(stable)
                yield _price(estimate, row, native, limit, workload, place or own_place, tag)


def _price(
    estimate: GroupEstimate,
    row: int,
    native: str | None,
    limit: float,
    workload: str,
    place: str,
    tag: str,
) -> Price:
    own = estimate.names[: estimate.size]
    plain = Price(workload, place, tag, own[row], estimate.net_ns(row))
    if native not in own or estimate.inconclusive:
        return plain
    other = own.index(native)
    ratio = estimate.ratio(row, other)
    share = Interval(ratio.value - 1, ratio.low - 1, ratio.high - 1)
    clear = is_clear(share, limit)
    native_ns = estimate.net_ns(other)
    return Price(
        workload, place, tag, own[row], estimate.net_ns(row), native, native_ns, share, clear
    )


def stable_abi(contender: Contender) -> str | None:
    """Tells for which stable ABI a contender's own modules are compiled; None if for none."""
    tags = {
        abi.stable_tag(abi.tag_of(binary.name)) for binary in contender.binaries if binary.module
    }
    found = {tag.abi for tag in tags if tag is not None}
    return found.pop() if len(found) == len(tags) == 1 else None


def latest(found: Iterable[Price]) -> list[Price]:
    """Keeps the newest Python of each ABI for each mechanism, whatever the order of the run."""
    everything = sorted(found, key=lambda price: _version(price.place))
    last = {(price.stable, price.abi): price.place for price in everything}
    newest = [price for price in everything if last[price.stable, price.abi] == price.place]
    return sorted(newest, key=lambda price: SIGNATURES.index(price.workload))


def _version(place: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", place)]
