"""Which mechanisms to build, and what they need. pyproject.toml has the lists."""

from __future__ import annotations

import os
import sys
import sysconfig
import tomllib
from typing import Any

from .places import ROOT

VARIABLE = "CALLCOST_MECHANISMS"
NONE = "none"
# Every mechanism whose tool is there. Nothing is installed for it.
PRESENT = "present"
CHOICES = (NONE, "few", "default", "all", PRESENT)
SUITE_EXTRAS = ("plot", "inspect")
# Python without a GIL has a stable ABI from 3.15 on.
HAS_STABLE_ABI = sys.version_info >= (3, 15) or not sysconfig.get_config_var("Py_GIL_DISABLED")


def chosen() -> str:
    """Return the choice that the build backend wrote into the environment."""
    return os.environ.get(VARIABLE, NONE)


def patterns(choice: str) -> list[str]:
    """List the name patterns of the chosen mechanisms."""
    return list(_pyproject()["tool"]["callcost"]["few"]) if choice == "few" else ["*"]


def build_requires(choice: str) -> list[str]:
    """List the tools that the build needs."""
    return [] if choice in (NONE, PRESENT) else _group(f"build-{choice}")


def dependencies(choice: str) -> list[str]:
    """List the packages that an installation needs at run time."""
    if choice == PRESENT:
        return []
    if choice == NONE:
        return _group("instrument")
    extras = _pyproject()["project"]["optional-dependencies"]
    plotted = [requirement for extra in SUITE_EXTRAS for requirement in extras[extra]]
    if choice != "all":
        return [*_group("suite"), *plotted]
    return [*_group("suite-all"), *(_group("split") if HAS_STABLE_ABI else ()), *plotted]


def _group(name: str) -> list[str]:
    """Return a dependency group with the groups that it includes."""
    found: list[str] = []
    for item in _pyproject()["dependency-groups"][name]:
        found += [item] if isinstance(item, str) else _group(item["include-group"])
    return found


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
