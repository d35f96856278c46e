"""Where things are in a checkout, and what they are called once they are installed."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

from .damage import folders, why_unusable

ROOT = Path(__file__).resolve().parent.parent
PACKAGE_FOLDERS = {
    "callcost": "callcost",
    "callcost.compare": "callcost/compare",
    "callcost.explain": "callcost/explain",
    "callcost.history": "callcost/history",
    "callcost.inspect": "callcost/inspect",
    "callcost.timing": "callcost/timing",
    "callcost.native": "native",
    "callcost.native.ladder": "native/ladder",
    "callcost.bindings": "bindings",
    "callcost.benchmarks": "benchmarks",
    "callcost.benchmarks.peers": "benchmarks/peers",
    "callcost.benchmarks.probes": "benchmarks/probes",
    "callcost.benchmarks.report": "benchmarks/report",
}
DARWIN = sys.platform == "darwin"
CORE_NAME = "callcost_core"
LIBRARY_SUFFIX = ".dylib" if DARWIN else ".so"
CORE_FILE = f"lib{CORE_NAME}{LIBRARY_SUFFIX}"
LADDER = "native/ladder"
ABI_TAG = str(sysconfig.get_config_var("SOABI"))
MANIFEST = f"built.{ABI_TAG}.json"


def packages() -> list[str]:
    """Names every package to install: those folders, and each mechanism in bindings/."""
    return [*PACKAGE_FOLDERS, *(f"callcost.bindings.{name}" for name in mechanism_names())]


def mechanism_names() -> list[str]:
    """Names the folders in bindings/ that are mechanisms and not damaged."""
    return [path.name for path in folders(ROOT / "bindings") if why_unusable(path) is None]
