"""The options by which a run is cut down to some mechanisms and some workloads."""

from __future__ import annotations

import pytest

from callcost.bindings.registry import damaged
from callcost.model.patterns import UnknownNameError, matches, require_known

OPTIONS = {
    "mechanism": "Measure only this mechanism; a pattern such as 'cffi_*', and may be repeated.",
    "workload": "Measure only this workload; a pattern such as 'add_*', and may be repeated.",
}


def add_options(parser: pytest.Parser) -> None:
    """Declares --mechanism and --workload."""
    group = parser.getgroup("callcost")
    for name, text in OPTIONS.items():
        group.addoption(f"--{name}", action="append", metavar="NAME", default=[], help=text)


def deselect(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves only the rows that the options name; raises UnknownNameError for an unknown name."""
    for name in OPTIONS:
        patterns: list[str] = config.getoption(name)
        if patterns:
            try:
                require_known(f"--{name}", patterns, [_parameter(item, name) for item in items])
            except UnknownNameError as error:
                known = f"{error} (`callcost list` shows what there is)"
                raise UnknownNameError("; ".join([known, *_damaged(patterns)])) from error
            left_out = [i for i in items if not matches(_parameter(i, name), patterns)]
            items[:] = [item for item in items if item not in left_out]
            config.hook.pytest_deselected(items=left_out)


def _damaged(patterns: list[str]) -> list[str]:
    """Says of each damaged mechanism that is asked for what is wrong with it."""
    asked_for = ((name, why) for name, why in damaged().items() if matches(name, patterns))
    return [f"{name} is damaged: {why}" for name, why in asked_for]


def _parameter(item: pytest.Item, name: str) -> str:
    """Tells the mechanism or the workload of a row; nothing that is no row has one."""
    callspec = getattr(item, "callspec", None)
    return str(callspec.params.get(name, "")) if callspec else ""
