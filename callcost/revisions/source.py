"""Reads revisions from a git repository, and leaves its tree, index, branches and stash alone.

git writes only two things there: the objects of a snapshot, which no reference names and git's gc
removes some day, and the entry of a worktree while a build runs.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from callcost.console.numbers import count
from callcost.errors import CallcostError
from callcost.revisions.errors import BuildError, SpecError

WORKING_TREE = "."
HASH_LENGTH = 7
# No hook, no gc, no helper process.
QUIET = (
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "advice.addEmbeddedRepo=false"),
    *("-c", "advice.detachedHead=false"),
)
# Variables that name another repository: git sets them for hooks.
LOCAL_VARIABLES = (
    *("GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_PREFIX"),
    *("GIT_INDEX_FILE", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_NAMESPACE"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH"),
    *("GIT_CONFIG", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS"),
    *("GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE"),
)
# The author of a snapshot's commit, constant so that equal trees make equal commits.
NOBODY = {
    f"GIT_{role}_{fact}": value
    for role in ("AUTHOR", "COMMITTER")
    for fact, value in (("NAME", "callcost"), ("EMAIL", "callcost"), ("DATE", "@0 +0000"))
}


class GitError(CallcostError):
    """A git command that failed; the text is its message, on one line."""


class NoRepositoryError(SpecError):
    """A project that is not in a git repository."""


@dataclass(frozen=True)
class Source:
    """The files of one side: `checkout` is the commit that holds them.

    `commit` is the revision's, or the working tree's ("" before the first commit); `phrase` is for
    people, and `changed` counts the files that differ from the commit.
    """

    phrase: str
    commit: str
    tree: str
    checkout: str
    changed: int = 0


def git(
    folder: Path, *arguments: str, variables: Mapping[str, str] | None = None, text: str = ""
) -> str:
    """Runs git in a folder and returns what it printed; raises GitError."""
    try:
        done = subprocess.run(
            ["git", *QUIET, *arguments],
            cwd=folder,
            env={**git_variables(), **(variables or {})},
            input=text,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )
    except FileNotFoundError as error:
        missing = "git" if folder.is_dir() else str(folder)
        raise GitError(f"Cannot find {missing}") from error
    except OSError as error:
        raise GitError(f"Cannot run git in {folder}: {error.strerror}") from error
    if done.returncode != 0:
        raise GitError(" ".join(done.stderr.split()) or f"git {arguments[0]} failed")
    return done.stdout


def git_variables() -> dict[str, str]:
    """Returns this process's variables without those that name another repository.

    GIT_OPTIONAL_LOCKS keeps `git status` from writing the index.
    """
    kept = {name: value for name, value in os.environ.items() if name not in LOCAL_VARIABLES}
    said = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    return {**kept, **said}


def knows(folder: Path, revision: str) -> bool:
    """Tells whether a revision is the working tree, or known to git."""
    if revision == WORKING_TREE:
        return True
    try:
        return bool(_commit(folder, revision))
    except GitError:
        return False


def _commit(folder: Path, revision: str) -> str:
    """Returns the hash of a revision; raises GitError."""
    wanted = f"{revision}^{{commit}}"
    return git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", wanted).strip()


@dataclass(frozen=True)
class Repository:
    """A git repository: its top folder, and the project's place in it ("" or "python/")."""

    folder: Path
    prefix: str

    @classmethod
    def around(cls, project: Path) -> Repository:
        """Finds the repository of a project; raises SpecError, NoRepositoryError."""
        try:
            top = git(project, "rev-parse", "--show-toplevel").removesuffix("\n")
            prefix = git(project, "rev-parse", "--show-prefix").removesuffix("\n")
        except GitError as error:
            raise _no_repository(project, str(error)) from error
        return cls(Path(top), prefix)

    def source(self, revision: str, scratch: Path) -> Source:
        """Finds the files of a revision, or takes a snapshot of the working tree; SpecError.

        `scratch` is a folder for the snapshot's index.
        """
        if revision == WORKING_TREE:
            return self._working_tree(scratch)
        try:
            commit = _commit(self.folder, revision)
            tree = git(self.folder, "rev-parse", f"{commit}^{{tree}}").strip()
        except GitError as error:
            raise SpecError(self._unknown(revision)) from error
        short = commit[:HASH_LENGTH]
        is_hash = commit.startswith(revision)
        return Source(short if is_hash else f"{revision} ({short})", commit, tree, commit)

    def head(self) -> str:
        """Returns the commit of the working tree; "" before the first."""
        try:
            return _commit(self.folder, "HEAD")
        except GitError:
            return ""

    def changed(self, *, strict: bool = True) -> int:
        """Counts the files of the working tree that differ from HEAD.

        If strict, raises SpecError for unmerged files.
        """
        status = self._asked("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
        entries = [entry for entry in status.split("\0") if entry]
        unmerged = [entry[3:] for entry in entries if "U" in entry[:2] or entry[:2] in ("AA", "DD")]
        if unmerged and strict:
            raise SpecError(
                f"the working tree is in the middle of a merge ({unmerged[0]} is unmerged): end "
                "it, or name a revision"
            )
        return len(entries)

    def show(self, tree: str, name: str) -> str | None:
        """Returns the text of a file of the project in a tree; None if it has none."""
        path = self.prefix + name
        # Listed first: a file that cannot be read is not a missing file.
        if not self._asked("ls-tree", "--full-tree", tree, "--", path):
            return None
        return self._asked("cat-file", "blob", f"{tree}:{path}")

    def files(self, tree: str) -> set[str]:
        """Lists the project's files in a tree, relative to the project's folder."""
        listed = self._asked("ls-tree", "-r", "-z", "--name-only", "--full-tree", tree)
        names = (name for name in listed.split("\0") if name.startswith(self.prefix))
        return {name.removeprefix(self.prefix) for name in names if name}

    def digest(self, tree: str, sources: Sequence[str]) -> str:
        """Identifies what a tree has in some of the project's files and folders."""
        paths = [f"{self.prefix}{name}" for name in sources]
        return self._asked("ls-tree", "--full-tree", tree, "--", *paths)

    def add_worktree(self, path: Path, commit: str) -> None:
        """Checks a commit out into a worktree; raises GitError."""
        with self._alone():
            git(self.folder, "worktree", "add", "--detach", "--quiet", str(path), commit)

    def remove_worktree(self, path: Path) -> None:
        """Removes a worktree, even an incomplete one; raises GitError."""
        self._remove_worktrees(lambda found: found == path)

    def forget_lost_worktrees(self, folder: Path) -> None:
        """Removes from git's list each worktree in a folder whose supervisor's folder is gone."""
        # Not path.exists(): git lists a worktree before it makes the folder.
        self._remove_worktrees(
            lambda found: found.is_relative_to(folder) and not found.parent.exists()
        )

    def _remove_worktrees(self, chosen: Callable[[Path], bool]) -> None:
        with self._alone():
            listed = git(self.folder, "worktree", "list", "--porcelain", "-z").split("\0")
            found = [
                line.removeprefix("worktree ") for line in listed if line.startswith("worktree ")
            ]
            for path in filter(chosen, map(Path, found)):
                # Twice --force: an interrupted `worktree add` leaves a lock.
                git(self.folder, "worktree", "remove", "--force", "--force", str(path))

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keeps other builds from the list of worktrees: git fails if it reads half of an entry."""
        common = git(self.folder, "rev-parse", "--git-common-dir").removesuffix("\n")
        folder = os.open(self.folder / common, os.O_RDONLY | os.O_CLOEXEC)
        try:
            # Some network file systems have no locks. There, git's own error is shown.
            with contextlib.suppress(OSError):
                fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _working_tree(self, scratch: Path) -> Source:
        head = self.head()
        changed = self.changed()
        at = f"on {head[:HASH_LENGTH]}" if head else "before its first commit"
        if head and not changed:
            tree = git(self.folder, "rev-parse", f"{head}^{{tree}}").strip()
            return Source(f"the working tree {at}, unchanged", head, tree, head)
        tree = self._snapshot(scratch)
        parents = ("-p", head) if head else ()
        checkout = self._asked("commit-tree", *parents, "-m", "callcost", tree, variables=NOBODY)
        return Source(
            f"the working tree {at}, with {count(changed, 'changed file')}",
            head,
            tree,
            checkout.strip(),
            changed,
        )

    def _snapshot(self, scratch: Path) -> str:
        """Writes a tree of all files that are not ignored, through a temporary index."""
        git_folder = Path(self._asked("rev-parse", "--absolute-git-dir").removesuffix("\n"))
        index = scratch / "index"
        # A copy of the index tells git which files are unchanged. It keeps its time: by that, git
        # knows which files may have changed within the same second.
        if (git_folder / "index").is_file():
            shutil.copy2(git_folder / "index", index)
        own = {"GIT_INDEX_FILE": str(index)}
        self._asked("-c", "core.splitIndex=false", "add", "--all", ".", variables=own)
        return self._asked("write-tree", variables=own).strip()

    def _asked(self, *arguments: str, variables: Mapping[str, str] | None = None) -> str:
        """Runs a git command that only fails in a damaged repository; raises BuildError."""
        try:
            return git(self.folder, *arguments, variables=variables)
        except GitError as error:
            raise BuildError(f"Git cannot read {self.folder}: {error}") from error

    def _unknown(self, revision: str) -> str:
        """Says what to do about an unknown revision."""
        if git(self.folder, "rev-parse", "--is-shallow-repository").strip() == "true":
            return (
                f"Cannot find revision {revision} in {self.folder}, which is a shallow clone: "
                "fetch the whole history (git fetch --unshallow, or fetch-depth: 0 in a checkout "
                "action)"
            )
        message = f"git does not know the revision {revision} in {self.folder}"
        for remote in git(self.folder, "remote").split():
            if knows(self.folder, f"{remote}/{revision}"):
                return f"{message}: did you mean {remote}/{revision}?"
        return (
            f"{message}: name a branch, a tag or a commit, or {WORKING_TREE} for the working tree"
        )


@dataclass(frozen=True)
class Folder:
    """A folder outside any repository whose pyproject.toml only says what to measure."""

    folder: Path
    prefix: str = ""

    def source(self, revision: str, scratch: Path) -> Source:
        """Returns the folder itself; raises SpecError for a revision."""
        if revision != WORKING_TREE:
            raise SpecError(
                f"{self.folder} is not in a git repository: {WORKING_TREE} can be compared there, "
                f"with requirements, but not {revision}"
            )
        return Source(f"the folder {self.folder.name}", "", "", "")

    def head(self) -> str:
        """Returns "": there is no commit."""
        return ""

    def show(self, tree: str, name: str) -> str | None:
        """Returns the text of a file; None if there is none."""
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.is_file() else None

    def changed(self, *, strict: bool = True) -> int:
        """Returns 0: there is nothing to differ from."""
        return 0

    def digest(self, tree: str, sources: Sequence[str]) -> str:
        """Identifies nothing: the folder has no code."""
        return ""

    def files(self, tree: str) -> set[str]:
        """Lists nothing: the folder has no code."""
        return set()

    def forget_lost_worktrees(self, folder: Path) -> None:
        """Does nothing: there are no worktrees."""


Files = Repository | Folder


def _no_repository(project: Path, said: str) -> SpecError:
    if said == "Cannot find git":
        return NoRepositoryError("Cannot find git: install it")
    if "must be run in a work tree" in said:
        return SpecError(f"{project} is a bare git repository: use a working tree")
    if "not a git repository" in said:
        return NoRepositoryError(
            f"{project} is not in a git repository: use a clone of the project"
        )
    return SpecError(f"git cannot read {project}: {said}")
