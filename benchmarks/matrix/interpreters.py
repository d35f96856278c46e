"""The interpreters of a record: each in words, what was built in it, and which of them leads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callcost.benchmarks.facts.facts import Facts, answer_in, by_answer, current
from callcost.bindings.registry import PACKAGE, Card, known
from callcost.console.numbers import UNKNOWN, listed
from callcost.estimate.estimate import GroupEstimate
from callcost.estimate.record import Record
from callcost.model import abi
from callcost.model.group import ELSEWHERE

# The start of sys.version: the release, what kind of prerelease it is, and its number.
VERSION = re.compile(r"\d+\.\d+\.\d+(?:(a|b|rc)(\d+))?\+?")
PRERELEASES = {"a": "alpha", "b": "beta", "rc": "release candidate"}
NAMES = {"cpython": "CPython", "pypy": "PyPy"}
JIT_SINCE = (3, 13)
# What the build records of a tool that is not there.
NOT_INSTALLED = "not installed"


@dataclass(frozen=True)
class Interpreter:
    """One interpreter of a run.

    place: its name in the run, such as 3.15t.
    facts: how its worker describes it.
    about: what the record says of its build and of the mechanisms in it.
    """

    place: str
    facts: Mapping[str, str]
    about: Mapping[str, Any]

    @property
    def is_cpython(self) -> bool:
        """Whether it is CPython."""
        return self.facts.get("implementation") == "cpython"

    @property
    def label(self) -> str:
        """Its implementation and version: CPython 3.15.0rc2, PyPy 7.3.20 (Python 3.11.13)."""
        implementation = self.facts.get("implementation", "")
        name = NAMES.get(implementation, implementation or "Python")
        version = self.facts.get("python_version", "?")
        if not self.is_cpython and (own := self.facts.get("implementation_version")):
            return f"{name} {own} (Python {version})"
        found = VERSION.match(self.facts.get("build", ""))
        return f"{name} {found[0] if found else version}"

    @property
    def prerelease(self) -> str:
        """What kind of prerelease it is, with its number; empty for a release."""
        found = VERSION.match(self.facts.get("build", ""))
        return f"{PRERELEASES[found[1]]} {found[2]}" if found and found[1] else ""

    @property
    def has_gil(self) -> bool:
        """Whether it was measured with a GIL; a build that tells nothing else has one."""
        known = self._built("gil")
        return not self._is_free_threaded if known is None else known

    @property
    def words(self) -> str:
        """Describes it: PGO, LTO, JIT, GIL, debug, free-threaded build, release candidate."""
        return ", ".join(filter(None, self._words())) + self._unknown

    @property
    def title(self) -> str:
        """Its implementation and version, and the words that describe it."""
        return f"{self.label} ({self.words})"

    def _words(self) -> Iterator[str]:
        yield self.prerelease
        yield "free-threaded build" if self._is_free_threaded else ""
        for name, answer in self._optional.items():
            yield "" if answer is None else name if answer else f"no {name}"
        yield "GIL" if self.has_gil else "no GIL"
        yield "debug build" if self._is_debug else ""

    @property
    def _unknown(self) -> str:
        unknown = [name for name, answer in self._optional.items() if answer is None]
        return f"; {listed(unknown)} {UNKNOWN}" if unknown else ""

    @property
    def _optional(self) -> dict[str, bool | None]:
        """What a build may have; None where that is not known."""
        return {"PGO": self._built("pgo"), "LTO": self._built("lto"), "JIT": self._jit}

    @property
    def _is_free_threaded(self) -> bool:
        return abi.FREE_THREADED_FLAG in self.facts.get("abi_flags", "")

    @property
    def _is_debug(self) -> bool:
        return bool(self._built("debug")) or "d" in self.facts.get("abi_flags", "")

    @property
    def _jit(self) -> bool | None:
        """Whether it compiles loops: every PyPy does, and no CPython before 3.13."""
        if not self.is_cpython:
            return True if self.facts.get("implementation") == "pypy" else None
        numbers = self.facts.get("python_version", "").split(".")[:2]
        if all(map(str.isdecimal, numbers)) and tuple(map(int, numbers)) < JIT_SINCE:
            return False
        return self._built("jit")

    def _built(self, name: str) -> bool | None:
        found = self.about.get("interpreter", {}).get(name)
        return found if isinstance(found, bool) else None

    @property
    def mechanism_facts(self) -> dict[str, Facts]:
        """What running each mechanism in it revealed."""
        return current(self.about.get("facts", {}))

    @property
    def missing(self) -> dict[str, str]:
        """The mechanisms that it lacks, with the reasons."""
        return dict(self.about.get("missing", {}))

    @property
    def versions(self) -> dict[str, str]:
        """The compilers, the tools, and the packages that mechanisms need at run time."""
        about = self.about
        found = {
            "C compiler": about.get("compiler"),
            "C++ compiler": about.get("cxx_compiler"),
            "Rust compiler": about.get("rust_compiler"),
            **about.get("tools", {}),
        }
        needed = {name for mechanism in known().values() for name in mechanism.requires}
        installed = about.get("versions", {})
        found |= {name: installed[name] for name in sorted(needed) if name in installed}
        return {name: str(version) for name, version in found.items() if version}

    def version_of(self, card: Card) -> str:
        """Returns the version of a mechanism's tool; empty if it is not known."""
        if card.to_install == "comes with Python":
            return self.facts.get("python_version", "")
        wanted = {card.tool.lower(), card.tool.lower().partition(".")[0]}
        wanted.add(card.to_install.lower().rpartition(" ")[2])
        known = {name.lower(): version for name, version in self.versions.items()}
        return next((known[name] for name in sorted(wanted) if name in known), "")

    @property
    def made_with(self) -> str:
        """Lists the versions of what is installed."""
        there = (item for item in self.versions.items() if item[1] != NOT_INSTALLED)
        return ", ".join(f"{name} {version}" for name, version in there)

    def flags(self, mechanism: str) -> str:
        """Lists the flags with which a mechanism was compiled, those of single files last."""
        prefix = f"{PACKAGE}.{mechanism}."
        found = dict.fromkeys(
            flag
            for module, flags in self.about.get("flags", {}).items()
            if module.startswith(prefix)
            for flag in flags
        )
        last = [
            f"{file}: {' '.join(flags)}"
            for module, files in self.about.get("last_flags", {}).items()
            if module.startswith(prefix)
            for file, flags in files.items()
        ]
        return "; ".join(filter(None, [" ".join(found), *last]))


def interpreters(record: Record) -> list[Interpreter]:
    """Lists the interpreters that a run names, in its order; none if it names none."""
    there = record.section.get("interpreters", {})
    named: Mapping[str, Any] = record.environment.get("interpreters", {})
    return [Interpreter(place, there.get(place, {}), about) for place, about in named.items()]


def running(document: Mapping[str, Any]) -> Interpreter | None:
    """Returns the interpreter that a run was started in; None if the record names none."""
    machine = document.get("machine_info", {})
    if "python_version" not in machine:
        return None
    build = machine.get("callcost", {}).get("interpreter", {})
    facts = {
        "implementation": machine.get("python_implementation", "").lower(),
        "implementation_version": machine.get("python_implementation_version", ""),
        "python_version": machine["python_version"],
        "abi_flags": build.get("abi_flags", ""),
        # The start of sys.version.
        "build": machine["python_version"],
    }
    about = document.get("callcost", {}).get("environment") or {}
    return Interpreter("", facts, {**about, "interpreter": build})


def leading(record: Record) -> Interpreter | None:
    """Returns the interpreter that stands for a run: the last released CPython with a GIL.

    Without any it is the first one; None if the run names no interpreters.
    """
    measured = {estimate.times.group.place for estimate in record.estimates.values()}
    named = interpreters(record)
    there = [each for each in named if each.place in measured] or named
    fit = [each for each in there if each.is_cpython and each.has_gil and not each.prerelease]
    return next(iter(fit[-1:] or there), None)


def leading_groups(record: Record) -> tuple[dict[str, GroupEstimate], Interpreter | None]:
    """Returns the groups that stand for a run, under the names of their workloads, and where.

    Those of a run that names no interpreters are of the one that it was started in.
    """
    lead = leading(record)
    if lead is None:
        return record.estimates, running(record.document)
    return groups_in(record.estimates, lead.place), lead


def groups_in(estimates: Mapping[str, GroupEstimate], place: str) -> dict[str, GroupEstimate]:
    """Picks the groups of one interpreter, under the names of their workloads."""
    end = f"{ELSEWHERE}{place}"
    return {name.removesuffix(end): own for name, own in estimates.items() if name.endswith(end)}


def in_each(found: Sequence[Interpreter], mechanism: str, fact: str) -> str:
    """Writes a fact of a mechanism in each interpreter that has it; empty if none answers."""
    return answer_in({each.place: each.mechanism_facts for each in found}, mechanism, fact)


def versions_of(found: Sequence[Interpreter]) -> list[tuple[str, list[str]]]:
    """Lists what each interpreter was measured with: a name, and a version for each of them."""
    names = dict.fromkeys(name for each in found for name in each.versions)
    return [(name, [each.versions.get(name, "") for each in found]) for name in names]


def flags_of(found: Sequence[Interpreter], mechanism: str) -> str:
    """Lists the flags of a mechanism, with the interpreters if they differ; empty if none."""
    flags = {each.place: each.flags(mechanism) for each in found}
    return by_answer({place: told for place, told in flags.items() if told})


def missing_in(lacking: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str, list[str]]]:
    """Lists the mechanisms that are missing somewhere: name, reason, interpreters.

    `lacking` has the reasons by interpreter and mechanism.
    """
    places: dict[tuple[str, str], list[str]] = {}
    for place, reasons in lacking.items():
        for name, reason in reasons.items():
            places.setdefault((name, reason), []).append(place)
    return [(name, reason, at) for (name, reason), at in sorted(places.items())]
