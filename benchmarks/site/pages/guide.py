"""Collects the facts that the guide selects by, and the costs that it ranks by.

The names of a mechanism's files tell who has to build it: there is nothing to compile, or one
file serves several versions of Python, or each version needs its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from callcost.benchmarks.facts.facts import FACTS, Facts, verdicts
from callcost.benchmarks.facts.marks import named
from callcost.benchmarks.site.measured import WAY, Measured, WorkloadRow
from callcost.benchmarks.site.pages import source
from callcost.benchmarks.site.pages.tabled import short
from callcost.model import abi

NOTHING, ONE_FILE, EACH_VERSION = "nothing", "one file", "each version"
BUILDS = {
    NOTHING: "nothing is compiled",
    ONE_FILE: "one file serves several versions of Python",
    EACH_VERSION: "a file for each version of Python",
}
# By the files in a folder. Everything else that is compiled ends up as C.
COMPILERS = {"Cargo.toml": "Rust", ".cpp": "a C++ compiler"}


@dataclass(frozen=True)
class Candidate:
    """A mechanism with its facts, and its rows by workload."""

    name: str
    builds: str
    compiler: str
    facts: Facts
    rows: dict[str, WorkloadRow]

    @property
    def built(self) -> str:
        """Who has to build it, and with which compiler."""
        words = BUILDS[self.builds]
        return f"{words}, built with {self.compiler}" if self.compiler else words


def candidates(measured: Measured) -> list[Candidate]:
    """Lists every way to call C that the run measured in its own interpreter."""
    found: dict[str, dict[str, WorkloadRow]] = {}
    for row in measured.rows:
        if row.kind == WAY and row.timed:
            found.setdefault(row.name, {})[row.workload] = row
    return [
        Candidate(
            name,
            built := builds(next(iter(rows.values())).compiled),
            "" if built == NOTHING else _compiler(name),
            measured.facts.get(name, {}),
            rows,
        )
        for name, rows in sorted(found.items())
    ]


def _compiler(name: str) -> str:
    """Names the compiler that builds a mechanism, by the files of its folder."""
    known = source.known(name)
    paths = list(known.folder.rglob("*")) if known else []
    found = {path.suffix for path in paths} | {path.name for path in paths}
    return next((said for ending, said in COMPILERS.items() if ending in found), "a C compiler")


def builds(files: Iterable[str]) -> str:
    """Tells from the files of a row who has to build it."""
    compiled = [name for name in files if name.endswith(abi.COMPILED)]
    if not compiled:
        return NOTHING
    several = all(abi.is_stable(name) or abi.is_universal(name) for name in compiled)
    return ONE_FILE if several else EACH_VERSION


def as_json(measured: Measured, urls: dict[str, str]) -> dict[str, Any]:
    """Makes the form that the guide's script reads."""
    return {
        "candidates": [
            {
                "name": candidate.name,
                "shown": named(candidate.name),
                "url": urls.get(candidate.name, ""),
                "builds": candidate.builds,
                "compiler": candidate.compiler,
                "facts": {fact.key: candidate.facts.get(fact.key, "") for fact in FACTS},
                "verdicts": verdicts(candidate.facts),
                "costs": {
                    workload: [*map(short, row.net_ns.as_list()), row.rank]
                    for workload, row in candidate.rows.items()
                },
            }
            for candidate in candidates(measured)
        ],
        "builds": BUILDS,
    }
