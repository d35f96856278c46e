"""What the workflows may do, as rules over all of them; and that their scripts do it.

The workflows of docs/ci.md are held to the same rules, as they are copied. actionlint checks the
rest.
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from checkout import ROOT
from ruamel.yaml import YAML

WORKFLOWS = ROOT / ".github" / "workflows"
DOCUMENT = ROOT / "docs" / "ci.md"
pytestmark = pytest.mark.skipif(not WORKFLOWS.exists(), reason="not a checkout: no workflow here")
Script = Callable[..., subprocess.CompletedProcess[str]]
READ_ONLY = {"contents": "read"}
# A wheel that is there, and nothing else: no build, no index, no choice of versions.
INSTALL = re.compile(r"python -m pip install --quiet --no-index --only-binary :all: --find-links ")
TOKEN = re.compile(r"github\.token|secrets\b|GITHUB_TOKEN")
# What of a repository's own code a job can run, or how it could change it.
RUNS_ITS_CODE = re.compile(
    r"pip (?:wheel|download)|\bpytest\b|\btox\b|\bmake\b|\.ci/|setup\.py|python -m build|"
    r"\buv\b|\bnpm\b|\bcargo\b|pip install (?!--quiet --no-index)"
)


@dataclass(frozen=True)
class Job:
    """One job, with the workflow that it is in."""

    name: str
    workflow: dict[str, Any]
    content: dict[str, Any]

    @property
    def steps(self) -> list[dict[str, Any]]:
        """What it does, one after the other."""
        return list(self.content["steps"])

    @property
    def scripts(self) -> list[str]:
        """What it has the shell do."""
        return [step["run"] for step in self.steps if "run" in step]

    @property
    def writes(self) -> bool:
        """Whether it may change anything."""
        return any(kind != "read" for kind in self.content.get("permissions", {}).values())


def load(text: str) -> dict[str, Any]:
    return dict(YAML(typ="safe", pure=True).load(text))


def workflows() -> dict[str, dict[str, Any]]:
    found = {path.name: load(path.read_text()) for path in sorted(WORKFLOWS.glob("*.y*ml"))}
    blocks = re.findall(r"^```yaml\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    return found | {f"ci.md-{at}": load(block) for at, block in enumerate(blocks, 1)}


def jobs() -> list[Job]:
    return [
        Job(f"{file}:{name}", workflow, job)
        for file, workflow in (workflows() if WORKFLOWS.exists() else {}).items()
        for name, job in workflow["jobs"].items()
    ]


each_job = pytest.mark.parametrize("job", jobs(), ids=lambda job: job.name)
that_writes = pytest.mark.parametrize(
    "job", [job for job in jobs() if job.writes], ids=lambda job: job.name
)


def test_the_rules_cover_the_jobs_that_write() -> None:
    written = {job.name for job in jobs() if job.writes}
    assert written == {"benchmarks.yml:append", "pages.yml:deploy", "ci.md-2:append"}
    assert {"ci.yml", "ci.md-1"} < workflows().keys()


@pytest.mark.parametrize("workflow", workflows().values() if WORKFLOWS.exists() else [])
def test_a_workflow_may_read_unless_a_job_says_more(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] == READ_ONLY
    events = workflow["on"]
    assert "pull_request_target" not in events and "issue_comment" not in events


@each_job
def test_no_checkout_leaves_a_token_in_the_configuration_of_git(job: Job) -> None:
    for step in job.steps:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
            assert not {"token", "ssh-key"} & step["with"].keys()


@each_job
def test_actions_are_named_by_their_commit(job: Job) -> None:
    for step in job.steps:
        assert "uses" not in step or re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", step["uses"])


@each_job
def test_nothing_that_others_write_is_text_of_a_script(job: Job) -> None:
    assert not [script for script in job.scripts if "${{" in script]


@each_job
def test_artifacts_are_those_of_the_same_run(job: Job) -> None:
    for step in job.steps:
        if "download-artifact" in step.get("uses", ""):
            assert not {"run-id", "github-token", "repository"} & step["with"].keys()


@that_writes
def test_a_job_that_may_write_builds_nothing_and_runs_nothing_of_the_repository(job: Job) -> None:
    for script in job.scripts:
        assert not RUNS_ITS_CODE.search(script), script
        for line in script.splitlines():
            assert "pip " not in line or INSTALL.match(line), line
    assert not any(step.get("uses", "").startswith("./") for step in job.steps)


@each_job
def test_a_token_is_given_to_the_push_and_to_nothing_else(job: Job) -> None:
    given = [step for step in job.steps if TOKEN.search(str(step))]
    assert not TOKEN.search(str({**job.content, "steps": []}))
    for step in given:
        assert job.writes
        assert step is job.steps[-1]
        assert [line for line in step["run"].splitlines() if line.startswith("git ")] == [
            'git push --quiet origin "$BRANCH"'
        ]
        assert not re.search("git config|git -c|remote|callcost|python", step["run"])


# Who may start a job: its condition, evaluated for what may have happened.

REPOSITORY = "owner/callcost"
RUN = {
    "conclusion": "success",
    "event": "push",
    "head_branch": "main",
    "head_repository": {"full_name": REPOSITORY},
}
PUSH = {"repository": REPOSITORY, "event_name": "push", "ref": "refs/heads/main"}


def happens(condition: str, github: dict[str, Any]) -> bool:
    """Evaluates a condition of comparisons, && and ||."""

    def value(name: re.Match[str]) -> str:
        found: Any = github
        for key in name[1].split("."):
            found = found.get(key, {})
        return repr(found or "")

    text = re.sub(r"\bgithub\.([\w.]+)", value, condition)
    text = " ".join(text.replace("&&", " and ").replace("||", " or ").split())
    assert re.fullmatch(r"(?:'[^']*'|and|or|==|!=|[() ])+", text), text
    return bool(eval(text, {"__builtins__": {}}))


@pytest.mark.parametrize(
    ("changed", "deploys"),
    [
        ({}, True),
        ({"event": "schedule"}, True),
        ({"conclusion": "failure"}, False),
        ({"conclusion": "cancelled"}, False),
        ({"conclusion": "skipped"}, False),
        ({"event": "pull_request"}, False),
        ({"head_branch": "other"}, False),
        ({"head_repository": {"full_name": "somebody/callcost"}}, False),
        ({"head_repository": {"full_name": "somebody/callcost"}, "event": "pull_request"}, False),
    ],
)
def test_the_site_follows_a_run_that_succeeded_on_our_own_main(
    changed: dict[str, Any], deploys: bool
) -> None:
    workflow = workflows()["pages.yml"]
    assert list(workflow["on"]) == ["workflow_run"]
    build = workflow["jobs"]["build"]
    event = {"repository": REPOSITORY, "event": {"workflow_run": {**RUN, **changed}}}
    assert happens(build["if"], event) == deploys
    # The commit of the run, not what main has become since.
    assert build["steps"][0]["with"]["ref"] == "${{ github.event.workflow_run.head_sha }}"
    assert workflow["jobs"]["deploy"]["needs"] == "build"
    assert "if" not in workflow["jobs"]["deploy"]


@pytest.mark.parametrize(
    ("changed", "writes"),
    [
        ({}, True),
        ({"event_name": "pull_request", "ref": "refs/pull/1/merge"}, False),
        ({"event_name": "pull_request"}, False),
        ({"ref": "refs/heads/other"}, False),
    ],
)
def test_a_pull_request_starts_no_job_that_may_write(changed: dict[str, Any], writes: bool) -> None:
    started = [job for job in jobs() if job.writes and "pull_request" in job.workflow["on"]]
    assert started
    for job in started:
        assert happens(job.content["if"], PUSH | changed) == writes


# The scripts.

PUSH_STEP = "Push the branch callcost-history"
PUSHING = {"BRANCH": "callcost-history", "TOKEN": "t0p", "GITHUB_SERVER_URL": "http://nowhere"}


def script_of(step: str) -> str:
    """Returns the script of a step, as the workflow has it."""
    steps = [s for job in jobs() if job.name.startswith("benchmarks.yml:") for s in job.steps]
    (found,) = (s["run"] for s in steps if s.get("name") == step)
    return str(found)


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
            "GIT_TERMINAL_PROMPT": "0",
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
            timeout=600,
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
    """A repository in which base and head have diverged, and a remote of it."""
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
    step = "Append the run to the history"
    # Takes `history add run.json --store DIR` and `history show --store DIR`.
    fake = '[ "$2" = add ] && cp run.json "$5/$(sha1sum < run.json | cut -c1-8).parquet" || ls "$4"'
    for number in (1, 2, 2):
        (repository / "run.json").write_text(f"{number}")
        done = run_step(step, fake, repository, BRANCH="callcost-history")
        assert done.returncode == 0, done.stderr
        pushed = run_step(PUSH_STEP, "exit 9", repository, **PUSHING)
        assert pushed.returncode == 0, pushed.stderr
        git(repository, "worktree", "remove", "--force", str(tmp_path / "temp" / "history"))
    log = git(tmp_path / "origin.git", "log", "--format=%s", "callcost-history").splitlines()
    # The same run a second time adds nothing.
    assert log == ["Add the run of abc"] * 2 + ["Begin the history"]
    kept = git(tmp_path / "origin.git", "ls-tree", "--name-only", "callcost-history")
    assert kept.count(".parquet") == 2
    assert (tmp_path / "summary.md").read_text().count("```") == 6


def test_a_failed_look_up_does_not_mean_that_there_is_no_branch(
    run_step: Script, repository: Path, tmp_path: Path
) -> None:
    (tmp_path / "origin.git").rename(tmp_path / "away.git")
    step = "Append the run to the history"
    done = run_step(step, "exit 9", repository, BRANCH="callcost-history")
    assert done.returncode == 128
    assert not (tmp_path / "temp" / "history").exists()


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str | None]]]:
    """A server that refuses every request, and the Authorization header of each."""
    headers: list[str | None] = []

    class Refuses(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers.append(self.headers["Authorization"])
            self.send_error(403)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refuses) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", headers
        server.shutdown()


@pytest.mark.parametrize("elsewhere", [False, True])
def test_the_token_is_sent_to_the_server_alone_and_kept_nowhere(
    run_step: Script, repository: Path, asked: tuple[str, list[str | None]], elsewhere: bool
) -> None:
    address, headers = asked
    git(repository, "branch", "callcost-history")
    git(repository, "remote", "set-url", "origin", f"{address}/owner/callcost")
    hook = repository / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nenv > {repository}/stolen\n")
    hook.chmod(0o755)
    server = "http://127.0.0.1:1" if elsewhere else address
    done = run_step(PUSH_STEP, "exit 9", repository, **{**PUSHING, "GITHUB_SERVER_URL": server})
    assert done.returncode != 0
    sent = "Basic " + base64.b64encode(b"x-access-token:t0p").decode()
    assert headers[0] == (None if elsewhere else sent)
    assert "t0p" not in done.stdout + done.stderr
    assert not (repository / "stolen").exists()
    kept = [path for path in (repository / ".git").rglob("*") if path.is_file()]
    assert not [path for path in kept if b"t0p" in path.read_bytes()]
