"""The marks that stand behind a mechanism's name where a cell is not quite like the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from callcost.benchmarks.catalogue import WORKLOADS
from callcost.bindings.registry import Mechanism

OWN_CODE = "*"
"""It runs code of its own in the place of the C that all others call."""

THROUGH_PYTHON = "†"
"""Python code stands around the tool's own call."""

LEGEND = (
    f"{OWN_CODE} runs code of its own in the place of the C; "
    f"{THROUGH_PYTHON} needs Python code around the tool's own call"
)


@dataclass(frozen=True)
class Marks:
    """The marks of a run, as its record holds them: mechanism, workload, marks."""

    by_mechanism: Mapping[str, Mapping[str, str]]

    @classmethod
    def of_record(cls, document: Mapping[str, Any]) -> Marks:
        """Reads the marks from a record; one that is older than they are has none."""
        return cls(document["callcost"].get("environment", {}).get("marks", {}))

    def of(self, mechanism: str, workload: str) -> str:
        """Returns the marks of a cell; those of the sweep are those of the function it calls."""
        by_workload = self.by_mechanism.get(mechanism, {})
        return by_workload.get(workload, "")


NO_MARKS = Marks({})


def marks_of(mechanism: Mechanism) -> dict[str, str]:
    """Tells the marks of each workload that a mechanism supports, where it has any."""
    found = {
        workload.name: _mark(mechanism, workload.function)
        for workload in WORKLOADS
        if mechanism.offers(workload.function)
    }
    return {name: mark for name, mark in found.items() if mark}


def _mark(mechanism: Mechanism, function: str) -> str:
    own_code = "" if mechanism.same_c(function) else OWN_CODE
    # Of plain Python nobody expects anything else.
    return own_code + (THROUGH_PYTHON if function in mechanism.through_python else "")
