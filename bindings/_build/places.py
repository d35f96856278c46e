"""Where things are in a checkout, and their names after installation."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from .damage import folders, why_unusable

ROOT = Path(__file__).resolve().parents[2]
# Top folders, and the packages that they are installed as.
INSTRUMENT = {"callcost": "callcost"}
SUITE = {
    **INSTRUMENT,
    "native": "callcost.native",
    "bindings": "callcost.bindings",
    "benchmarks": "callcost.benchmarks",
}
DARWIN = sys.platform == "darwin"
CORE_NAME = "callcost_core"
LIBRARY_SUFFIX = ".dylib" if DARWIN else ".so"
CORE_FILE = f"lib{CORE_NAME}{LIBRARY_SUFFIX}"
LADDER = "native/ladder"
# Declares the extension that injects the delays of `callcost calibrate`.
DELAYS = ROOT / "callcost" / "run" / "build.py"
ABI_TAG = str(sysconfig.get_config_var("SOABI"))
MANIFEST = f"built.{ABI_TAG}.json"


def package_folders(tops: Mapping[str, str] = SUITE) -> dict[str, str]:
    """Map each package to its folder in the checkout; leave out damaged mechanisms."""
    found = {}
    for top, package in tops.items():
        for path in sorted((ROOT / top).rglob("__init__.py")):
            inside = path.parent.relative_to(ROOT / top).parts
            if top != "bindings" or not inside or inside[0].startswith("_"):
                found[".".join([package, *inside])] = path.parent.relative_to(ROOT).as_posix()
    if "bindings" in tops:
        found |= {f"callcost.bindings.{name}": f"bindings/{name}" for name in mechanism_names()}
    return found


def mechanism_names() -> list[str]:
    """Names the mechanisms in bindings/ that are not damaged."""
    return [path.name for path in folders(ROOT / "bindings") if why_unusable(path) is None]
