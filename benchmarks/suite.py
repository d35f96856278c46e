"""What `callcost compare` measures of this project: the catalogue, in whatever a revision has.

The workloads are those of the running callcost; the mechanisms, and which of the workloads each
supports, are those that were installed from the revision.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.rows import describe
from callcost.bindings.registry import Mechanism, mechanisms, module_of
from callcost.compare.rows import Cell
from callcost.compare.suite import Offer
from callcost.job import Binary, Contender

DEFAULT_WORKLOADS = ("get_pi", "fibonacci", "text_ascii_16")


def offer(site: Path) -> Offer:
    """Lists every cell of the table that the installation in `site` has."""
    folder = site / "callcost" / "bindings"
    manifest = _manifest(folder)
    left_out: dict[str, str] = manifest.get("missing", {})
    contenders: dict[Cell, Contender] = {}
    missing: dict[Cell, str] = {}
    for mechanism in mechanisms(folder):
        for workload in WORKLOADS:
            cell = Cell(workload.name, mechanism.name)
            if mechanism.module in left_out:
                missing[cell] = f"not built: {left_out[mechanism.module]}"
            elif workload.function not in mechanism.functions:
                missing[cell] = mechanism.why_unsupported(workload.function) or "it is not there"
            else:
                binaries = _binaries(site, manifest, mechanism)
                contenders[cell] = describe(mechanism, workload, binaries)
    return Offer(contenders, missing)


def _manifest(folder: Path) -> dict[str, Any]:
    """Reads what the build wrote down; a revision that is older than that has nothing to read."""
    for path in folder.glob("built.*.json"):
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found
    return {}


def _binaries(site: Path, manifest: dict[str, Any], mechanism: Mechanism) -> tuple[Binary, ...]:
    """Names the compiled files of a mechanism, so that no other can be measured in their place."""
    own = mechanism.module.replace(".", "/") + "/"
    return tuple(
        Binary(name, str(site / name), digest, module_of(name))
        for name, digest in manifest.get("files", {}).items()
        if name.startswith(own)
    )
