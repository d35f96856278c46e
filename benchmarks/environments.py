"""Makes an environment for each interpreter of a run: the mechanisms, built for it.

`callcost compare` makes its environments in the same way, so they are cached. Each has every
mechanism that its interpreter allows, in as many layouts as the running one.
"""

from __future__ import annotations

import json
import subprocess
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from callcost.benchmarks.catalogue import Workload
from callcost.benchmarks.contenders import cells, describe, row
from callcost.benchmarks.facts import facts
from callcost.bindings._build.layouts import COUNT
from callcost.bindings.registry import CORE, FOLDER, Build, Mechanism, StaleBuildError, mechanisms
from callcost.console.files import write_atomically
from callcost.errors import CallcostError
from callcost.model import abi
from callcost.model.contender import Contender
from callcost.model.group import Environment
from callcost.revisions.environments import Built, Recipe, build_all
from callcost.revisions.source import WORKING_TREE
from callcost.revisions.spec import Spec
from callcost.run import interpreter_build

TABLE = "matrix"
FACTS_FILE = "facts.json"
NO_CHECKOUT = (
    "--python builds the mechanisms for other interpreters, which needs their sources: install "
    "callcost in a checkout (pip install -e .) and run this there."
)


class UnequalCoreError(CallcostError):
    """Interpreters whose mechanisms would not call the same machine code."""


@dataclass(frozen=True)
class Place:
    """One interpreter of a run: its environment, and what was built in it.

    `made` keeps the environment from being removed while this object exists.
    """

    environment: Environment
    made: Built

    @cached_property
    def build(self) -> Build:
        """The manifest of what was built there; raises StaleBuildError."""
        folder = self.made.site / "callcost" / "bindings"
        tags = [path.name.removeprefix("built.") for path in folder.glob("built.*.json")]
        if len(tags) != 1:
            raise StaleBuildError(f"{folder} has {len(tags)} manifests, not one")
        return Build(folder, tags[0].removesuffix(".json"))

    def missing(self, mechanism: Mechanism) -> str | None:
        """Returns why a mechanism is not there, in its tool's own words where these are known."""
        reason = self.build.missing(mechanism)
        own_packages = (mechanism.tool, *mechanism.requires)
        for name, objection in self.made.left_out.items() if reason is not None else ():
            if name in {str(canonicalize_name(own)) for own in own_packages}:
                return objection
        return reason

    @property
    def lacking(self) -> dict[str, str]:
        """Why it lacks mechanisms, by their names."""
        reasons = {each.name: self.missing(each) for each in mechanisms()}
        return {name: why for name, why in reasons.items() if why is not None}

    @property
    def _facts_file(self) -> Path:
        return self.made.folder / FACTS_FILE

    @property
    def knows_facts(self) -> bool:
        """Whether an earlier run has found the facts."""
        return self._facts_file.is_file()

    @cached_property
    def facts(self) -> Mapping[str, facts.Facts]:
        """What each mechanism does there, found out once for each environment."""
        path = self._facts_file
        if self.knows_facts:
            found: Mapping[str, facts.Facts] = json.loads(path.read_text(encoding="utf-8"))
            return found
        built = [each for each in mechanisms() if self.missing(each) is None]
        # What has no answer is kept too: asking it again would delay every run.
        found = facts.probe_patiently(self.made.python, built)
        write_atomically(path, json.dumps(found, indent=1) + "\n")
        return found

    @cached_property
    def interpreter(self) -> Mapping[str, Any]:
        """How the interpreter itself was built, in its own words; empty if it cannot tell."""
        command = [self.made.python, interpreter_build.__file__]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found: Mapping[str, Any] = {} if done.returncode else json.loads(done.stdout)
        return found

    def as_json(self) -> dict[str, Any]:
        """Describes it for a record: how it and the mechanisms were built, what is missing."""
        return {
            **self.build.about,
            "interpreter": self.interpreter,
            "versions": self.made.versions,
            "core": self.build.facts["files"][CORE],
            "layouts": len(self.environment.layouts),
            "unmoved": dict(self.made.unmoved),
            "missing": self.lacking,
            "facts": self.facts,
        }


def make(
    names: Sequence[str], report: Callable[[str], None], layouts: int | None = None
) -> list[Place]:
    """Makes or finds the environment of each interpreter; raises CallcostError.

    `names` are versions (3.13, 3.15t), names (pypy3) or paths; `layouts` is in how many further
    ways libraries are linked, by default as many as in the suite's own build.
    """
    checkout = FOLDER.parent
    about = checkout / "pyproject.toml"
    if not about.is_file():
        raise CallcostError(NO_CHECKOUT)
    specs = [Spec(f"{WORKING_TREE}@{name}", WORKING_TREE, name, ()) for name in names]
    recipe = Recipe(
        COUNT if layouts is None else layouts,
        aligned=False,
        table=TABLE,
        lenient=True,
        oldest=_oldest(tomllib.loads(about.read_text(encoding="utf-8"))),
    )
    built = build_all(specs, checkout, report, recipe=recipe)
    places = [
        Place(Environment(label, made.python, made.interpreter, made.layouts), made)
        for label, made in zip(labels([made.interpreter for made in built]), built, strict=True)
    ]
    _require_one_core(places)
    return places


def _oldest(about: Mapping[str, Any]) -> tuple[int, ...]:
    """Returns the oldest version of Python that a pyproject.toml accepts."""
    accepted = SpecifierSet(about["project"]["requires-python"])
    return max(Version(each.version).release for each in accepted if each.operator == ">=")


def labels(interpreters: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names interpreters for people: 3.13, 3.15t, pypy3.11; equal ones get a longer name."""
    short, whole = ([_label(facts, parts) for facts in interpreters] for parts in (2, 3))
    often = Counter(short)
    told = [name if often[name] == 1 else longer for name, longer in zip(short, whole, strict=True)]
    seen: Counter[str] = Counter()
    unique = []
    for name in told:
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return unique


def _label(facts: Mapping[str, Any], parts: int) -> str:
    implementation = facts["implementation"]
    prefix = "" if implementation == "cpython" else implementation
    return prefix + abi.version(facts, parts)


def _require_one_core(places: Sequence[Place]) -> None:
    """Raises UnequalCoreError unless all interpreters call the same machine code."""
    cores = {_cores(place): place for place in places}
    if len(cores) > 1:
        one, other = list(cores.values())[:2]
        raise UnequalCoreError(
            f"the C core of {one.environment.name} is not that of {other.environment.name}: their "
            "costs could not be compared. Both must be compiled by the same compiler, with the "
            "same CFLAGS."
        )


def _cores(place: Place) -> tuple[str, ...]:
    """Returns the SHA-256 of the core as built and in each layout."""
    path = str(place.build.path_of(CORE))
    moved = (layout.libraries.get(path, ("", ""))[1] for layout in place.environment.layouts)
    return place.build.facts["files"][CORE], *moved


def place_rows(places: Sequence[Place], workloads: Sequence[Workload]) -> Iterator[Any]:
    """Yields the pytest parameters (workload, mechanism) of every row, workload by workload."""
    for workload, mechanism in cells(workloads):
        for place in places:
            yield row(
                workload,
                mechanism.name,
                partial(_described, place, mechanism, workload),
                environment=place.environment,
            )


def _described(place: Place, mechanism: Mechanism, workload: Workload) -> Contender | str:
    reason = place.missing(mechanism)
    if reason is not None:
        return f"not built: {reason}"
    return describe(mechanism, workload, place.build.files(mechanism))
