"""The tools: what one call costs through each, and which one callcost advises to take."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from callcost.benchmarks.break_even import FUNCTION, REFERENCE, calls_the_c
from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.facts.marks import LEGACY, is_legacy
from callcost.bindings import registry
from callcost.bindings.registry import WRITTEN, Card
from callcost.console.numbers import number
from callcost.estimate.estimate import GroupEstimate
from callcost.model.group import ELSEWHERE
from callcost.model.interval import Interval

# The tool of hand-written extensions, which the others are compared with.
BY_HAND = "C API"
# A dear and a lean one, for the finding.
WELL_KNOWN = ("ctypes", "nanobind")


@dataclass(frozen=True)
class Choice:
    """What to take for what one has, and what to know before."""

    you_have: str
    mechanism: str
    catch: str


CHOICES = (
    Choice(
        "a C library, and a compiler where you build",
        "cffi_api",
        "it lets go of the GIL around every call",
    ),
    Choice(
        "a C library, and no compiler",
        "ctypes_cdll",
        "nothing checks your declarations against the header",
    ),
    Choice("C++ classes", "nanobind_module", "it needs C++17"),
    Choice(
        "C++ that is bound by pybind11 today",
        "pybind11_module",
        "nanobind is its author's leaner successor",
    ),
    Choice("Rust", "pyo3_module", "every build needs cargo"),
    Choice(
        "Python to speed up, some of it calling C",
        "cython_def",
        "a language of its own, between Python and C",
    ),
    Choice(
        "C for several languages at once",
        "swig_proxy",
        "its classes are written in Python, so a method costs more",
    ),
    Choice(
        "a few short calls that must cost least",
        "cpython_fastcall",
        "you count the references yourself",
    ),
)
"""What the README advises: at most eight rows."""


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

    @property
    def text(self) -> str:
        """What its leanest mechanism costs, and its dearest if that differs."""
        ends = (number(end, 0 if end >= 100 else 1) for end in (self.net_ns.value, self.most_ns))
        return " to ".join(dict.fromkeys(ends))

    @property
    def label(self) -> str:
        """The tool's name, with a word if it is a thing of the past."""
        return f"{self.tool} ({LEGACY})" if is_legacy(self.leanest) else self.tool


@dataclass(frozen=True)
class Tools:
    """What one call costs through each tool, the cheapest first; `python_ns` in Python itself."""

    costs: tuple[ToolCost, ...]
    python_ns: float | None

    @property
    def written(self) -> list[str]:
        """What the users of these tools write, in the order of the colours."""
        used = {cost.you_write for cost in self.costs}
        return [each for each in WRITTEN if each in used]

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


def tools_of(estimate: GroupEstimate, function: str = FUNCTION) -> Tools:
    """Sums up a group that calls a function: the tools that call the C in it, and plain Python."""
    by_tool: dict[str, list[tuple[float, str, Interval]]] = {}
    names = estimate.names[: estimate.size]
    for row, name in enumerate(names):
        if name in cards() and calls_the_c(name, function):
            net_ns = estimate.net_ns(row)
            by_tool.setdefault(cards()[name].tool, []).append((net_ns.value, name, net_ns))
    costs = sorted(map(_cost, by_tool.values()), key=lambda cost: cost.net_ns.value)
    python_ns = estimate.net_ns(names.index(REFERENCE)).value if REFERENCE in names else None
    return Tools(tuple(costs), python_ns)


def _cost(rows: list[tuple[float, str, Interval]]) -> ToolCost:
    _, leanest, net_ns = min(rows)
    card = cards()[leanest]
    return ToolCost(card.tool, card.you_write, leanest, net_ns, most_ns=max(rows)[0])


@cache
def cards() -> dict[str, Card]:
    """Maps every mechanism to what people call it."""
    return {name: mechanism.card for name, mechanism in registry.known().items()}


def tool_of(name: str) -> str:
    """Returns the tool of a mechanism; of one that only a record knows, by its name."""
    return cards()[name].tool if name in cards() else registry.tool_of(name)


def workload_label(name: str) -> str:
    """Returns what people call a workload; its name if only a record knows it."""
    return next((each.label for each in WORKLOADS if each.name == name), name)


def title_of(group: str) -> str:
    """Writes the name of a group for people: 1 int -> int (fibonacci)."""
    workload, at, place = group.partition(ELSEWHERE)
    label = workload_label(workload)
    return f"{label}{'' if label == workload else f' ({workload})'}{at}{place}"


def written_of(name: str) -> str:
    """Returns what the users of a mechanism write; empty if only a record knows it."""
    return cards()[name].you_write if name in cards() else ""
