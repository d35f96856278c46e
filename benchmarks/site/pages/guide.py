"""Facts that the guide chooses by, and the costs that it ranks by: what a record says, no opinion.

Who has to build a mechanism is read from the names of the files that its rows consist of: nothing
compiled, files that several versions of Python load, or files for one version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from callcost.benchmarks.facts.facts import FACTS, YES, Facts, verdicts
from callcost.benchmarks.site.measured import WAY, Measured, Row
from callcost.benchmarks.site.pages import source
from callcost.benchmarks.site.pages.tabled import short
from callcost.model import abi

NOTHING, ONE_FILE, EACH_VERSION = "nothing", "one file", "each version"
BUILDS = {
    NOTHING: "nothing is compiled",
    ONE_FILE: "one file serves several versions of Python",
    EACH_VERSION: "a file for each version of Python",
}
# By what is in a folder; whatever else is compiled is C in the end.
COMPILERS = {".rs": "Rust", ".cpp": "a C++ compiler"}


@dataclass(frozen=True)
class Candidate:
    """A mechanism as the guide sees it: what is true of it, and its cost by workload in ns."""

    name: str
    builds: str
    compiler: str
    facts: Facts
    costs_ns: dict[str, Row]

    @property
    def releases_gil(self) -> bool:
        """Whether it lets other threads run while C does."""
        return self.facts.get("releases_gil") == YES


def candidates(measured: Measured) -> list[Candidate]:
    """Lists every way to call C that the run has measured in its own interpreter."""
    rows: dict[str, dict[str, Row]] = {}
    for row in measured.rows:
        if row.kind == WAY and row.timed:
            rows.setdefault(row.mechanism, {})[row.workload] = row
    facts = measured.facts
    return [_candidate(name, own, facts.get(name, {})) for name, own in sorted(rows.items())]


def _candidate(name: str, costs_ns: dict[str, Row], found: Facts) -> Candidate:
    built = builds(next(iter(costs_ns.values())))
    return Candidate(name, built, "" if built == NOTHING else compiler(name), found, costs_ns)


def compiler(name: str) -> str:
    """Names the compiler that a mechanism needs where it is built, by the files of its folder."""
    known = source.known(name)
    suffixes = {path.suffix for path in known.folder.rglob("*")} if known else set()
    return next((said for suffix, said in COMPILERS.items() if suffix in suffixes), "a C compiler")


def builds(row: Row) -> str:
    """Tells from the files that a row consists of who has to build it."""
    compiled = [name for name in row.compiled if name.endswith(abi.COMPILED)]
    if not compiled:
        return NOTHING
    several = all(abi.is_stable(name) or abi.is_universal(name) for name in compiled)
    return ONE_FILE if several else EACH_VERSION


def as_json(measured: Measured, urls: dict[str, str]) -> dict[str, Any]:
    """Puts what the guide needs into the form that its script reads."""
    return {
        "candidates": [
            {
                "name": candidate.name,
                "url": urls.get(candidate.name, ""),
                "builds": candidate.builds,
                "compiler": candidate.compiler,
                "facts": {fact.key: candidate.facts.get(fact.key, "") for fact in FACTS},
                "verdicts": verdicts(candidate.facts),
                "costs": {
                    workload: [*map(short, row.net_ns.as_list()), row.rank]
                    for workload, row in candidate.costs_ns.items()
                },
            }
            for candidate in candidates(measured)
        ],
        "builds": BUILDS,
        "words": {fact.key: fact.words for fact in FACTS},
    }
