"""Makes an environment for each SPEC: an interpreter that has the project at that revision."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.requirements import Requirement

from callcost.console.numbers import count, listed
from callcost.layouts.installed import ready_made
from callcost.model.layout import Layout
from callcost.revisions.cache import Cache, Entry, Lock, concerns, describe, opened
from callcost.revisions.errors import BuildError, CancelledError, ContradictionError, SpecError
from callcost.revisions.interpreter import OLDEST, Interpreter, compiler_versions, find_all
from callcost.revisions.project import Project
from callcost.revisions.project import find as find_project
from callcost.revisions.project import read as read_project
from callcost.revisions.resolution import Resolver, Wanted
from callcost.revisions.source import WORKING_TREE, Files, Source
from callcost.revisions.spec import Spec
from callcost.revisions.supervision import Supervision, mend
from callcost.run.together import together

WAIT_S = 0.2
Report = Callable[[str], None]
Check = Callable[[Collection[str]], None]
# Increase it when a step in builder.py changes what comes out.
RECIPE = 9
FLAGS = (
    *("CC", "CXX", "AR", "LD", "LDSHARED", "LDCXXSHARED"),
    *("CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "ARCHFLAGS", "RUSTFLAGS", "OPT"),
    *("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "PKG_CONFIG_PATH"),
    *("MACOSX_DEPLOYMENT_TARGET", "SDKROOT", "SOURCE_DATE_EPOCH", "RUSTUP_TOOLCHAIN"),
)
FLAG_PREFIXES = ("CMAKE_", "SKBUILD", "MESON", "CARGO_PROFILE_", "CARGO_BUILD_", "DISTUTILS_")


@dataclass(frozen=True)
class Recipe:
    """How environments are made.

    `layouts` is in how many further ways the project's libraries are linked; `aligned`: functions
    begin at cache lines. `table` is the project's own table, tool.callcost.TABLE. `lenient`: a
    requirement that an interpreter cannot have is left out. `oldest` is the oldest version of
    Python that will do.
    """

    layouts: int = 0
    aligned: bool = True
    table: str = "compare"
    lenient: bool = False
    oldest: tuple[int, ...] = OLDEST


@dataclass(frozen=True)
class Built:
    """An environment that is ready.

    `python` is its executable and `site` its folder of packages, both within `folder`. `layouts`
    are its further layouts; `unmoved` says why compiled files, by their names, are the same in all.
    `worktree` is where it was built, now removed; `source` is a phrase for people; `commit` is the
    revision's or the one that the working tree is on ("" before a first commit). `versions` has
    every installed distribution, `interpreter` the facts of a record and `executable_digest`.
    `notes` are remarks for the report, and `thresholds` those of its pyproject.toml. `left_out`
    says why it lacks requirements, by their names. The shared `lock` lasts as long as this object:
    until then another comparison can use the environment too, and `callcost clean` does not remove
    it.
    """

    spec: Spec
    folder: Path
    python: str
    site: Path
    worktree: str
    source: str
    commit: str
    tree: str
    key: str
    versions: dict[str, str]
    interpreter: dict[str, str]
    notes: tuple[str, ...]
    thresholds: Mapping[str, float]
    lock: Lock
    layouts: tuple[Layout, ...]
    unmoved: Mapping[str, str]
    left_out: Mapping[str, str]
    reused: bool = False
    wall_s: float = 0.0


def build_all(
    specs: Sequence[Spec],
    folder: Path,
    report: Report,
    check: Check | None = None,
    recipe: Recipe = Recipe(),
) -> list[Built]:
    """Makes or finds an environment for each SPEC, all at the same time.

    `check` takes the paths of all files of the revisions, and may raise an error before anything
    is resolved or built. `report` takes lines of progress, from several threads. Raises SpecError
    or BuildError; an interrupt passes through once everything is cleaned up.
    """
    cache = opened()
    try:
        mend(cache)
        repository = find_project(folder.absolute())
        repository.forget_lost_worktrees(cache.place("staging"))
        return _Builder(cache, repository, report, recipe).build(specs, check)
    except OSError as error:
        if not concerns(error, cache.folder):
            raise
        raise BuildError(describe(error, cache.folder)) from error


class _Builder:
    """Makes the environments of one comparison."""

    def __init__(self, cache: Cache, repository: Files, report: Report, recipe: Recipe) -> None:
        self._recipe = recipe
        self._cache = cache
        self._repository = repository
        self._supervision = Supervision(cache)
        self._report = report

    def build(self, specs: Sequence[Spec], check: Check | None) -> list[Built]:
        """Does everything; raises SpecError, BuildError."""
        sides = self._sides(specs)
        if check is not None:
            check(set().union(*(self._repository.files(side.source.tree) for side in sides)))
        sides = self._resolved(sides)
        unique = {side.key: side for side in sides}
        found = together(self._made, list(unique.values()), self._supervision.stop)
        made = dict(zip(unique, found, strict=True))
        return [
            replace(
                made[side.key],
                spec=side.spec,
                source=side.source.phrase,
                commit=side.source.commit,
                notes=side.notes,
            )
            for side in sides
        ]

    def _sides(self, specs: Sequence[Spec]) -> list[Wanted]:
        with self._cache.staged("snapshot") as (scratch, _):
            sources = {
                revision: self._repository.source(revision, scratch)
                for revision in dict.fromkeys(spec.revision for spec in specs)
            }
        if named := [spec.python for spec in specs if spec.python is not None]:
            self._report(f"looking for {listed(dict.fromkeys(named))}")
        pythons = find_all([spec.python for spec in specs], self._recipe.oldest)
        return [self._side(spec, sources[spec.revision], pythons[spec.python]) for spec in specs]

    def _side(self, spec: Spec, source: Source, interpreter: Interpreter) -> Wanted:
        declared = read_project(self._repository, source, self._recipe.table)
        if not declared.fits(interpreter.facts["python_version"]):
            raise SpecError(
                f"{source.phrase} requires Python {declared.requires_python}, not "
                f"{interpreter.label}: name another interpreter, as in {spec.revision}@3.13"
            )
        notes = tuple(self._notes(spec, source, declared))
        return Wanted(spec, source, interpreter, declared, notes)

    def _notes(self, spec: Spec, source: Source, declared: Project) -> Iterator[str]:
        if source.changed:
            yield f"{source.phrase}, is measured with its current files"
        elif (
            spec.revision != WORKING_TREE
            and self._repository.head() == source.commit
            and (changed := self._repository.changed(strict=False))
        ):
            yield (
                f"{spec.revision} is the commit of the working tree, without its "
                f"{count(changed, 'changed file')}: name {WORKING_TREE} to measure these too"
            )
        if declared.dependencies is None:
            yield (
                f"the run-time requirements of {source.phrase} are only known after its build, so "
                "their versions may differ between the sides"
            )

    def _resolved(self, sides: Sequence[Wanted]) -> list[Wanted]:
        """Adds versions and keys; sides with the same interpreter resolve together."""
        groups: dict[str, list[Wanted]] = {}
        for side in sides:
            groups.setdefault(side.interpreter.digest, []).append(side)
        resolved = together(self._resolve, list(groups.values()), self._supervision.stop)
        found = {side.spec: side for group in resolved for side in group}
        return [found[side.spec] for side in sides]

    def _resolve(self, sides: Sequence[Wanted]) -> list[Wanted]:
        python = sides[0].interpreter.executable
        resolver = Resolver(python, self._supervision, self._report, self._recipe.lenient)
        return [
            replace(
                side,
                pins=tuple(pins),
                notes=(*side.notes, *dict.fromkeys(resolver.notes)),
                left_out=dict(resolver.left_out),
                key=_key(side, self._repository, pins, self._recipe),
            )
            for side, pins in zip(sides, resolver.together(sides), strict=True)
        ]

    def _made(self, side: Wanted) -> Built:
        """Finds an environment, or makes it; from then on it is locked."""
        start_s = time.monotonic()
        entry = self._cache.entry(side.key)
        reused = True
        while True:
            lock, facts = self._claim(entry, side)
            if facts is not None:
                lock.touch()
                made = _built(side, entry, lock, facts, self._recipe.layouts)
                return replace(made, reused=reused, wall_s=time.monotonic() - start_s)
            reused = False
            # Unlocked in between: if somebody removes it right away, it is made again.
            with lock:
                self._make(side, entry, lock)

    def _claim(self, entry: Entry, side: Wanted) -> tuple[Lock, dict[str, Any] | None]:
        """Waits for a finished environment, or for the right to make it; CancelledError."""
        waited = False
        while not self._supervision.stopped.is_set():
            if shared := Lock.attempt(entry.lock_file, shared=True):
                if facts := entry.read():
                    return shared, facts
                shared.close()
            if lock := Lock.attempt(entry.lock_file):
                # Another may have finished it between the two attempts.
                if entry.read() is None:
                    return lock, None
                lock.close()
                continue
            if not waited:
                self._report(f"waiting for another comparison, which builds {side.label}")
            waited = True
            self._supervision.stopped.wait(WAIT_S)
        raise CancelledError

    def _make(self, side: Wanted, entry: Entry, lock: Lock) -> None:
        failure_log = self._cache.place("logs") / f"{side.key}.log"
        job = {
            "kind": "build",
            "entry": str(entry.folder),
            "failure_log": str(failure_log),
            "repository": str(self._repository.folder),
            "prefix": self._repository.prefix,
            "checkout": side.source.checkout,
            "python": side.interpreter.executable,
            "backend": side.project.backend,
            "backend_path": side.project.backend_path,
            "variables": side.project.variables,
            "pins": side.pins,
            "layouts": self._recipe.layouts,
            "aligned": self._recipe.aligned,
            "lenient": self._recipe.lenient,
            "from_source": side.project.from_source,
            "compilers": side.interpreter.compilers,
            "facts": {"label": side.label, "key": side.key, "tree": side.source.tree},
        }
        try:
            entry.discard()
            self._supervision.run(
                job, lambda step: self._report(f"building {side.label}: {step}"), [lock]
            )
        except ContradictionError as error:
            message = f"the requirements of {side.label} cannot be met: {error}"
            raise ContradictionError(message) from None
        except BuildError as error:
            # A supervisor that died has not cleaned up.
            entry.discard()
            self._repository.forget_lost_worktrees(self._cache.place("staging"))
            where = f"; the whole log is {failure_log}" if failure_log.is_file() else ""
            message = f"{side.label} does not build: {error}{where}"
            raise BuildError(message, error.log_tail) from error


def _built(side: Wanted, entry: Entry, lock: Lock, facts: Mapping[str, Any], layouts: int) -> Built:
    return Built(
        spec=side.spec,
        folder=entry.folder,
        python=str(entry.python),
        site=Path(facts["site"]),
        worktree=facts["worktree"],
        source=side.source.phrase,
        commit=side.source.commit,
        tree=side.source.tree,
        key=side.key,
        versions=facts["versions"],
        interpreter={**facts["interpreter"], "executable_digest": side.interpreter.digest},
        notes=side.notes,
        thresholds=side.project.thresholds,
        lock=lock,
        layouts=tuple(_layouts(entry, facts["layouts"]["digests"])),
        unmoved=facts["layouts"]["unmoved"] | (_ready_made(side, facts) if layouts else {}),
        left_out={**side.left_out, **facts["left_out"]},
    )


def _ready_made(side: Wanted, facts: Mapping[str, Any]) -> dict[str, str]:
    """Says which files that a SPEC names have one layout, as they were not built here."""
    return ready_made(Path(facts["site"]), set(side.named) - set(side.project.from_source))


def _layouts(entry: Entry, digests: Sequence[Mapping[str, str]]) -> Iterator[Layout]:
    for number, by_name in enumerate(digests, start=1):
        place = entry.layouts / str(number)
        python = str(place / "bin" / "python")
        yield Layout.of(place, by_name, entry.venv.joinpath, python)


def _key(side: Wanted, repository: Files, pins: Sequence[str], recipe: Recipe) -> str:
    """Digests everything that decides what is in an environment.

    Of the requirements only the versions count, however the requirements are written.
    """
    matters = {
        "recipe": RECIPE,
        # A project without code has the same environment whatever it measures.
        "tree": _tree(side, repository) if side.project.backend else "",
        "prefix": repository.prefix if side.project.backend else "",
        "variables": dict(side.project.variables),
        "from_source": side.project.from_source,
        "interpreter": side.interpreter.digest,
        "pins": list(pins),
        "layouts": recipe.layouts,
        "aligned": recipe.aligned,
        "lenient": recipe.lenient,
        "local": _local_states(pins),
        "flags": _flags(),
        "compilers": compiler_versions(side.interpreter),
    }
    return hashlib.sha256(json.dumps(matters, sort_keys=True).encode()).hexdigest()[:20]


def _tree(side: Wanted, repository: Files) -> str:
    """Identifies the sources that the build of a side uses."""
    tree, sources = side.source.tree, side.project.sources
    return repository.digest(tree, sources) if sources else tree


def _flags() -> dict[str, str]:
    """Returns the variables that compilers and build backends read."""
    return {
        name: value
        for name, value in sorted(os.environ.items())
        if name in FLAGS or name.startswith(FLAG_PREFIXES)
    }


def _local_states(pins: Sequence[str]) -> list[str]:
    """Digests the files that are required by a path, which does not change with them."""
    urls = (urlsplit(Requirement(pin).url or "") for pin in pins)
    return [_state(Path(unquote(url.path))) for url in urls if url.scheme.endswith("file")]


def _state(path: Path) -> str:
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    for file in files:
        if file.is_file() and ".git" not in file.parts:
            status = file.stat()
            digest.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()
