"""Lists what `callcost compare` and `callcost explain` can measure of this project.

The workloads come from the running callcost. The mechanisms, and which workloads each supports,
come from what was installed from the revision, or from the running installation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from fnmatch import fnmatchcase
from pathlib import Path

from callcost import native
from callcost.benchmarks.break_even import REFERENCE
from callcost.benchmarks.catalogue import WORKLOADS, Workload
from callcost.benchmarks.contenders import build, builds, contender, describe
from callcost.bindings.registry import (
    FOLDER,
    Mechanism,
    StaleBuildError,
    damaged,
    mechanisms,
)
from callcost.model.contender import Contender
from callcost.paired.rows import Cell
from callcost.paired.suite import Offer, SuiteError

MECHANISM_FILE = "bindings/[!_]*/__init__.py"
DEFAULT_WORKLOADS = ("get_pi", "fibonacci", "text_ascii_16")


def names(files: Collection[str]) -> set[Cell]:
    """Lists every workload through every mechanism that a revision has a folder for."""
    found = {Path(name).parent.name for name in files if fnmatchcase(name, MECHANISM_FILE)}
    return {Cell(workload.name, mechanism) for workload in WORKLOADS for mechanism in found}


def offer(site: Path) -> Offer:
    """Lists every row that the installation in `site` has."""
    folder = site / "callcost" / "bindings"
    # A revision can be so old that its build wrote no manifest.
    built = next(iter(builds(folder)), None)

    def describe_there(mechanism: Mechanism, workload: Workload) -> Contender:
        files = built.files(mechanism) if built else []
        return describe(mechanism, workload, [file for file in files if file.module])

    return _table(folder, built.missing if built else lambda _: None, describe_there)


def here() -> Offer:
    """Lists every row that the running installation has; raises SuiteError."""
    try:
        return _table(FOLDER, build().missing, contender)
    except StaleBuildError as error:
        raise SuiteError(str(error)) from error


def rules() -> list[Path]:
    """Lists the files that tell the parts of a call that functions belong to."""
    own = [mechanism.folder / "rules.toml" for mechanism in mechanisms()]
    return [*(path for path in own if path.exists()), Path(native.__file__).with_name("rules.toml")]


def _table(
    folder: Path,
    why_left_out: Callable[[Mechanism], str | None],
    describe_cell: Callable[[Mechanism, Workload], Contender],
) -> Offer:
    """Lists the rows of the mechanisms in a folder; those of a damaged one are missing."""
    contenders: dict[Cell, Contender] = {}
    missing = {
        Cell(workload.name, name): f"damaged: {why}"
        for name, why in damaged(folder).items()
        for workload in WORKLOADS
    }
    unknown = _unknown_functions(folder)
    for mechanism in mechanisms(folder):
        reason = why_left_out(mechanism)
        for workload in WORKLOADS:
            cell = Cell(workload.name, mechanism.name)
            if reason is not None:
                missing[cell] = f"not built: {reason}"
            elif not mechanism.offers(workload.function):
                missing[cell] = mechanism.why_unsupported(workload.function)
            elif workload.function in unknown:
                missing[cell] = "it is not there"
            else:
                try:
                    contenders[cell] = describe_cell(mechanism, workload)
                except StaleBuildError as error:
                    missing[cell] = str(error)
    return Offer(contenders, missing)


def _unknown_functions(folder: Path) -> set[str]:
    """Lists the functions of the catalogue that a revision is too old to have.

    Its reference names all functions of its time: each is offered, or listed as unsupported.
    """
    reference = folder / REFERENCE / "__init__.py"
    if not reference.is_file():
        return set()
    named = set(re.findall(r"\w+", reference.read_text(encoding="utf-8")))
    return {workload.function for workload in WORKLOADS} - named
