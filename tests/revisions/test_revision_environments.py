"""Environments of revisions: content, reuse, and cleaning up."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import processes
import psutil
import pytest
from click.testing import CliRunner
from toy_project import PYPROJECT, everything, git, imported, use_index, write_project, write_sdist

from callcost.commands.clean_command import clean
from callcost.errors import CallcostError
from callcost.revisions.cache import Lock, location
from callcost.revisions.environments import Built, Recipe, build_all
from callcost.revisions.errors import BuildError, SpecError
from callcost.revisions.spec import parse

CALLER = """
import sys
from pathlib import Path
from callcost.revisions.environments import build_all
from callcost.revisions.spec import parse
project = Path(sys.argv[1])
build_all([parse(text, project) for text in sys.argv[2:]], project, print)
"""
PATIENCE_S = 60.0
SLEEPS = """
import subprocess, sys
from pathlib import Path
Path({mark!r}).touch()
# One is in its own session, as with some build tools.
sleep = [sys.executable, "-c", "import time; time.sleep(600)", {mark!r}]
subprocess.Popen(sleep, start_new_session=True)
subprocess.run(sleep)
"""

OLD_SETUP = """
from setuptools import Extension, setup
setup(name="toy", version="1", ext_modules=[Extension("toy", ["toy.c"])])
"""
C_MODULE = """
#include <Python.h>
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "toy", NULL, -1, NULL};
PyMODINIT_FUNC PyInit_toy(void) { return PyModule_Create(&definition); }
"""


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache, and an index with only the tools made here."""
    use_index(tmp_path, monkeypatch)
    monkeypatch.setenv("CALLCOST_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "a project"
    write_project(folder)
    return folder


def built(project: Path, *texts: str, report: Callable[[str], None] = print) -> list[Built]:
    return build_all([parse(text, project) for text in texts], project, report)


def wait_until(true: Callable[[], object], what: str) -> None:
    assert processes.wait_until(true, PATIENCE_S), f"waited in vain until {what}"


def gone(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def sleepers(mark: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if (process.info["cmdline"] or [""])[-1] == str(mark)
    ]


@pytest.fixture
def mark(tmp_path: Path) -> Iterator[Path]:
    """A file made by a build; two processes that the build waits for have its path as argument."""
    yield tmp_path / "building"
    for process in sleepers(tmp_path / "building"):
        process.kill()


def assert_nothing_left(project: Path) -> None:
    cache = location()
    assert git(project, "worktree", "list").count("\n") == 1
    assert not (project / ".git" / "worktrees").exists() or not list(
        (project / ".git" / "worktrees").iterdir()
    )
    assert cache.stagings() == []
    assert [entry for entry in cache.entries() if entry.folder.exists() and not entry.read()] == []


def test_comparing_a_dirty_tree_leaves_the_repository_unchanged(project: Path) -> None:
    # Same length, same second: only the index's time shows the change.
    (project / "toy.py").write_text("VALUE = 2\n")
    (project / "new.txt").write_text("not added\n")
    (project / "ignored.txt").write_text("ignored\n")
    hook = project / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch hook-ran\n")
    hook.chmod(0o755)
    before = everything(project)
    old, new = built(project, "main", ".")
    assert everything(project) == before
    assert_nothing_left(project)
    short = git(project, "rev-parse", "HEAD")[:7]
    assert old.source == f"main ({short})"
    assert new.source == f"the working tree on {short}, with 2 changed files"
    assert (imported(old.python, "toy.VALUE"), imported(new.python, "toy.VALUE")) == ("1", "2")
    assert old.tree == git(project, "rev-parse", "HEAD^{tree}").strip()
    files = git(project, "ls-tree", "-r", "--name-only", new.tree)
    assert "new.txt" in files
    assert "ignored.txt" not in files
    assert old.versions == {"toy": "1", "tool": "2.0"}
    assert old.interpreter["implementation"] == sys.implementation.name
    assert (old.site / "toy.py").read_text() == "VALUE = 1\n"
    assert any("without its 2 changed files" in note for note in old.notes)
    assert (old.reused, new.reused) == (False, False)


def test_only_changed_environments_are_built_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean_tree, main = built(project, ".", "main")
    assert clean_tree.key == main.key, "an unchanged working tree is what it is on"
    assert clean_tree.source.endswith(", unchanged")
    (again,) = built(project, "HEAD")
    assert again.reused
    assert again.key == main.key
    (older,) = built(project, "main+tool==1.0")
    assert not older.reused
    assert older.versions["tool"] == "1.0"
    assert imported(older.python, "toy_built_with.TOOL") == "1.0"
    assert imported(main.python, "toy_built_with.TOOL") == "2.0"
    monkeypatch.setenv("CFLAGS", "-O0")
    (flags,) = built(project, "main")
    assert (flags.reused, flags.key != main.key) == (False, True)


def test_equal_sides_are_built_once(project: Path) -> None:
    git(project, "tag", "v1")
    commit = git(project, "rev-parse", "HEAD").strip()
    lines: list[str] = []
    texts = (".+tool==1", "v1+Tool==1.0", f"{commit}+TOOL==1.0.0", "main+tool<2")
    found = built(project, *texts, report=lines.append)
    assert len({side.key for side in found}) == 1
    assert sum("compiling and installing" in line for line in lines) == 1


def test_an_unreachable_index_is_named(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text("index-url = 'http://127.0.0.1:1/simple'\n")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(BuildError) as caught:
        built(project, "main")
    assert "requirements of main" in str(caught.value)
    assert "Failed to fetch: http://127.0.0.1:1/simple/tool/" in str(caught.value)
    assert "UV_OFFLINE=1" in str(caught.value)


def test_both_sides_get_the_same_versions_except_named_ones(tmp_path: Path) -> None:
    project = tmp_path / "needy"
    write_project(project)
    text = PYPROJECT.format(dependencies='["helper"]')
    (project / "pyproject.toml").write_text(text)
    # Alone, main would get the newer tool.
    main, tree = built(project, "main", ".")
    assert main.versions == {"toy": "1", "tool": "1.0"}
    assert tree.versions == {"toy": "1", "tool": "1.0", "helper": "1.0"}
    older, newer = built(project, "main+tool==1.0", "main+tool==2.0")
    assert (older.versions["tool"], newer.versions["tool"]) == ("1.0", "2.0")


def test_a_contradiction_is_explained_by_the_resolver(tmp_path: Path) -> None:
    project = tmp_path / "needy"
    write_project(project, '["helper"]')
    with pytest.raises(SpecError, match=r"tool==2\.0 cannot be met: Because "):
        built(project, "main", "main+tool==2.0")
    unknown = "no-such-tool cannot be met: Because no-such-tool was not found"
    with pytest.raises(SpecError, match=unknown):
        built(project, "main+no-such-tool")
    assert_nothing_left(project)


def test_a_failing_build_shows_its_log_and_cancels_the_other(project: Path) -> None:
    (project / "during.py").write_text("raise SystemExit('\\n'.join(map(str, range(99))))\n")
    with pytest.raises(BuildError) as caught:
        built(project, "main+tool==1.0", ".")
    assert str(caught.value).startswith("the working tree on ")
    assert " does not build: " in str(caught.value)
    assert 0 < len(caught.value.log_tail) <= 15
    log = Path(str(caught.value).rpartition("the whole log is ")[2])
    assert "98" in log.read_text().split()
    assert_nothing_left(project)
    (project / "during.py").unlink()
    assert imported(built(project, ".")[0].python, "toy.VALUE") == "1"


DECLARED = """
[dependency-groups]
run = ["helper"]

[tool.callcost.compare]
variables = { CHOICE = "some" }
groups = ["run"]
"""


def test_a_project_can_declare_build_variables_and_dependency_groups(project: Path) -> None:
    file = project / "pyproject.toml"
    text = file.read_text().replace("dependencies = []", 'dynamic = ["dependencies"]')
    file.write_text(text + DECLARED)
    (project / "during.py").write_text("import os\nassert os.environ['CHOICE'] == 'some'\n")
    (found,) = built(project, ".")
    # The group's requirement is installed, although the toy's wheel does not name it.
    assert imported(found.python, "__import__('helper').VERSION") == "1.0"
    file.write_text(text + DECLARED.replace("run =", "other ="))
    with pytest.raises(SpecError, match=r"data for 'run' was malformed"):
        built(project, ".")


def test_only_the_sources_that_a_build_uses_make_another_environment(project: Path) -> None:
    file = project / "pyproject.toml"
    file.write_text(
        f"{file.read_text()}\n[tool.callcost.other]\n"
        'sources = ["toy.py", "backend.py", "pyproject.toml"]\n'
    )

    def key(table: str) -> str:
        (found,) = build_all([parse(".", project)], project, print, recipe=Recipe(table=table))
        return found.key

    before = {table: key(table) for table in ("compare", "other")}
    (project / "notes.txt").write_text("nothing that is built\n")
    assert key("compare") != before["compare"] and key("other") == before["other"]
    (project / "toy.py").write_text("VALUE = 3\n")
    assert key("other") != before["other"]
    # Without a table of its own, compare's holds.
    assert key("third") == key("compare")
    file.write_text(file.read_text().replace('"toy.py", ', "1, "))
    with pytest.raises(SpecError, match="sources is not a list of strings"):
        key("other")


@pytest.mark.parametrize(("lenient", "versions"), [(True, {"tool": "2.0"}), (False, None)])
def test_a_requirement_that_no_interpreter_can_have_is_left_out_if_that_is_allowed(
    project: Path, lenient: bool, versions: dict[str, str] | None
) -> None:
    file = project / "pyproject.toml"
    text = file.read_text().replace("dependencies = []", 'dynamic = ["dependencies"]')
    file.write_text(text + DECLARED.replace('["helper"]', '["helper", "absent>=3"]'))
    if versions is None:
        with pytest.raises(SpecError, match="absent"):
            build_all([parse(".", project)], project, print, recipe=Recipe(lenient=lenient))
        return
    (found,) = build_all([parse(".", project)], project, print, recipe=Recipe(lenient=lenient))
    assert list(found.left_out) == ["absent"] and "absent" in found.left_out["absent"]
    assert imported(found.python, "__import__('helper').VERSION") == "1.0"


def test_what_the_build_itself_requires_is_never_left_out(project: Path) -> None:
    file = project / "pyproject.toml"
    file.write_text(
        file.read_text().replace('requires = ["tool"]', 'requires = ["absent", "tool"]')
    )
    with pytest.raises(SpecError, match=r"requirements of .* cannot be met: .*absent"):
        build_all([parse(".", project)], project, print, recipe=Recipe(lenient=True))


@pytest.mark.parametrize("lenient", [True, False])
def test_a_requirement_that_cannot_be_installed_is_left_out_if_that_is_allowed(
    project: Path, lenient: bool
) -> None:
    # Its metadata are known, so only building it shows what is wrong.
    write_sdist(project.parent / "index", "broken", "raise SystemExit('not on this Python')")
    file = project / "pyproject.toml"
    text = file.read_text().replace("dependencies = []", 'dynamic = ["dependencies"]')
    file.write_text(text + DECLARED.replace('["helper"]', '["broken", "helper"]'))
    recipe = Recipe(lenient=lenient)
    if not lenient:
        with pytest.raises(BuildError, match="not on this Python"):
            build_all([parse(".", project)], project, print, recipe=recipe)
        return
    (found,) = build_all([parse(".", project)], project, print, recipe=recipe)
    assert list(found.left_out) == ["broken"]
    assert "not on this Python" in found.left_out["broken"]
    assert imported(found.python, "__import__('helper').VERSION") == "1.0"
    # The same reason when it is found again.
    (again,) = build_all([parse(".", project)], project, print, recipe=recipe)
    assert again.reused and again.left_out == found.left_out


@pytest.mark.parametrize(
    ("number", "victim"),
    [(signal.SIGKILL, "caller"), (signal.SIGINT, "caller"), (signal.SIGKILL, "supervisor")],
)
def test_a_kill_during_a_build_leaves_nothing(
    project: Path, mark: Path, number: signal.Signals, victim: str
) -> None:
    (project / "during.py").write_text(SLEEPS.format(mark=str(mark)))
    before = everything(project)
    # SIGINT may arrive ignored, as in a shell's background.
    restore = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    caller = subprocess.Popen(
        [sys.executable, "-c", restore + CALLER, str(project), "."],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    wait_until(mark.exists, "the build has begun")
    wait_until(lambda: len(sleepers(mark)) == 2, "its processes run")
    struck = psutil.Process(caller.pid)
    if victim == "supervisor":
        (struck,) = struck.children()
    struck.send_signal(number)
    _, said = caller.communicate(timeout=PATIENCE_S)
    assert caller.returncode != 0
    if victim == "supervisor":
        assert b"its supervisor died of SIGKILL" in said
    wait_until(lambda: not sleepers(mark), "no process is left")
    wait_until(lambda: not location().stagings(), "the supervisor has cleaned up")
    assert everything(project) == before
    assert_nothing_left(project)
    (project / "during.py").unlink()
    assert not built(project, ".")[0].reused


def test_the_next_run_repairs_what_two_kills_left(project: Path, mark: Path) -> None:
    (project / "during.py").write_text(SLEEPS.format(mark=str(mark)))
    caller = subprocess.Popen(
        [sys.executable, "-c", CALLER, str(project), "."], stdout=subprocess.DEVNULL
    )
    wait_until(lambda: len(sleepers(mark)) == 2, "its processes run")
    (supervisor,) = psutil.Process(caller.pid).children()
    caller.send_signal(signal.SIGSTOP)
    supervisor.kill()
    caller.kill()
    caller.wait()
    # A zombie has closed its files, and with them its locks.
    wait_until(lambda: gone(supervisor), "the supervisor is dead")
    assert git(project, "worktree", "list").count("\n") == 2
    assert sleepers(mark)
    shown = CliRunner().invoke(clean, ["--dry-run"])
    assert "would remove what a killed build has left" in shown.output
    assert sleepers(mark)
    (project / "during.py").unlink()
    built(project, "main")
    assert not sleepers(mark)
    assert_nothing_left(project)


def test_a_half_built_environment_is_discarded(project: Path) -> None:
    (first,) = built(project, "main")
    first.lock.close()
    entry = location().entry(first.key)
    entry.facts_file.unlink()
    (entry.folder / "rubble").touch()
    (again,) = built(project, "main")
    assert (again.reused, again.key) == (False, first.key)
    assert not (entry.folder / "rubble").exists()


def test_two_concurrent_comparisons_build_once(project: Path) -> None:
    (project / "during.py").write_text("import time; time.sleep(1)\n")
    found: list[Built] = []
    lines: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.extend(built(project, ".", report=lines.append)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each.key for each in found}) == 1
    assert sorted(each.reused for each in found) == [False, True]
    assert sum("checking out" in line for line in lines) == 1
    assert any(line.startswith("waiting for another comparison") for line in lines)


def test_clean_keeps_environments_in_use_or_recent(project: Path) -> None:
    (used,) = built(project, "main")
    in_use = Lock.attempt(location().entry(used.key).lock_file, shared=True)
    assert in_use is not None, "another comparison may use it too"
    with in_use:
        (old,) = built(project, "main+tool==1.0")
        used.lock.close()
        old.lock.close()
        shown = CliRunner().invoke(clean, ["--dry-run"])
        assert f"would remove the environment of {old.source}" in shown.output
        assert Path(old.python).exists()
        assert "nothing to remove" in CliRunner().invoke(clean, ["--older-than", "1"]).output
        os.utime(location().entry(old.key).lock_file, (0, 0))
        CliRunner().invoke(clean, ["--older-than", "1"])
        assert not location().entry(old.key).folder.exists()
        done = CliRunner().invoke(clean)
        assert f"kept the environment of {used.source}" in done.output
        assert Path(used.python).exists()
    done = CliRunner().invoke(clean)
    assert done.exit_code == 0
    assert "freed " in done.output
    assert not Path(used.python).exists()
    assert location().entries() == []


def test_a_project_can_be_in_a_subfolder_of_its_repository(tmp_path: Path) -> None:
    write_project(tmp_path / "outer" / "inner")
    shutil.rmtree(tmp_path / "outer" / "inner" / ".git")
    git(tmp_path / "outer", "init", "--quiet", "--initial-branch=main")
    git(tmp_path / "outer", "add", ".")
    git(tmp_path / "outer", "commit", "--quiet", "-m", "one")
    (made,) = built(tmp_path / "outer" / "inner", "main")
    assert imported(made.python, "toy.VALUE") == "1"
    with pytest.raises(SpecError, match=r"has neither pyproject.toml nor setup.py"):
        built(tmp_path / "outer", "main")


def test_a_shallow_clone_gets_a_remedy(project: Path, tmp_path: Path) -> None:
    git(project, "commit", "--quiet", "--allow-empty", "-m", "two")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{project}", "shallow")
    with pytest.raises(SpecError, match=r"HEAD~1 .*shallow clone: fetch the whole history"):
        built(tmp_path / "shallow", "HEAD~1")


def test_a_remote_branch_is_suggested(project: Path, tmp_path: Path) -> None:
    git(project, "branch", "other")
    git(tmp_path, "clone", "--quiet", str(project), "clone")
    with pytest.raises(SpecError, match="did you mean origin/other"):
        built(tmp_path / "clone", "other")


def test_an_unmerged_tree_is_refused(project: Path) -> None:
    git(project, "branch", "other")
    (project / "toy.py").write_text("VALUE = 2\n")
    git(project, "commit", "--quiet", "-a", "-m", "ours")
    git(project, "switch", "--quiet", "other")
    (project / "toy.py").write_text("VALUE = 3\n")
    git(project, "commit", "--quiet", "-a", "-m", "theirs")
    with pytest.raises(subprocess.CalledProcessError):
        git(project, "merge", "main")
    with pytest.raises(SpecError, match=r"in the middle of a merge \(toy.py is unmerged\)"):
        built(project, ".")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gone", "git does not know the revision gone in "),
        ("main@9.99", "Cannot find the interpreter 9.99 on PATH"),
        ("main@/no/such/python", "Cannot find the interpreter /no/such/python"),
        ("main@/bin/cat", "/bin/cat"),
    ],
)
def test_missing_things_are_named(project: Path, text: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        built(project, text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("pyproject", "said"),
    [
        ("[build-system", "the pyproject.toml of main "),
        ("[build-system]\nrequires = ['==']", "the pyproject.toml of main "),
        ("[build-system]\nrequires = 'tool'", "requires is not a list"),
        ("[tool.callcost.compare]\nfrom-source = 'tool'", "from-source is not a list"),
        ("[tool.callcost.compare]\nfrom-source = ['a tool']", "cannot be used: "),
        ("[tool.callcost.compare]\nfrom-sources = []", "has from-sources. Known keys: from-source"),
        ("[project]\nname = 'x'\nrequires-python = '>=99'", " requires Python >=99, not "),
    ],
)
def test_a_bad_pyproject_is_named(project: Path, pyproject: str, said: str) -> None:
    (project / "pyproject.toml").write_text(pyproject)
    git(project, "commit", "--quiet", "-a", "-m", "bad")
    with pytest.raises(SpecError) as caught:
        built(project, "main")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_repository_or_cache_is_named(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SpecError, match="is not in a git repository"):
        built(tmp_path / "empty", ".")
    monkeypatch.setenv("CALLCOST_CACHE", str(project / "toy.py"))
    with pytest.raises(CallcostError, match=r"toy.py must be a folder"):
        built(project, ".")
    monkeypatch.setenv("CALLCOST_CACHE", "/proc/callcost")
    with pytest.raises(CallcostError, match=r"cannot be written .*: set CALLCOST_CACHE"):
        built(project, ".")


def test_a_pyproject_that_only_measures_needs_neither_git_nor_a_build(tmp_path: Path) -> None:
    folder = tmp_path / "only measures"
    folder.mkdir()
    pyproject = folder / "pyproject.toml"
    pyproject.write_text("[tool.callcost]\n")
    old, new = built(folder, ".+tool==1.0", ".+tool==2.0")
    assert (old.versions, new.versions) == ({"tool": "1.0"}, {"tool": "2.0"})
    assert old.source == "the folder only measures"
    pyproject.write_text("[tool.callcost]\n# What is measured has changed.\n")
    assert built(folder, ".+tool==1.0")[0].key == old.key
    git(folder, "init", "--quiet")
    assert built(folder, ".+tool==1.0")[0].key == old.key
    shutil.rmtree(folder / ".git")
    with pytest.raises(SpecError, match=r"only measures is not in a git .* but not main"):
        built(folder, "main")
    pyproject.write_text("[project]\nname = 'x'\nversion = '1'\n")
    with pytest.raises(SpecError, match=r"not in a git repository: use a clone"):
        built(folder, ".")


def test_git_variables_are_ignored(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a hook of another repository.
    write_project(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "other" / ".git" / "index"))
    specs = [parse(".", project)]
    (project / "toy.py").write_text("VALUE = 5\n")
    (made,) = build_all(specs, project, print)
    assert imported(made.python, "toy.VALUE") == "5"


def test_an_extension_without_pyproject_uses_the_requested_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # From the real index: no package made for a test is old enough for a setup.py.
    monkeypatch.delenv("UV_CONFIG_FILE")
    project = tmp_path / "old"
    project.mkdir()
    (project / "setup.py").write_text(OLD_SETUP)
    (project / "toy.c").write_text(C_MODULE)
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "-m", "one")
    (made,) = built(project, "main+setuptools==69.5.1")
    assert made.versions["setuptools"] == "69.5.1"
    done = subprocess.run(
        [made.python, "-I", "-c", "import toy; print(toy.__file__)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(str(made.site))
    assert any("only known after its build" in note for note in made.notes)
