"""A requirement that does not reach the build is distinguished from one that does."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from toy_project import PYPROJECT, use_index, write_project

from callcost.compare import reach
from callcost.compare.code import same_code
from callcost.compare.command import compare
from callcost.compare.flow import _side
from callcost.model.contender import Contender
from callcost.paired.rows import SIDES, Cell, PairedRow, Reach
from callcost.revisions import resolution
from callcost.revisions.environments import build_all
from callcost.revisions.spec import parse

needs_compiler = pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")
BOTH = (".+tool==1.0", ".+tool==2.0")
# The compiler gets the whole path of the source, and puts it into __FILE__ and debug tables.
COMPILE = """
import subprocess, sys, tool
from pathlib import Path
source = Path("native.c").absolute()
flags = ["-g", "-O1", "-shared", "-fPIC"] + {flags}
subprocess.run(["gcc", *flags, str(source), "-o", "native.so"], check=True)
"""
NATIVE = """
#include "vendored.h"
const char *where(void) { return __FILE__ __DATE__ __TIME__; }
int version(void) { return VERSION; }
"""
CALLS_NATIVE = """
import ctypes
from pathlib import Path
version = ctypes.CDLL(str(Path(__file__).with_name("native.so"))).version
"""


@pytest.fixture(autouse=True)
def _settings(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_index(tmp_path, monkeypatch)
    monkeypatch.setenv("CALLCOST_CACHE", str(tmp_path_factory.getbasetemp() / "reached"))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    write_project(folder)
    monkeypatch.chdir(folder)
    return folder


def write_native(project: Path, flags: str) -> None:
    (project / "native.c").write_text(NATIVE)
    (project / "vendored.h").write_text("#define VERSION 3\n")
    (project / "during.py").write_text(COMPILE.format(flags=flags))
    (project / "toy.py").write_text(CALLS_NATIVE)


def found(project: Path, setup: str, call: str, specs: tuple[str, str] = BOTH) -> Reach:
    cell = Cell("work", "toy")
    contender = Contender("work-toy", setup, call)
    built = build_all([parse(text, project) for text in specs], project, print)
    sides = {name: _side(name, made) for name, made in zip(SIDES, built, strict=True)}
    return reach.find(built, sides, [PairedRow(cell, contender, contender)], print)


def test_an_unimported_requirement_does_not_reach_a_call(project: Path) -> None:
    reached = found(project, "from toy import VALUE", "abs(VALUE)")
    assert reached == Reach(("tool",), ("tool",), (Cell("work", "toy"),))


@needs_compiler
def test_bundled_headers_hide_those_of_a_requirement(project: Path) -> None:
    write_native(project, "[]")
    reached = found(project, "from toy import version", "version()")
    assert reached.same == (Cell("work", "toy"),)


@needs_compiler
def test_a_compiled_in_requirement_reaches_a_call(project: Path) -> None:
    write_native(project, "(['-DVERSION_OF_TOOL=1'] if tool.VERSION == '1.0' else ['-O3'])")
    reached = found(project, "from toy import version", "version()")
    assert reached == Reach(("tool",), ("tool",))


@pytest.mark.parametrize(
    "setup",
    [
        "import tool",
        # Asks only for its version, and so reads one of its files.
        "from importlib.metadata import version; version('tool')",
        # Reads it as data.
        "import toy, pathlib; pathlib.Path(toy.__file__).with_name('tool.py').read_text()",
        # Written during the build.
        "import toy_built_with",
        # Imported by the call, not earlier.
        "def call():\n    import tool",
    ],
)
def test_a_requirement_used_at_run_time_reaches_a_call(project: Path, setup: str) -> None:
    call = "call()" if "def call" in setup else "abs(1)"
    assert found(project, setup, call) == Reach(("tool",), ("tool",))


def test_a_requirement_that_is_only_searched_for_reaches_a_call(project: Path) -> None:
    setup = "import importlib.util; found = importlib.util.find_spec('helper') is not None"
    specs = ("main+tool==1.0", "main+helper,tool==1.0")
    assert found(project, setup, "abs(found)", specs) == Reach(("helper",), ("helper",))
    assert found(project, "import toy", "abs(1)", specs).same


@pytest.mark.parametrize(
    ("setup", "why"),
    [
        ("import os; os.system('true')", "it starts another program"),
        ("import subprocess; subprocess.run(['true'])", "it starts another program"),
        ("import os; pid = os.fork(); pid or os._exit(0)", "it forks"),
        ("1 / 0", "it fails: its set-up raised ZeroDivisionError"),
        ("import os; os._exit(3)", "its process died"),
    ],
)
def test_unseen_code_does_not_count_as_the_same(project: Path, setup: str, why: str) -> None:
    reached = found(project, setup, "abs(1)")
    assert not reached.same
    assert reached.unknown[Cell("work", "toy")].startswith(why)


def test_the_project_itself_is_not_a_requirement(project: Path) -> None:
    text = (project / "backend.py").read_text().replace("toy-1", "toy-2")
    (project / "backend.py").write_text(
        text.replace("Name: toy\\nVersion: 1", "Name: toy\\nVersion: 2")
    )
    old, new = build_all([parse(text, project) for text in ("main", ".")], project, print)
    assert (old.versions["toy"], new.versions["toy"]) == ("1", "2")
    assert reach.differing(old, new) == ()


def test_equal_sides_are_not_surveyed(project: Path) -> None:
    for specs in (("main", "."), (".+tool==2.0", "main"), (".+tool==2", ".+Tool==2.0")):
        assert found(project, "import toy", "abs(1)", specs) == Reach()


CONTENDERS = """
[[tool.callcost.contender]]
workload = "value"
setup = "from toy import VALUE as value"
call = "abs(value)"
"""


def test_an_unreached_requirement_leaves_the_comparison_undecided(project: Path) -> None:
    with (project / "pyproject.toml").open("a") as file:
        file.write(CONTENDERS)
    reports = ("--json", "c.json", "--markdown", "c.md", "--junit", "c.xml")
    done = CliRunner().invoke(compare, [*BOTH, *reports])
    said = " ".join(done.output.split())
    assert done.exit_code == 3, done.output
    assert "tool is 1.0 in base, 2.0 in head." in said
    assert "tool does not reach the build of value-toy: both sides run the same" in said
    assert "Could not be decided: tool does not reach the build" in said
    assert "Nothing is slower" not in said
    document = json.loads(Path("c.json").read_text())
    assert document["exit_code"] == 3
    assert document["rows"] == []
    assert document["requirements"]["do_not_reach"] == ["value-toy"]
    comment = Path("c.md").read_text()
    assert "### ⚠️ Could not be decided: both sides run the same code." in comment
    assert "tool does not reach the build of value-toy" in " ".join(comment.split())
    assert "not reached" in Path("c.xml").read_text()


def test_a_requirement_no_spec_names_does_not_block_a_pass(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The project itself requires an older version for its build.
    text = PYPROJECT.format(dependencies="[]") + CONTENDERS
    (project / "pyproject.toml").write_text(text.replace('["tool"]', '["tool<2"]'))
    monkeypatch.setattr(resolution.Resolver, "_common", lambda *_: [])
    done = CliRunner().invoke(compare, ["main", "."])
    said = " ".join(done.output.split())
    assert "tool is 2.0 in base, 1.0 in head" in said
    assert "Nothing is slower: both sides run the same code in 1 row." in said
    assert done.exit_code == 0, done.output


@needs_compiler
def test_builds_in_different_folders_count_as_the_same_code(tmp_path: Path) -> None:
    """Only the length of a folder's name may change the layout."""

    def build(folder: str, *flags: str) -> Path:
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        (place / "native.c").write_text(NATIVE.replace(" __DATE__ __TIME__", ""))
        (place / "vendored.h").write_text("#define VERSION 3\n")
        made = place / f"native{len(flags)}.so"
        command = ["gcc", "-g", "-shared", "-fPIC", *flags, str(place / "native.c")]
        subprocess.run([*command, "-Wl,--build-id", "-o", str(made)], check=True)
        return made

    def same(one: Path, other: Path) -> bool:
        return same_code(one, other, [[str(path.parent)] for path in (one, other)])

    first, second = build("build-1"), build("build-2")
    assert first.read_bytes() != second.read_bytes()
    assert same(first, second)
    assert not same(first, build("build-2", "-O2"))
    assert not same(first, build("build-2", "-O0", "-DVERSION_OF_IT=1", "-fno-plt", "-Os"))
    assert not same_code(first, second, [[], []])
    (tmp_path / "a.py").write_text(f"HERE = '{tmp_path}/build-1'\n")
    (tmp_path / "b.py").write_text(f"HERE = '{tmp_path}/build-2'\n")
    folders = [[f"{tmp_path}/build-1"], [f"{tmp_path}/build-2"]]
    assert same_code(tmp_path / "a.py", tmp_path / "b.py", folders)
    assert not same_code(tmp_path / "a.py", tmp_path / "b.py", [[], []])
