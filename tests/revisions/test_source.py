"""What the builds of one repository must not do to each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from callcost.revisions.source import Repository, git

AUTHOR = ("-c", "user.name=somebody", "-c", "user.email=somebody")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    project = tmp_path / "project"
    project.mkdir()
    git(project, "init", "--quiet")
    (project / "file").write_text("content")
    git(project, "add", ".")
    git(project, *AUTHOR, "commit", "--quiet", "--message", "first")
    return Repository.around(project)


def test_many_builds_make_and_remove_worktrees_at_once(
    repository: Repository, tmp_path: Path
) -> None:
    commit = repository.head()

    def build(number: int) -> str:
        worktree = tmp_path / f"build-{number}" / "worktree"
        worktree.parent.mkdir()
        repository.add_worktree(worktree, commit)
        text = (worktree / "file").read_text()
        repository.remove_worktree(worktree)
        return text

    # Without a lock, git failed in one of ten: it read entries that another was writing.
    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(build, range(150))) == {"content"}
    assert git(repository.folder, "worktree", "list").count("\n") == 1
