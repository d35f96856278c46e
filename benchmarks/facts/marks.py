"""Marks behind a mechanism's name in a cell that differs from the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from callcost.benchmarks.catalogue import WORKLOADS
from callcost.bindings.registry import Mechanism, known, mechanisms
from callcost.model.group import ELSEWHERE

OWN_CODE = "*"
"""Runs its own code instead of the shared C."""

THROUGH_PYTHON = "†"
"""Needs Python code around the tool's own call."""

LEGACY = "legacy"
"""Said of a mechanism whose tool is a thing of the past; its docstring says so."""

LEGACY_SAID = "its tool has no release for current versions of Python"

LEGEND = (
    f"{OWN_CODE} runs its own code instead of the C; "
    f"{THROUGH_PYTHON} needs Python code around the tool's own call; "
    f"{LEGACY}: {LEGACY_SAID}"
)


@dataclass(frozen=True)
class Marks:
    """The marks of a run, as in its record: by mechanism, then by workload."""

    by_mechanism: Mapping[str, Mapping[str, str]]

    @classmethod
    def of_record(cls, document: Mapping[str, Any]) -> Marks:
        """Read the marks of a record; older ones have none."""
        return cls(document["callcost"].get("environment", {}).get("marks", {}))

    def of(self, mechanism: str, workload: str) -> str:
        """Return the marks of a cell."""
        return self.by_mechanism.get(mechanism, {}).get(workload, "")


@cache
def legacy_names() -> frozenset[str]:
    """Names the mechanisms whose tool is a thing of the past."""
    return frozenset(each.name for each in mechanisms() if each.legacy)


def is_legacy(name: str) -> bool:
    """Tells whether a row, also one of another interpreter, is such a mechanism's."""
    return name.partition(ELSEWHERE)[0] in legacy_names()


def label_of(name: str) -> str:
    """Returns what people call a mechanism; its name if only a record knows it."""
    return known()[name].card.label if name in known() else name


def named(name: str) -> str:
    """Returns what people call a mechanism where it is ranked: with `(legacy)` if it is."""
    return f"{label_of(name)} ({LEGACY})" if is_legacy(name) else label_of(name)


def marks_of(mechanism: Mechanism) -> dict[str, str]:
    """Return the marks of the workloads that a mechanism supports, if any."""
    found = {
        workload.name: _mark(mechanism, workload.function)
        for workload in WORKLOADS
        if mechanism.offers(workload.function)
    }
    return {name: mark for name, mark in found.items() if mark}


def _mark(mechanism: Mechanism, function: str) -> str:
    own_code = "" if mechanism.same_c(function) else OWN_CODE
    return own_code + (THROUGH_PYTHON if function in mechanism.through_python else "")
