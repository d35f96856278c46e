"""Finds out what lies between GOOD and BAD: commits, or the releases of one requirement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from callcost.bisect.search import BisectError, Point, Repository
from callcost.revisions import releases, source
from callcost.revisions.project import find as find_files
from callcost.revisions.spec import FORM, Spec, parse

PARENT = "^"


@dataclass(frozen=True)
class Line:
    """The history between two points, in a temporary repository.

    A commit's SPEC is its hash with the `suffix` of both ends, a release's is in `releases`, by its
    stand-in's hash. `phrases` describe what is not a commit of the user's.
    """

    repository: Repository
    good: str
    bad: str
    suffix: str = ""
    releases: Mapping[str, str] = field(default_factory=dict)
    phrases: Mapping[str, str] = field(default_factory=dict)

    @property
    def word(self) -> str:
        """What a point is called."""
        return "release" if self.releases else "commit"

    def point(self, commit: str) -> Point:
        """Describes a point."""
        found = self.repository.point(commit)
        if self.releases:
            return replace(found, short=found.subject, subject="")
        return replace(found, subject=self.phrases.get(commit, found.subject))

    def spec(self, commit: str) -> str:
        """Returns what `callcost compare` takes for a point."""
        return self.releases.get(commit) or f"{self.repository.point(commit).short}{self.suffix}"

    def before(self, commit: str) -> str:
        """Returns the SPEC of the point before: a commit's first parent, written as X^."""
        if self.releases:
            return self.spec(self.repository.git("rev-parse", f"{commit}{PARENT}"))
        return f"{self.repository.point(commit).short}{PARENT}{self.suffix}"


@dataclass(frozen=True)
class Ends:
    """GOOD and BAD as they were written; `package` is the requirement whose releases differ."""

    good: Spec
    bad: Spec
    commits: tuple[str, str]
    package: str | None = None
    phrases: Mapping[str, str] = field(default_factory=dict)

    def line(self, folder: Path, project: Path, versions: Sequence[str]) -> Line:
        """Makes the history in a new folder.

        `versions` are the package's on both sides. Raises BisectError, BuildError.
        """
        if self.package is None:
            repository = Repository(folder, project)
            return Line(repository, *self.commits, _suffix(self.good), phrases=self.phrases)
        between = releases.between(self.package, versions[0], versions[1], self.good.python)
        repository = Repository(folder)
        front = f"{self._revision(project)}{_at(self.bad)}"
        commits = repository.add_line([f"{self.package} {version}" for version in between])
        made = [f"{front}+{self._with_version(each)}" for each in between]
        return Line(repository, commits[0], commits[-1], "", dict(zip(commits, made, strict=True)))

    def _revision(self, project: Path) -> str:
        """Returns the commit of both ends; outside a repository there is none."""
        commit = self.commits[1]
        if not commit:
            return source.WORKING_TREE
        return source.git(project, "rev-parse", "--short", commit).strip()

    def _with_version(self, version: str) -> str:
        """Writes the requirements of both ends, with this version of the package."""
        texts: dict[str, None] = {}
        for requirement in map(Requirement, (*self.bad.requirements, *self.good.requirements)):
            if canonicalize_name(requirement.name) == self.package:
                requirement.specifier = SpecifierSet(f"=={version}")
            texts[str(requirement)] = None
        return ",".join(texts)


def find(good: str, bad: str, project: Path, folder: Path) -> Ends:
    """Reads both ends; raises SpecError, or BisectError if nothing lies between them.

    `folder` is for the snapshot of a working tree.
    """
    specs = parse(good, project), parse(bad, project)
    repository = find_files(project)
    sources = [repository.source(spec.revision, folder) for spec in specs]
    commits = sources[0].checkout, sources[1].checkout
    if commits[0] == commits[1]:
        return Ends(*specs, commits, _package(*specs))
    if _suffix(specs[0]) != _suffix(specs[1]):
        raise BisectError(
            f"{good} and {bad} differ in their commits and in what follows: only one may differ."
        )
    snapshots = {each.checkout: each.phrase for each in sources if each.changed}
    ends = Ends(*specs, commits, phrases=snapshots)
    _refuse_reversed(ends, project)
    return ends


def _refuse_reversed(ends: Ends, project: Path) -> None:
    """Raises BisectError if BAD is older than GOOD, or if they share no history."""
    good, bad = ends.commits
    try:
        bases = source.git(project, "merge-base", "--all", good, bad).split()
    except source.GitError as error:
        raise BisectError(f"{ends.good.text} and {ends.bad.text} share no history.") from error
    if bad in bases:
        raise BisectError(
            f"{ends.bad.text} comes before {ends.good.text}: name the older one first. callcost "
            "bisect finds what made a call slower, not what made it faster."
        )


def _package(good: Spec, bad: Spec) -> str:
    """Names the one requirement in which the ends differ; raises BisectError."""
    texts = set(good.requirements) ^ set(bad.requirements)
    changed = [Requirement(text) for text in texts]
    names = {canonicalize_name(requirement.name) for requirement in changed}
    if good.python != bad.python:
        raise BisectError(
            f"{good.text} and {bad.text} differ in their interpreters, between which nothing lies. "
            "Name two commits, or two versions of one requirement."
        )
    if not names:
        raise BisectError(f"{good.text} and {bad.text} are the same: nothing lies between them.")
    if len(names) > 1:
        raise BisectError(
            f"{good.text} and {bad.text} differ in {', '.join(sorted(names))}: only one "
            f"requirement may differ. Write the others on both sides ({FORM})."
        )
    if any(requirement.url for requirement in changed):
        raise BisectError(
            f"{good.text} or {bad.text} names a URL: no releases lie between them. Name two "
            "versions, as in TOOL==1.2."
        )
    return names.pop()


def _suffix(spec: Spec) -> str:
    requirements = f"+{','.join(spec.requirements)}" if spec.requirements else ""
    return f"{_at(spec)}{requirements}"


def _at(spec: Spec) -> str:
    return f"@{spec.python}" if spec.python else ""
