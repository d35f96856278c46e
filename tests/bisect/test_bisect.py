"""`callcost bisect`: the search in made-up histories, with made-up measurements."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from toy_project import everything, git, use_index, write_project, write_wheel

from callcost.bisect import flow, report
from callcost.bisect.command import bisect
from callcost.bisect.judge import decision_point
from callcost.bisect.search import BisectError
from callcost.compare.flow import Request
from callcost.compare.outcome import Outcome, RowOutcome, SideFacts
from callcost.model.interval import Interval
from callcost.paired.measure import Comparison
from callcost.paired.rows import BASE, Cell, Side
from callcost.paired.rules import Rules
from callcost.paired.verdict import NOT_SLOWER, SAME, SLOWER, UNDECIDED, Verdict
from callcost.revisions import releases
from callcost.revisions.errors import BuildError

ROW, OTHER = Cell("call", "tool"), Cell("other", "tool")
CONTENDER = """
[[tool.callcost.contender]]
workload = "call"
setup = "from toy import call"
call = "call(3)"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, and an empty folder for temporary files."""
    folder = tmp_path / "project"
    write_project(folder)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.chdir(folder)
    return folder


def commit(project: Path, *subjects: str) -> None:
    """Makes commits without changes on the current branch, all at once."""
    branch = git(project, "symbolic-ref", "HEAD").strip()
    said = [f"reset {branch}\nfrom {branch}^0\n"]
    for subject in subjects:
        said.append(f"commit {branch}\ncommitter somebody <somebody> 0 +0000\n")
        said.append(f"data {len(subject)}\n{subject}\n")
    command = ["git", "fast-import", "--quiet"]
    subprocess.run(command, cwd=project, input="".join(said), text=True, check=True)


@dataclass
class Machine:
    """Measures what it is told: each commit's cost by its subject, or each release's by its SPEC.

    A cost of None does not build. Changes are known to within `reach`.
    """

    project: Path
    costs: Mapping[str, float | None]
    reach: float = 0.001
    versions: Mapping[str, str] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)

    def __call__(self, request: Request, _: str) -> Outcome:
        """Compares two SPECs."""
        self.asked.append(request)
        base, head = (self._cost(spec) for spec in (request.base, request.head))
        threshold = request.threshold or 0.02
        rows = [row(ROW, head / base - 1, self.reach, threshold)]
        if not request.workloads:
            rows.append(row(OTHER, 0.0, self.reach, threshold))
        made = Outcome(
            self._side(request.base), self._side(request.head), Rules(threshold),
            Comparison({BASE: Side(BASE, "", "", "")}),
        )  # fmt: skip
        made.__dict__ |= {"rows": rows, "moved": []}
        return made

    def _side(self, spec: str) -> SideFacts:
        return SideFacts(spec, spec, {"Tool": self.versions[spec]} if self.versions else {})

    def _cost(self, spec: str) -> float:
        name = spec
        if spec not in self.costs:
            name = git(self.project, "show", "--no-patch", "--format=%s", spec).strip()
        cost = self.costs[name]
        if cost is None:
            raise BuildError(f"{name} does not build: no flux")
        return cost


def row(cell: Cell, change: float, reach: float, threshold: float) -> RowOutcome:
    interval = Interval(change, change - reach, change + reach)
    word = SLOWER if interval.low > threshold else UNDECIDED
    if interval.high < threshold:
        word = SAME if interval.low > -threshold else NOT_SLOWER
    return RowOutcome(
        cell,
        Verdict(word, interval, 0.0, 100.0, 100 * (1 + change), 40, interval, 0.0),
        threshold,
    )


def search(machine: Machine, good: str, bad: str, threshold: float = 0.005) -> flow.Result:
    """Searches, and proves that nothing is left behind."""
    before = everything(machine.project)
    found = flow.run(
        Request(good, bad, threshold=threshold), machine.project, machine, lambda _: None
    )
    assert everything(machine.project) == before
    assert not list(Path(tempfile.gettempdir()).iterdir())
    return found


def judged(result: flow.Result) -> dict[str, str]:
    return {step.point.subject: step.decision.word for step in result.steps}


def line(project: Path, number: int) -> dict[str, float | None]:
    """Makes so many commits, and returns their costs, which are equal."""
    names = [f"c{each}" for each in range(1, number + 1)]
    commit(project, *names)
    return dict.fromkeys(["one", *names], 100.0)


@pytest.mark.parametrize("slow", [1, 11, 16])
def test_the_slow_commit_is_found_and_compared_with_the_one_before(
    project: Path, slow: int
) -> None:
    costs = line(project, 16) | {f"c{each}": 102.0 for each in range(slow, 17)}
    machine = Machine(project, costs)
    result = search(machine, "main~16", "main")
    assert result.found is not None and result.found.point.subject == f"c{slow}"
    assert result.exit_code == 1
    assert result.comparisons == len(machine.asked) == 6
    assert result.decided_at == pytest.approx(decision_point(0.02))
    last = machine.asked[-1]
    assert (last.base, last.workloads, last.mechanisms) == (f"{last.head}^", ("call",), ("tool",))
    assert last.instructions and not machine.asked[1].instructions
    said = "\n".join(report.lines(result, result.row or pytest.fail()))
    assert "call-tool: 100.0 to 102.0 ns per call, loop included: +2.00%" in said
    options = "--workload call --mechanism tool --threshold 0.5"
    assert f"callcost compare '{last.base}' {last.head} {options}" in said
    assert report.headline(result).startswith("Slower from")
    assert json.loads(report.as_json(result))["found"]["subject"] == f"c{slow}"


def test_nothing_slower_ends_after_one_comparison(project: Path) -> None:
    for reach, code in ((0.001, 0), (0.01, 3)):
        machine = Machine(project, line(project, 4), reach)
        result = search(machine, "main~4", "main")
        assert (result.row, result.exit_code, len(machine.asked)) == (None, code, 1)
        assert json.loads(report.as_json(result))["row"] is None


def test_commits_that_do_not_build_are_skipped_and_named(project: Path) -> None:
    costs = line(project, 8) | {"c6": 110.0, "c7": 110.0, "c8": 110.0}
    result = search(Machine(project, costs | {"c4": None}), "main~8", "main")
    assert result.found is not None and result.found.point.subject == "c6"
    assert judged(result)["c4"] == "skip"
    said = "\n".join(report.lines(result, result.row or pytest.fail()))
    assert "c4 does not build: no flux" in said

    result = search(Machine(project, costs | {"c5": None, "c4": None}), "main~8", "main")
    assert result.found is None and result.exit_code == 3
    assert {point.subject for point in result.possible} == {"c4", "c5", "c6"}
    assert "Could not be decided between 3 commits" in report.headline(result)


def test_merges_are_searched(project: Path) -> None:
    costs: dict[str, float | None] = {"one": 100.0}
    git(project, "checkout", "--quiet", "-b", "side")
    commit(project, "side0", "side1", "side2", "side3")
    git(project, "checkout", "--quiet", "main")
    commit(project, "main0", "main1", "main2", "main3")
    costs |= {f"{branch}{number}": 100.0 for branch in ("side", "main") for number in range(4)}
    costs |= {"side2": 103.0, "side3": 103.0}
    git(project, "merge", "--quiet", "--no-ff", "-m", "merge", "side")
    costs["merge"] = 103.0
    result = search(Machine(project, costs), "main~4", "main")
    assert result.found is not None and result.found.point.subject == "side2"


def test_good_may_be_on_another_branch(project: Path) -> None:
    costs: dict[str, float | None] = {"one": 100.0, "fork": 100.0}
    git(project, "checkout", "--quiet", "-b", "release")
    commit(project, "fork")
    git(project, "checkout", "--quiet", "main")
    commit(project, "main0", "main1", "main2")
    costs |= {"main0": 100.0, "main1": 105.0, "main2": 105.0}
    result = search(Machine(project, costs), "release", "main")
    assert result.found is not None and result.found.point.subject == "main1"
    # git asks for the commit at which they branch off first.
    assert result.steps[0].point.subject == "one"
    with pytest.raises(BisectError, match=r"from which GOOD and BAD branch off"):
        search(Machine(project, dict.fromkeys(costs, 105.0) | {"fork": 100}), "release", "main")


def test_an_open_step_asks_bad_and_then_takes_the_nearer_end(project: Path) -> None:
    costs = line(project, 2) | {"c1": 100.9, "c2": 102.0}
    machine = Machine(project, costs, reach=0.004)
    result = search(machine, "main~2", "main")
    longer = machine.asked[2]
    assert (longer.base, longer.longer) == (result.steps[0].spec, 3)
    (step,) = result.steps
    assert (step.decision.word, step.decision.certain) == ("good", False)
    assert "uncertain" in report.step_text(step)
    # The step alone is 1.1% with an interval of 0.4%, and 0.5% is the threshold.
    assert result.found is not None and result.found.certain


def test_a_slowdown_in_parts_is_said_to_be_one(project: Path) -> None:
    costs = line(project, 4) | {"c2": 104.0, "c3": 104.0, "c4": 107.0}
    result = search(Machine(project, costs), "main~4", "main")
    assert result.found is not None and result.found.point.subject == "c2"
    assert "only a part" in "\n".join(report.lines(result, result.row or pytest.fail()))


def test_a_row_that_a_commit_lacks_is_skipped(project: Path) -> None:
    machine = Machine(project, line(project, 4) | {"c3": 110.0, "c4": 110.0})

    def compare(request: Request, title: str) -> Outcome:
        made = machine(request, title)
        if git(project, "show", "--no-patch", "--format=%s", request.head).strip() == "c2":
            made.__dict__["rows"] = []
            made.removed = {ROW: "it is not there"}
        return made

    result = flow.run(Request("main~4", "main"), project, compare, lambda _: None)
    skipped = {step.point.subject: step.decision.why_not for step in result.steps}
    assert skipped["c2"] == "it has no call-tool (it is not there)"


def test_the_working_tree_can_be_bad(project: Path) -> None:
    (project / "toy.py").write_text("VALUE = 2\n")
    result = search(Machine(project, {"one": 100.0, ".": 110.0, "callcost": 110.0}), "main", ".")
    assert result.found is not None and not result.steps
    assert result.found.point.subject.startswith("the working tree on")


def test_the_log_can_be_replayed(project: Path) -> None:
    costs = line(project, 8) | {"c6": 110.0, "c7": 110.0, "c8": 110.0}
    text = report.log(search(Machine(project, costs), "main~8", "main"))
    assert "#   +10.0% (+9.90% .. +10.1%)" in text
    (project.parent / "log").write_text(text)
    git(project, "bisect", "replay", str(project.parent / "log"))
    assert "c6" in git(project, "show", "--no-patch", "--format=%s", "refs/bisect/bad")


def test_an_interrupt_leaves_nothing(project: Path) -> None:
    machine = Machine(project, line(project, 4) | {"c4": 110.0})

    def compare(request: Request, title: str) -> Outcome:
        if machine.asked:
            raise KeyboardInterrupt
        return machine(request, title)

    before = everything(project)
    with pytest.raises(KeyboardInterrupt):
        flow.run(Request("main~4", "main"), project, compare, lambda _: None)
    assert everything(project) == before
    assert not list(Path(tempfile.gettempdir()).iterdir())


def test_a_shallow_clone_is_searched(project: Path) -> None:
    costs = line(project, 8) | {f"c{each}": 110.0 for each in (6, 7, 8)}
    clone = project.parent / "shallow"
    subprocess.run(
        ["git", "clone", "--quiet", "--depth=6", project.as_uri(), str(clone)], check=True
    )
    result = search(Machine(clone, costs), "main~5", "main")
    assert result.found is not None and result.found.point.subject == "c6"


def test_releases_between_two_versions_are_searched(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = ["1.0", "1.1", "1.2", "2.0"]
    monkeypatch.setattr(releases, "between", lambda *_: listed)
    short = git(project, "rev-parse", "--short", "main").strip()
    costs: dict[str, float | None] = {
        f"{short}@3.11+tool=={version},other<3": 100.0 if version < "1.2" else 120.0
        for version in listed
    }
    good, bad = ("main@3.11+other<3,Tool==1.0", "main@3.11+tool==2.0,other<3")
    machine = Machine(project, costs | {good: 100.0, bad: 120.0}, versions={})
    machine.versions = {spec: spec[-3:] for spec in machine.costs}
    machine.versions = {**machine.versions, good: "1.0", bad: "2.0"}
    result = search(machine, good, bad)
    assert result.found is not None
    assert result.found.request.base == f"{short}@3.11+tool==1.1,other<3"
    assert report.headline(result) == "Slower from tool 1.2 on."


def test_the_index_says_which_releases_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_index(tmp_path, monkeypatch)
    for version in ("1.5", "1.10", "2.0rc1", "0.9", "2.1"):
        write_wheel(tmp_path / "index", "tool", version)
    monkeypatch.setenv("CALLCOST_CACHE", str(tmp_path / "cache"))
    assert releases.between("tool", "2.0", "1.0", None) == ["2.0", "1.10", "1.5", "1.0"]
    assert releases.between("tool", "1.5", "1.10", None) == ["1.5", "1.10"]
    assert not list((tmp_path / "cache" / "staging").iterdir())


def run(*arguments: str) -> Result:
    return CliRunner().invoke(bisect, list(arguments))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["main", "main"], "main and main are the same: nothing lies between them."),
        (["main", "nowhere"], "git does not know the revision nowhere"),
        (["main", "old"], "old comes before main: name the older one first."),
        (["old", "main+tool==1"], "old and main+tool==1 differ in their commits and in what"),
        (["main@3.11", "main@3.12"], "differ in their interpreters, between which nothing lies."),
        (["main+a==1,b==1", "main+a==2,b==2"], "differ in a, b: only one requirement may differ."),
        (["main+a@https://x.org/a.whl", "main+a==1"], "names a URL: no releases lie between them."),
        (["strange", "main"], "strange and main share no history."),
        (["old", "main", "--json", "x", "--log", "./x"], "--json and --log name the same file"),
        (["old", "main", "--log", "no/where"], "there is no folder no"),
        (["old", "main", "--threshold", "-1"], "--threshold"),
        (["old"], "Missing argument 'BAD'"),
    ],
)
def test_wrong_usage_gets_a_sentence(project: Path, arguments: list[str], said: str) -> None:
    git(project, "tag", "old")
    commit(project, "two")
    tree = git(project, "rev-parse", "main^{tree}").strip()
    git(project, "tag", "strange", git(project, "commit-tree", "-m", "x", tree).strip())
    done = run(*arguments)
    assert done.exit_code == 2, done.output
    assert said in " ".join(done.output.split())
    assert "Traceback" not in done.output


def test_a_planted_slowdown_is_found(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_index(tmp_path, monkeypatch)
    monkeypatch.setenv("CALLCOST_CACHE", str(tmp_path / "cache"))
    with (project / "pyproject.toml").open("a") as file:
        file.write(CONTENDER)
    for body in ("n + n", "sum(sorted(range(99))) + n"):
        (project / "toy.py").write_text(f"def call(n):\n    return {body}\n")
        git(project, "add", ".")
        git(project, "commit", "--quiet", "-m", body)
    done = run("main~1", "main", "--threshold", "60", "--budget", "1", "--no-instructions")
    assert done.exit_code == 1, done.output
    assert "2 comparisons, 0 in the search." in done.output
    assert "(sum(sorted(range(99))) + n) on." in done.output
    assert "author somebody" in done.output
