"""What `callcost compare` measures of this project: the catalogue, in whatever a revision has.

The workloads are those of the running callcost; the mechanisms, and which of the workloads each
supports, are those that were installed from the revision. `callcost explain` measures the
running installation by the same table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from callcost import native
from callcost.benchmarks.catalogue import WORKLOADS, Workload
from callcost.benchmarks.contenders import build, contender, describe
from callcost.bindings.registry import (
    FOLDER,
    Mechanism,
    StaleBuildError,
    damaged,
    mechanisms,
    module_of,
)
from callcost.model.job import Binary, Contender
from callcost.paired.rows import Cell
from callcost.paired.suite import Offer, SuiteError

MECHANISM_FILE = "bindings/[!_]*/__init__.py"
DEFAULT_WORKLOADS = ("get_pi", "fibonacci", "text_ascii_16")


def names(files: Collection[str]) -> set[Cell]:
    """Lists every workload through every mechanism that a revision's folders name."""
    found = {Path(name).parent.name for name in files if fnmatchcase(name, MECHANISM_FILE)}
    return {Cell(workload.name, mechanism) for workload in WORKLOADS for mechanism in found}


def offer(site: Path) -> Offer:
    """Lists every cell of the table that the installation in `site` has."""
    folder = site / "callcost" / "bindings"
    manifest = _manifest(folder)
    left_out: dict[str, str] = manifest.get("missing", {})

    def describe_there(mechanism: Mechanism, workload: Workload) -> Contender:
        return describe(mechanism, workload, _binaries(site, manifest, mechanism))

    found = _table(mechanisms(folder), lambda it: left_out.get(it.module), describe_there)
    return _with_damaged(found, folder)


def here() -> Offer:
    """Lists every cell of the table that the running installation has; raises SuiteError."""
    try:
        return _with_damaged(_table(mechanisms(), build().missing, contender), FOLDER)
    except StaleBuildError as error:
        raise SuiteError(str(error)) from error


def rules() -> list[Path]:
    """Names the tables of what the functions of a tool, and of the core, are to a call."""
    own = [mechanism.folder / "rules.toml" for mechanism in mechanisms()]
    return [*(path for path in own if path.exists()), Path(native.__file__).with_name("rules.toml")]


def _with_damaged(found: Offer, folder: Path) -> Offer:
    """Adds the cells of mechanisms whose folders are damaged, with what is wrong with them."""
    missing = {
        Cell(workload.name, name): f"damaged: {why}"
        for name, why in damaged(folder).items()
        for workload in WORKLOADS
    }
    return Offer(found.contenders, {**found.missing, **missing})


def _table(
    found: Iterable[Mechanism],
    why_left_out: Callable[[Mechanism], str | None],
    describe_cell: Callable[[Mechanism, Workload], Contender],
) -> Offer:
    contenders: dict[Cell, Contender] = {}
    missing: dict[Cell, str] = {}
    for mechanism in found:
        reason = why_left_out(mechanism)
        for workload in WORKLOADS:
            cell = Cell(workload.name, mechanism.name)
            if reason is not None:
                missing[cell] = f"not built: {reason}"
            elif workload.function not in mechanism.functions:
                missing[cell] = mechanism.why_unsupported(workload.function) or "it is not there"
            else:
                try:
                    contenders[cell] = describe_cell(mechanism, workload)
                except StaleBuildError as error:
                    missing[cell] = str(error)
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
