"""Sums a workload up by tool: what its leanest mechanism costs, and what its other ones do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from callcost.benchmarks.break_even import REFERENCE, calls_the_c
from callcost.benchmarks.facts.marks import is_legacy
from callcost.bindings.registry import Card, mechanisms
from callcost.estimate.estimate import GroupEstimate
from callcost.model.interval import Interval

# The tool of hand-written extensions, which the others are compared with.
BY_HAND = "C API"
# A dear and a lean one, for the finding.
WELL_KNOWN = ("ctypes", "nanobind")


@dataclass(frozen=True)
class ToolCost:
    """What one call costs through a tool.

    leanest: the name of its cheapest mechanism, which costs `net_ns`.
    most_ns: what its dearest one costs.
    """

    tool: str
    you_write: str
    leanest: str
    net_ns: Interval
    most_ns: float
    is_legacy: bool

    @property
    def label(self) -> str:
        """The tool's name, with a word if it is a thing of the past."""
        return f"{self.tool} (legacy)" if self.is_legacy else self.tool


@dataclass(frozen=True)
class Tools:
    """What one call costs through each tool, the cheapest first; `python_ns` in Python itself."""

    costs: tuple[ToolCost, ...]
    python_ns: float | None

    @property
    def finding(self) -> str:
        """Says what two well-known tools cost, compared with an extension written by hand."""
        named = {cost.tool: cost for cost in self.costs}
        if not {BY_HAND, *WELL_KNOWN} <= named.keys():
            return "What one call of C costs, tool by tool"
        by_hand_ns = named[BY_HAND].net_ns.value
        dear, lean = (named[tool] for tool in WELL_KNOWN)
        low, high = dear.net_ns.value / by_hand_ns, dear.most_ns / by_hand_ns
        return (
            f"{dear.tool} costs {low:.0f} to {high:.0f} times a hand-written extension, "
            f"{lean.tool} {lean.net_ns.value / by_hand_ns:.1f}"
        )


def tools_of(estimate: GroupEstimate) -> Tools | None:
    """Sums up a group; None if fewer than two tools call the C in it."""
    by_tool: dict[str, list[tuple[float, str, Interval]]] = {}
    names = estimate.names[: estimate.size]
    for row, name in enumerate(names):
        if name in cards() and calls_the_c(name):
            net_ns = estimate.net_ns(row)
            by_tool.setdefault(cards()[name].tool, []).append((net_ns.value, name, net_ns))
    costs = sorted(map(_cost, by_tool.values()), key=lambda cost: cost.net_ns.value)
    python_ns = estimate.net_ns(names.index(REFERENCE)).value if REFERENCE in names else None
    return Tools(tuple(costs), python_ns) if len(costs) > 1 else None


def _cost(rows: list[tuple[float, str, Interval]]) -> ToolCost:
    _, leanest, net_ns = min(rows)
    card = cards()[leanest]
    most_ns = max(rows)[0]
    return ToolCost(card.tool, card.you_write, leanest, net_ns, most_ns, is_legacy(leanest))


@cache
def cards() -> dict[str, Card]:
    """Maps every mechanism to what people call it."""
    return {mechanism.name: mechanism.card for mechanism in mechanisms()}
