"""`callcost compare` as a user meets it: exit codes, sentences, and the files that it writes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from needs import needs_compiler
from processes import MARK, marked_processes, wait_until
from toy_project import everything, git, use_index, write_project

from callcost.compare import flow
from callcost.compare.command import compare
from callcost.layouts.builds import is_gnu
from callcost.paired import measure
from callcost.revisions import environments
from callcost.revisions.spec import parse
from callcost.revisions.supervision import Supervision

CONTENDERS = """
[[tool.callcost.contender]]
workload = "double"
setup = "from toy import double"
call = "double(3)"
expect = "6"

[[tool.callcost.contender]]
workload = "value"
setup = "from toy import VALUE as value"
call = "abs(value)"

[tool.callcost.thresholds]
"*" = 60
"double-*" = 70
"""
TOY = "VALUE = 1\n\ndef double(n):\n    return n + n\n"
SLOW = "VALUE = 1\n\ndef double(n):\n    return sum(range(n + 1)) if sorted('bac' * 9) else 0\n"
NATIVE = "int twice(int n) { return 2 * n; }\nint thrice(int n) { return 3 * n; }\n"
COMPILE = """
import subprocess
command = ["cc", "-shared", "-fPIC", "-O1", "native.c", "-o", "native.so"]
subprocess.run(command, check=True)
"""
# Writes down which library a process has loaded.
CALLS_NATIVE = """
import ctypes, os
FILE = os.path.join(os.path.dirname(__file__), "native.so")
double = ctypes.CDLL(FILE).twice
if "SEEN" in os.environ:
    with open(os.environ["SEEN"], "a") as seen:
        seen.write(FILE + "\\n")
"""
# Far above the noise of a busy machine, and far below the planted change.
FAR = ("--threshold", "60", "--budget", "2", "--no-instructions")


@pytest.fixture(autouse=True)
def _settings(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index with only the tools made here, and a cache that all tests share."""
    use_index(tmp_path, monkeypatch)
    monkeypatch.setenv("CALLCOST_CACHE", str(tmp_path_factory.getbasetemp() / "compared"))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "a project"
    write_project(folder)
    (folder / "toy.py").write_text(TOY)
    with (folder / "pyproject.toml").open("a") as file:
        file.write(CONTENDERS)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "two")
    monkeypatch.chdir(folder)
    return folder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(compare, list(arguments))


def flat(result: Result) -> str:
    return " ".join(result.output.split())


def test_every_report_names_a_slowdown(project: Path) -> None:
    (project / "toy.py").write_text(SLOW)
    before = everything(project)
    reports = ("--json", "c.json", "--markdown", "c.md", "--junit", "c.xml")
    done = run("main", ".", *FAR, *reports)
    assert done.exit_code == 1, done.output
    assert "Slower: 1 of 2 rows." in done.output
    table = [line.split() for line in done.output.splitlines() if line.split()[-1:] == ["slower"]]
    assert [line[:2] for line in table] == [["double", "toy"]]
    assert "without its 1 changed file" in flat(done)

    found = json.loads(Path("c.json").read_text())
    assert [(row["workload"], row["verdict"]) for row in found["rows"]] == [
        ("double", "slower"),
        ("value", "same"),
    ]
    assert found["exit_code"] == 1
    assert found["rows"][0]["change"][1] > 0.6

    text = Path("c.md").read_text()
    assert "### ❌ Slower: 1 of 2 rows." in text
    assert "| **slower** |" in text
    assert "\ncallcost compare main . --threshold=60 --workload=double --mechanism=toy\n" in text

    suite = ElementTree.fromstring(Path("c.xml").read_text())
    cases = {case.get("classname"): case.find("failure") for case in suite.iter("testcase")}
    failure = cases["double"]
    assert failure is not None and "slower: +" in str(failure.get("message"))
    assert cases["value"] is None
    for name in ("c.json", "c.md", "c.xml"):
        Path(name).unlink()
    assert everything(project) == before


def test_a_pass_shows_instructions_which_decide_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "RECOUNT_LAYOUTS", 2)
    (project / "toy.py").write_text(TOY.replace("n + n", "n + n + 0"))
    git(project, "commit", "--quiet", "-a", "-m", "three")
    done = run("main~1", "main", *FAR[:4], "--instructions", "--json", "c.json")
    assert done.exit_code == 0, done.output
    assert "Nothing is slower: 2 rows." in done.output
    rows = json.loads(Path("c.json").read_text())["rows"]
    double, value = (row["instructions"] for row in rows)
    if not shutil.which("valgrind"):
        assert "install it" in double["why_not"] and "install it" in value["why_not"]
        return
    assert value["base"] == value["head"] > 10
    assert not value["changed"]
    assert double["changed"]
    assert double["head"] > double["base"] + 2
    assert "Instructions per call changed in 1 row" in flat(done)
    assert "->" in done.output


@needs_compiler
def test_libraries_are_measured_in_many_layouts(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_gnu(shutil.which("ld") or ""):
        pytest.skip("there is no GNU ld")
    monkeypatch.setattr(flow, "LAYOUTS", 6)
    (project / "native.c").write_text(NATIVE)
    (project / "during.py").write_text(COMPILE)
    (project / "toy.py").write_text(CALLS_NATIVE)
    git(project, "add", ".")
    git(project, "commit", "--quiet", "-m", "three")
    (project / "native.c").write_text(f"int unused(void) {{ return 1; }}\n{NATIVE}")
    seen = project.parent / "seen"
    monkeypatch.setenv("SEEN", str(seen))
    for options, layouts in (((), 7), (("--one-layout",), 1)):
        seen.unlink(missing_ok=True)
        done = run("main", ".", *FAR, "--workload", "double", *options, "--json", "c.json")
        assert done.exit_code == 0, done.output
        found = json.loads(Path("c.json").read_text())
        assert found["layouts"] == layouts and found["unmoved"] == {}
        used = set(found["rows"][0]["layouts"])
        # Six decide, and the calls are checked in the first.
        assert min(6, layouts) <= len(used) and used <= {*range(layouts)}
        assert len(found["rows"][0]["layouts"]) == len(found["rows"][0]["passes"])
        assert len(set(seen.read_text().splitlines())) == 2 * len(used | {0})
        assert ("Both sides were linked in 7 layouts" in flat(done)) == (layouts == 7)


@needs_compiler
def test_a_library_that_cannot_be_moved_is_named(project: Path) -> None:
    (project / "native.c").write_text(NATIVE)
    command = ["cc", "-shared", "-fPIC", "native.c", "-o", "native.so"]
    subprocess.run(command, cwd=project, check=True)
    (project / "toy.py").write_text(CALLS_NATIVE)
    done = run(".", ".", *FAR, "--workload", "double")
    assert done.exit_code == 0, done.output
    assert "One layout only, so that intervals describe this build: native.so (" in flat(done)


def test_rows_of_one_side_are_listed_without_error(project: Path) -> None:
    (project / "toy.py").write_text(TOY.replace("VALUE", "OTHER") + "\ndef new():\n    pass\n")
    with (project / "pyproject.toml").open("a") as file:
        file.write('\n[[tool.callcost.contender]]\nworkload = "new"\n')
        file.write('setup = "from toy import new"\ncall = "new()"\n')
    pyproject = Path("pyproject.toml")
    pyproject.write_text(pyproject.read_text().replace('"double-*" = 70', '"duoble-*" = 0'))
    done = run("main", ".", *FAR[2:], "--json", "c.json")
    assert done.exit_code == 0, done.output
    found = json.loads(Path("c.json").read_text())
    assert (found["threshold"], found["rows"][0]["threshold"]) == (0.6, 0.7)
    assert found["thresholds"] == {"*": 0.6, "double-*": 0.7}
    assert "same (threshold 70.0%)" in done.output
    assert "[tool.callcost.thresholds] differs between the sides: base's apply" in flat(done)
    assert "thresholds] duoble-* matches nothing here: did you mean double-toy? (the" in flat(done)
    assert "Added in head: new-toy (base: its set-up raised ImportError" in flat(done)
    assert "Removed in head: value-toy (its set-up raised ImportError" in flat(done)
    assert "Nothing is slower: 1 row." in done.output


def test_a_wrong_answer_is_an_error_only_in_head(project: Path) -> None:
    (project / "toy.py").write_text(TOY.replace("n + n", "n * n"))
    done = run("main", ".", *FAR)
    assert done.exit_code == 2
    said = "FAILED double-toy in head: wrong answer: double(3) returned 9 (int), expected 6 (int)"
    assert said in flat(done)
    mended = run(".", "main", *FAR)
    assert mended.exit_code == 0, mended.output
    assert "FAILED double-toy in base: wrong answer" in flat(mended)


def test_a_head_that_does_not_build_shows_the_end_of_its_log(project: Path) -> None:
    (project / "during.py").write_text("raise SystemExit('the flux is not soldered')\n")
    done = run("main", ".", *FAR)
    assert done.exit_code == 2
    assert "does not build: the flux is not soldered; the whole log is" in flat(done)
    assert "Traceback" not in done.output.partition("Error:")[2]
    (log,) = re.findall(r"the whole log is (\S+\.log)", flat(done))
    assert "the flux is not soldered" in Path(log).read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["main", "nowhere"], "nowhere"),
        (["main", ".@3.1"], "3.1"),
        (["main", ".", "--workload", "duoble"], "--workload duoble matches nothing here: did you"),
        (["main", ".", "--mechanism", "x"], "--mechanism x matches nothing here: there is: toy"),
        (["main", ".", "--json", "no/where.json"], "there is no folder no"),
        (["main", ".", "--budget", "0"], "--budget"),
        (["main", ".", "--threshold", "-1"], "--threshold"),
        (["main", ".", "--threshold", "nan"], "nan is not a finite number"),
        (["main", ".", "--budget", "inf"], "inf is not a finite number"),
        (["main", ".", "--json", "c", "--junit", "./c"], "--json and --junit name the same file"),
        (["main"], "Missing argument 'HEAD'"),
    ],
)
def test_wrong_usage_gets_a_sentence(project: Path, arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert said in flat(done)
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["--workload", "duoble"],
        ["--workload", "double", "--workload", "vlaue"],
        ["--mechanism", "x"],
        ["--mechanism", ""],
        ["--workload", "other", "--mechanism", "toy"],
        ["--threshold", "nan"],
    ],
)
def test_names_are_checked_before_resolving_and_building(
    project: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with (project / "pyproject.toml").open("a") as file:
        file.write('\n[[tool.callcost.contender]]\nworkload = "other"\nmechanism = "m"\n')
        file.write('call = "abs(1)"\n')

    def refuse(_: Any, job: Any, *__: Any) -> None:
        pytest.fail(f"it began to {job['kind']}")

    monkeypatch.setattr(Supervision, "run", refuse)
    monkeypatch.setenv("CALLCOST_CACHE", str(project.parent / "empty"))
    done = run("main", ".", *arguments)
    assert done.exit_code == 2, done.output
    assert len(flat(done).split("Error:")) == 2
    assert "it began to" not in done.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "toy has nothing to compare: say what to measure in [[tool.callcost.contender]]"),
        ('[[tool.callcost.contender]]\nworkload = "x"', "number 1 needs workload and call"),
        ('[[tool.callcost.contender]]\nworkload="x"\ncall="1"\ntime="1"', "number 1 has time"),
        ('[[tool.callcost.contender]]\nworkload="x"\ncall=1', "call has to be a string"),
        (2 * '[[tool.callcost.contender]]\nworkload="x"\ncall="1"\n', "is a second x-toy"),
        ("[[tool.", "cannot be read"),
        ('[[tool.callcost.contender]]\nworkload="x"\ncall="f("\n', "call is not an expression"),
        ('[[tool.callcost.contender]]\nworkload="x"\ncall="a = 1"\n', "call is not an expression"),
        (
            '[[tool.callcost.contender]]\nworkload="x"\ncall="1"\nsetup="import"\n',
            "setup is not Python",
        ),
        ("[tool]\ncallcost = 3\n", "tool.callcost is not a table"),
        ("[tool.callcost]\ncontender = 3\n", "contender is not a list of tables"),
        (f"{CONTENDERS}'value-*' = true\n", "'value-*' is True, not a number of percent from 0"),
        (
            f"{CONTENDERS}'value-*' = -1\n",
            "changed file cannot be used: tool.callcost.thresholds: 'value-*",
        ),
        (f"{CONTENDERS}'value-*' = nan\n", "'value-*' is nan, not a number of percent from 0 to"),
        (f"{CONTENDERS}value.toy = 3\n", "'value' is {'toy': 3}, not a number of percent from 0"),
        (
            "[[tool.callcost.contender]]\nworkload='x'\ncall='1'\n[tool.callcost]\nthresholds=5",
            "tool.callcost.thresholds is not a table",
        ),
    ],
)
def test_malformed_tables_are_named(project: Path, text: str, said: str) -> None:
    path = project / "pyproject.toml"
    path.write_text(path.read_text().replace(CONTENDERS, text))
    done = run("main", ".", *FAR)
    assert done.exit_code == 2
    assert said in flat(done)


def test_outside_a_project_a_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    done = run("main", ".")
    assert done.exit_code == 2
    assert "No pyproject.toml in / or any parent folder." in flat(done)


def test_an_internal_error_does_not_exit_with_1(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(measure, "measure", fail)
    done = run("main", ".", *FAR)
    assert done.exit_code == 2
    assert "callcost failed: RuntimeError('a bug')" in done.output


def test_an_interrupt_does_not_exit_with_1(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(measure, "measure", interrupt)
    done = run("main", ".", *FAR)
    assert done.exit_code == 130
    assert "Interrupted." in done.output


@pytest.mark.skipif(not Path("/proc").exists(), reason="SIGIO at the end of a pipe is Linux's")
@pytest.mark.parametrize("after", ["checking", "quartet 3"])
def test_a_kill_while_measuring_leaves_no_process(
    project: Path, after: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (project / "toy.py").write_text(SLOW)
    environments.build_all([parse(text, project) for text in ("main", ".")], project, print)
    monkeypatch.setenv(MARK, str(tmp_path))
    script = (
        "import callcost.console.progress, contextlib, sys\n"
        "@contextlib.contextmanager\n"
        "def shown(stream, title):\n"
        "    yield lambda state: print(state.what, flush=True)\n"
        "callcost.console.progress.shown = shown\n"
        "from callcost.cli import main\n"
        "main()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, "compare", "main", ".", *FAR[:3], "20", "--no-instructions"],
        stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            if after in line:
                break
        time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
    assert wait_until(lambda: not marked_processes(tmp_path))
    assert git(project, "worktree", "list").count("\n") == 1


def test_a_record_cannot_be_compared_with_a_revision(project: Path) -> None:
    Path("run.json").write_text("{}")
    done = run("run.json", "main")
    assert done.exit_code == 2
    assert "run.json is a record of a run and main is not" in flat(done)
    done = run("run.json", "run.json")
    assert done.exit_code == 2
    assert "run.json is not a record of callcost" in flat(done)


def test_modules_on_pythonpath_do_not_replace_the_built_ones(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "toy.py").write_text("def double(n):\n    return 0\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = run("main", ".", "--workload", "double", *FAR)
    assert done.exit_code == 0, done.output
    assert "PYTHONPATH was ignored" in done.output
    assert os.environ["PYTHONPATH"] == str(tmp_path)


def test_a_row_missing_on_both_sides_is_neither_added_nor_removed(project: Path) -> None:
    with (project / "pyproject.toml").open("a") as file:
        file.write('\n[[tool.callcost.contender]]\nworkload = "new"\n')
        file.write('setup = "from toy import new"\ncall = "new()"\n')
    done = run("main", ".", *FAR, "--json", "c.json")
    assert done.exit_code == 0, done.output
    assert "On neither side: new-toy (its set-up raised ImportError" in flat(done)
    assert "Added" not in done.output and "Removed" not in done.output
    document = json.loads(Path("c.json").read_text())
    assert document["added"] == document["removed"] == {}
    assert list(document["on_neither_side"]) == ["new-toy"]


def test_a_head_that_cannot_be_imported_fails_instead_of_being_removed(project: Path) -> None:
    (project / "toy.py").write_text(f"import not_installed\n{TOY}")
    done = run("main", ".", *FAR)
    assert done.exit_code == 2
    assert "FAILED double-toy in head: setup failed" in flat(done)
    assert "Removed" not in done.output
