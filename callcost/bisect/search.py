"""Searches a history with `git bisect`, in a temporary repository: the user's own is only read.

git chooses each commit to test, with its rules for merges and for commits that were skipped.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from callcost.errors import CallcostError
from callcost.revisions.source import NOBODY, GitError, git

FAST, SLOW, SKIPPED = "good", "bad", "skip"
# Comments that git itself writes to its log.
FOUND = re.compile(r"^# first bad commit: \[(\w+)\]", re.MULTILINE)
POSSIBLE = re.compile(r"^# possible first bad commit: \[(\w+)\]", re.MULTILINE)
NOTHING_LEFT = "# only skipped commits left to test"
FACTS = ("hash", "short", "author", "date", "subject")
FORMAT = "%H%x00%h%x00%an%x00%ad%x00%s"


class BisectError(CallcostError):
    """A history in which nothing can be searched."""


@dataclass(frozen=True)
class Point:
    """A commit as git describes it, or a release, which has no subject."""

    hash: str
    short: str
    author: str
    date: str
    subject: str

    @property
    def name(self) -> str:
        """What a sentence calls it."""
        return f"{self.short} ({self.subject})" if self.subject else self.short


class Repository:
    """A temporary bare repository that has its own references, and can read another's objects."""

    def __init__(self, folder: Path, project: Path | None = None) -> None:
        self._folder = folder
        kind = git(project, "rev-parse", "--show-object-format").strip() if project else "sha1"
        made = ("init", "--quiet", "--bare", "--template=", f"--object-format={kind}", str(folder))
        git(folder.parent, *made)
        if project is not None:
            self._share(project)

    def _share(self, project: Path) -> None:
        """Makes the objects of the project's repository known, and where its history is cut off."""
        where = ("rev-parse", "--path-format=absolute", "--git-path")
        objects, shallow = (git(project, *where, name)[:-1] for name in ("objects", "shallow"))
        alternates = self._folder / "objects" / "info" / "alternates"
        alternates.parent.mkdir(exist_ok=True)
        alternates.write_bytes(os.fsencode(objects) + b"\n")
        if Path(shallow).is_file():
            (self._folder / "shallow").write_bytes(Path(shallow).read_bytes())

    def git(self, *arguments: str, **variables: str) -> str:
        """Runs git here; raises GitError."""
        own = {"GIT_DIR": str(self._folder), **variables}
        return git(self._folder, *arguments, variables=own).strip()

    def add_line(self, subjects: Sequence[str]) -> list[str]:
        """Writes one commit after the other, without files; returns their hashes."""
        tree = self.git("hash-object", "-t", "tree", "-w", os.devnull)
        made: list[str] = []
        for subject in subjects:
            parent = ("-p", made[-1]) if made else ()
            made.append(self.git("commit-tree", *parent, "-m", subject, tree, **NOBODY))
        return made

    def bisect_log(self) -> str:
        """Reads what `git bisect log` prints."""
        return (self._folder / "BISECT_LOG").read_text(encoding="utf-8", errors="replace")

    def point(self, commit: str) -> Point:
        """Describes a commit."""
        shown = self.git("show", "--no-patch", "--date=iso", f"--format={FORMAT}", commit)
        return Point(**dict(zip(FACTS, shown.split("\0"), strict=True)))


class Search:
    """A running `git bisect`: mark the `next` commit until there is none."""

    def __init__(self, repository: Repository, good: str, bad: str) -> None:
        self._repository = repository
        repository.git("update-ref", "HEAD", bad)
        repository.git("bisect", "start", "--no-checkout", bad, good)

    @property
    def next(self) -> str | None:
        """The commit to test; None if the search is over."""
        if self.found or NOTHING_LEFT in self.log:
            return None
        return self._repository.git("rev-parse", "BISECT_HEAD")

    def mark(self, commit: str, word: str) -> None:
        """Says whether a commit is FAST, SLOW or SKIPPED; raises BisectError."""
        try:
            self._repository.git("bisect", word, commit)
        except GitError as error:
            if "merge base" in str(error):
                raise BisectError(_at_merge_base(self._repository.point(commit))) from error
            # git fails also if only skipped commits are left.
            if NOTHING_LEFT not in self.log:
                raise

    @property
    def log(self) -> str:
        """What `git bisect log` prints, which `git bisect replay` takes."""
        return self._repository.bisect_log()

    @property
    def found(self) -> str | None:
        """The first slow commit, once it is known."""
        match = FOUND.search(self.log)
        return match[1] if match else None

    @property
    def possible(self) -> list[str]:
        """The commits that may be the first slow one, if only skipped ones are left."""
        return POSSIBLE.findall(self.log)

    @property
    def steps(self) -> int:
        """About how many commits are still to test, this one included."""
        scope = ("refs/bisect/bad", "--not", "--glob=refs/bisect/good-*")
        left = int(self._repository.git("rev-list", "--count", *scope))
        return max(1, (left - 1).bit_length())


def _at_merge_base(point: Point) -> str:
    return (
        f"{point.name}, from which GOOD and BAD branch off, is as slow as BAD: "
        "GOOD became faster on its own branch. Name a GOOD that BAD descends from."
    )
