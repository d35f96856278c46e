"""What the workflows may do, as rules over all of them; and that their scripts do it.

The workflows of docs/ci.md are held to the same rules, as they are copied. actionlint checks the
rest.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from dataclasses import dataclass
from functools import cache
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
TESTED = ("3.11", "3.13", "3.14", "3.15", "3.15t")
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


@cache
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
    own = {"benchmarks.yml:append", "comment.yml:post", "pages.yml:deploy"}
    assert written == own | {"ci.md-2:post", "ci.md-3:append"}
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
def test_artifacts_of_another_run_reach_no_job_that_may_write(job: Job) -> None:
    for step in job.steps:
        if "download-artifact" not in step.get("uses", ""):
            continue
        assert "repository" not in step["with"]
        if "run-id" in step["with"]:
            assert list(job.workflow["on"]) == ["workflow_run"]
            assert step["with"]["run-id"] == "${{ github.event.workflow_run.id }}"
            # Not among the files of a checkout, where they could be imported.
            assert step["with"]["path"].startswith("${{ runner.temp }}/")
            assert not job.writes
        else:
            assert "github-token" not in step["with"]


@pytest.mark.parametrize("name", ["comment.yml", "ci.md-2"])
def test_what_may_comment_installs_nothing_and_checks_nothing_out(name: str) -> None:
    download, post = workflows()[name]["jobs"]["post"]["steps"]
    assert download["uses"].startswith("actions/download-artifact@")
    # The script is the one that is tested below.
    (tested,) = (job.steps[-1] for job in jobs() if job.name == "comment.yml:post")
    assert post == tested


@that_writes
def test_a_job_that_may_write_builds_nothing_and_runs_nothing_of_the_repository(job: Job) -> None:
    for script in job.scripts:
        assert not RUNS_ITS_CODE.search(script), script
        for line in script.splitlines():
            assert "pip " not in line or INSTALL.match(line), line
    assert not any(step.get("uses", "").startswith("./") for step in job.steps)


@each_job
def test_a_token_is_given_to_the_step_that_writes_and_to_nothing_else(job: Job) -> None:
    given = [step for step in job.steps if TOKEN.search(str(step))]
    assert not TOKEN.search(str({**job.content, "steps": []}))
    if not job.writes:
        # The token of such a job may only read; an artifact of another run needs one.
        assert all("run-id" in step["with"] for step in given)
        return
    for step in given:
        assert step is job.steps[-1]
        if job.content["permissions"] == {"pull-requests": "write"}:
            assert not re.search(r"\b(git|pip|python)\b", step["run"])
            continue
        assert [line for line in step["run"].splitlines() if line.startswith("git ")] == [
            'git push --quiet origin "$BRANCH"'
        ]
        assert not re.search("git config|git -c|remote|callcost|python", step["run"])


# Which Pythons are tested, and with what.


def pythons_of(job: str) -> set[str]:
    """Returns the versions that a job of ci.yml runs on."""
    content = workflows()["ci.yml"]["jobs"][job]
    (setup,) = (step for step in content["steps"] if "setup-python" in step.get("uses", ""))
    assert setup["with"]["python-version"] == "${{ matrix.python }}"
    # Otherwise a version would be missing until its first release.
    assert setup["with"]["allow-prereleases"] is True
    return set(content["strategy"]["matrix"]["python"])


def test_every_python_that_people_run_is_tested() -> None:
    assert pythons_of("ci") | pythons_of("free-threaded") == set(TESTED)
    assert pythons_of("free-threaded") == {"3.15t"}
    settings = ConfigParser()
    settings.read(ROOT / "tox.ini")
    known = {name.strip() for name in settings["tox"]["env_list"].split(",")}
    assert {f"py{python.replace('.', '')}" for python in ("3.12", *TESTED)} < known
    # What has too few wheels for everything gets the proofs, in both places alike.
    assert settings["testenv:py315t"]["commands"] == "pytest {posargs:@.ci/proofs}"
    scripts = [step.get("run") for step in workflows()["ci.yml"]["jobs"]["free-threaded"]["steps"]]
    assert "python -m pip install --quiet -e '.[prove]'" in scripts
    assert "python -m pytest -n auto @.ci/proofs" in scripts
    assert settings["testenv:py315t"]["extras"] == "prove"


def test_the_proofs_are_tests_of_answers_c_and_facts() -> None:
    named = (ROOT / ".ci" / "proofs").read_text().splitlines()
    # pytest stops at a name that is not there, but only where the proofs run.
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert {
        "tests/benchmarks/test_right.py", "tests/bindings/test_same_c.py", "tests/benchmarks/facts",
    } <= set(named)  # fmt: skip


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


@pytest.mark.parametrize("name", ["comment.yml", "ci.md-2"])
@pytest.mark.parametrize(
    ("changed", "comments"),
    [
        ({}, True),
        ({"conclusion": "failure"}, True),
        ({"conclusion": "cancelled"}, False),
        ({"conclusion": "action_required"}, False),
        ({"event": "push"}, False),
        ({"event": "schedule"}, False),
        ({"event": "workflow_dispatch"}, False),
    ],
)
def test_a_comment_follows_the_comparison_of_a_pull_request(
    name: str, changed: dict[str, Any], comments: bool
) -> None:
    workflow = workflows()[name]
    (trigger,) = workflow["on"].items()
    compared = {"comment.yml": "benchmarks.yml", "ci.md-2": "ci.md-1"}[name]
    assert trigger[0] == "workflow_run"
    assert trigger[1]["workflows"] == [workflows()[compared]["name"]]
    event = {"event": {"workflow_run": {**RUN, "event": "pull_request", **changed}}}
    assert happens(workflow["jobs"]["render"]["if"], event) == comments
    assert workflow["jobs"]["post"]["needs"] == "render"
    assert "if" not in workflow["jobs"]["post"]


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
    steps = [s for job in jobs() if job.name.startswith(("ben", "com")) for s in job.steps]
    (found,) = (s["run"] for s in steps if s.get("name") == step)
    return str(found)


@pytest.fixture
def run_step(tmp_path: Path) -> Script:
    """Returns the function that runs a step as a runner does, with our own callcost and gh."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "temp").mkdir()

    def run(step: str, program: str, cwd: Path, **given: str) -> subprocess.CompletedProcess[str]:
        for name in ("callcost", "gh"):
            path = tmp_path / "bin" / name
            path.write_text(f"#!/bin/bash\n{program}\n")
            path.chmod(0o755)
        environment = {
            **os.environ,
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
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


# Answers for the API: a list of pull requests, two pages of comments. Writes down what is sent.
GH = """
case "$*" in
  *--silent*) printf '%s\\n' "$@" > sent; cp comment.md sent.md ;;
  *repos/owner/callcost/pulls*) printf '%s\\n' "$@" > asked; cat pulls.json ;;
  *--paginate*repos/owner/callcost/issues/7/comments) cat comments.json ;;
  *) exit 4 ;;
esac
"""
COMMENTING = {"GITHUB_REPOSITORY": "owner/callcost", "FROM": "someone:fix $(x)", "HEAD": "abc"}
OURS = {"login": "github-actions[bot]"}
MARKED = "<!-- callcost compare -->\n### old"
NOT_OURS = [
    {"id": 1, "user": {"login": "someone"}, "body": MARKED},
    {"id": 2, "user": None, "body": MARKED},
    {"id": 3, "user": OURS, "body": f"> {MARKED}"},
    {"id": 4, "user": OURS, "body": None},
]
needs_jq = pytest.mark.skipif(not shutil.which("jq"), reason="there is no jq")


def post(
    run_step: Script, folder: Path, pulls: list[tuple[int, str]], comments: list[Any]
) -> subprocess.CompletedProcess[str]:
    found = [{"number": number, "head": {"sha": sha}} for number, sha in pulls]
    (folder / "pulls.json").write_text(json.dumps(found))
    pages = comments[:2], comments[2:]
    (folder / "comments.json").write_text("".join(map(json.dumps, pages)))
    (folder / "comment.md").write_text("the comment")
    return run_step("Create or update the comment", GH, folder, **COMMENTING)


@needs_jq
@pytest.mark.parametrize("old", [[], [{"id": 9, "user": OURS, "body": MARKED}] * 2])
def test_a_pull_request_gets_one_comment_which_is_updated(
    run_step: Script, tmp_path: Path, old: list[Any]
) -> None:
    done = post(run_step, tmp_path, [(7, "abc"), (8, "def")], [*NOT_OURS, *old])
    assert done.returncode == 0, done.stderr
    where = "repos/owner/callcost/issues/" + ("comments/9" if old else "7/comments")
    method = "PATCH" if old else "POST"
    sent = (tmp_path / "sent").read_text().splitlines()
    assert sent == ["api", "--silent", "--method", method, where, "--field", "body=@comment.md"]
    assert "head=someone:fix $(x)" in (tmp_path / "asked").read_text().splitlines()


@needs_jq
@pytest.mark.parametrize("pulls", [[], [(7, "def")], [(7, "abc"), (8, "abc")]])
def test_a_commit_that_is_the_head_of_no_pull_request_or_of_two_gets_no_comment(
    run_step: Script, tmp_path: Path, pulls: list[tuple[int, str]]
) -> None:
    done = post(run_step, tmp_path, pulls, [])
    assert done.returncode == 0, done.stderr
    assert "::notice" in done.stdout
    assert not (tmp_path / "sent").exists()


@needs_jq
@pytest.mark.parametrize("lost", ["pulls.json", "comments.json"])
def test_a_failed_look_posts_nothing(run_step: Script, tmp_path: Path, lost: str) -> None:
    for name in ("pulls.json", "comments.json"):
        (tmp_path / name).write_text('[{"number": 7, "head": {"sha": "abc"}}]')
    (tmp_path / lost).unlink()
    done = run_step("Create or update the comment", GH, tmp_path, **COMMENTING)
    assert done.returncode != 0
    assert not (tmp_path / "sent").exists()


@pytest.mark.parametrize("code", [0, 2])
def test_without_a_comparison_the_comment_says_so(
    run_step: Script, tmp_path: Path, code: int
) -> None:
    fake = f'[ "$*" = "comment $RUNNER_TEMP/comparison/comparison.json" ] && echo ours; exit {code}'
    done = run_step("Write the comment", fake, tmp_path, HEAD="abc", RUN="https://run")
    assert done.returncode == 0, done.stderr
    instead = f"{MARKED.partition('###')[0]}### ⚠️ No comparison of abc\n"
    start = instead if code else "ours\n"
    assert (tmp_path / "comment.md").read_text() == f"{start}\n[All rows](https://run)\n"
