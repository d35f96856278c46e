"""The workflow's scripts do with each outcome what docs/ci.md says; actionlint checks the rest."""

from __future__ import annotations

import os
import re
import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WORKFLOW = ROOT / ".github" / "workflows" / "benchmarks.yml"
pytestmark = pytest.mark.skipif(not WORKFLOW.exists(), reason="not a checkout: no workflow here")
Script = Callable[..., subprocess.CompletedProcess[str]]


def script_of(step: str) -> str:
    """Returns the script of a step, as the workflow has it."""
    text = WORKFLOW.read_text()
    found = re.search(rf"- name: {step}\n.*?run: \|\n(.*?)(?=\n      - |\Z)", text, re.DOTALL)
    assert found is not None
    return textwrap.dedent(found[1])


@pytest.fixture
def run_step(tmp_path: Path) -> Script:
    """Returns the function that runs a step as a runner does, with a callcost of our own."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "temp").mkdir()

    def run(step: str, callcost: str, cwd: Path, **given: str) -> subprocess.CompletedProcess[str]:
        program = tmp_path / "bin" / "callcost"
        program.write_text(f"#!/bin/bash\n{callcost}\n")
        program.chmod(0o755)
        environment = {
            **os.environ,
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "RUNNER_TEMP": str(tmp_path / "temp"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
            "GITHUB_SHA": "abc",
            "RUNNER_OS": "Linux",
            "RUNNER_ARCH": "X64",
            **{f"GIT_{who}_{what}": "someone@example.com"
               for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
            **given,
        }  # fmt: skip
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script_of(step)],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=someone", "-c", "user.email=someone@example.com")
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository in which base and head have parted, and a remote of it."""
    folder = tmp_path / "repository"
    git(tmp_path, "init", "--quiet", "--bare", "origin.git")
    git(tmp_path, "clone", "--quiet", "origin.git", "repository")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "common")
    git(folder, "branch", "base")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "head")
    git(folder, "tag", "head")
    git(folder, "checkout", "--quiet", "base")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "base has gone on")
    return folder


@pytest.mark.parametrize(("code", "fails"), [(0, False), (1, True), (2, True), (3, False)])
def test_each_exit_code_of_compare_is_taken_as_it_is_meant(
    run_step: Script, repository: Path, tmp_path: Path, code: int, fails: bool
) -> None:
    fake = f'echo "$@" > asked; echo "the table" > comparison.md; exit {code}'
    done = run_step("Compare", fake, repository, BASE="base", HEAD="head")
    assert done.returncode == (code if fails else 0), done.stderr
    assert ("::warning" in done.stdout) == (code == 3)
    assert (tmp_path / "summary.md").read_text() == "the table\n"
    asked = (repository / "asked").read_text().split()
    assert asked[:3] == ["compare", git(repository, "rev-parse", "base~1"), "head"]


def test_a_comparison_that_wrote_nothing_still_fails(run_step: Script, repository: Path) -> None:
    done = run_step("Compare", "exit 2", repository, BASE="base", HEAD="head")
    assert done.returncode == 2


def test_each_night_adds_one_commit_to_the_branch_of_the_history(
    run_step: Script, repository: Path, tmp_path: Path
) -> None:
    step = "Append the run to the branch callcost-history"
    # Takes `history add run.json --store DIR` and `history show --store DIR`.
    fake = '[ "$2" = add ] && cp run.json "$5/$(sha1sum < run.json | cut -c1-8).parquet" || ls "$4"'
    for number in (1, 2, 2):
        (repository / "run.json").write_text(f"{number}")
        done = run_step(step, fake, repository, BRANCH="callcost-history")
        assert done.returncode == 0, done.stderr
        git(repository, "worktree", "remove", "--force", str(tmp_path / "temp" / "history"))
    log = git(tmp_path / "origin.git", "log", "--format=%s", "callcost-history").splitlines()
    # The same run a second time adds nothing.
    assert log == ["Add the run of abc"] * 2 + ["Begin the history"]
    kept = git(tmp_path / "origin.git", "ls-tree", "--name-only", "callcost-history")
    assert kept.count(".parquet") == 2
    assert (tmp_path / "summary.md").read_text().count("```") == 6


def test_nothing_that_others_write_is_text_of_a_script() -> None:
    scripts = re.findall(r"run: (?:\|\n(?:          .*\n|\n)+|.*\n)", WORKFLOW.read_text())
    assert len(scripts) >= 5
    assert not [script for script in scripts if "${{" in script]
    assert "pull_request_target" not in WORKFLOW.read_text()
    assert "secrets." not in WORKFLOW.read_text()
