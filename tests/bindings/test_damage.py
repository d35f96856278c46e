"""A damaged mechanism folder only loses its own mechanism, by name."""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from callcost.benchmarks import conftest, suite, summary
from callcost.benchmarks.catalogue import WORKLOADS
from callcost.benchmarks.commands import list_command
from callcost.bindings import registry
from callcost.model.patterns import UnknownNameError
from callcost.paired.rows import Cell

GOOD = '"""Does nothing, for a test."""\n'


def write(name: str, text: str | bytes) -> Callable[[Path], None]:
    """Returns a function that writes a file into a folder."""

    def damage(folder: Path) -> None:
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)

    return damage


def forbid(folder: Path) -> None:
    (folder / "source.c").touch()
    (folder / "source.c").chmod(0)


def remove_all(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def rename(folder: Path) -> None:
    (folder / "__init__.py").rename(folder / "init.py")


def make_folder(folder: Path) -> None:
    (folder / "__init__.py").unlink()
    (folder / "__init__.py").mkdir()


# How to damage a good folder, and what the registry then says.
DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "syntax error": (write("__init__.py", '"""X."""\ndef f(:\n'), "a syntax error in line 2"),
    "wrong encoding": (write("__init__.py", b'"""\xff."""\n'), "__init__.py has a syntax error"),
    "unknown encoding": (write("__init__.py", "# coding: nothing\n" + GOOD), "unknown encoding"),
    "NUL bytes": (write("__init__.py", b'"""X."""\n\0'), "null bytes"),
    "no docstring": (write("__init__.py", "fibonacci = abs\n"), "has no docstring"),
    "empty file": (write("__init__.py", ""), "has no docstring"),
    "nested too deeply": (write("__init__.py", GOOD + "(" * 9999 + ")" * 9999), "__init__.py"),
    "no __init__.py": (
        rename,
        "__init__.py is missing",
    ),
    "a folder in its place": (
        make_folder,
        "__init__.py is not a file",
    ),
    "empty folder": (remove_all, "its folder is empty"),
    "a link to nothing": (
        lambda folder: (folder / "source.c").symlink_to("nowhere"),
        "source.c cannot be read: it is a link to nothing",
    ),
    "unreadable": (forbid, "source.c cannot be read: permission denied"),
    "bad build.py": (write("build.py", "EXTENSIONS = [\n"), "build.py has a syntax error"),
    "bad section": (
        write("__init__.py", '"""X.\n\nUnsupported:\nall of it\n"""\n'),
        "its section Unsupported: must begin with",
    ),
    "bad requirement": (write("build.py", "REQUIRES = some()\n"), "REQUIRES in build.py"),
}
WITHOUT_RIGHTS = pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")


@pytest.fixture
def bindings(tmp_path: Path) -> Path:
    """A folder with two good mechanisms."""
    for name in ("good_one", "toy_mode"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(GOOD)
    return tmp_path


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=WITHOUT_RIGHTS if kind == "unreadable" else ()) for kind in DAMAGES],
)
def test_a_damaged_folder_loses_its_own_mechanism(kind: str, bindings: Path) -> None:
    deed, said = DAMAGES[kind]
    deed(bindings / "toy_mode")
    assert [mechanism.name for mechanism in registry.mechanisms(bindings)] == ["good_one"]
    assert registry.damaged(bindings).keys() == {"toy_mode"}
    assert said in registry.damaged(bindings)["toy_mode"]


def test_a_folder_that_is_not_a_mechanism_is_not_damaged(bindings: Path) -> None:
    (bindings / "__pycache__").mkdir()
    (bindings / ".cache").mkdir()
    (bindings / "module.py").touch()
    (bindings / "gone_mode" / "__pycache__").mkdir(parents=True)
    (bindings / "gone_mode" / "_gone.cpython-311-x86_64-linux-gnu.so").touch()
    (bindings / "good_one" / ".#lock").symlink_to("nowhere")
    assert len(registry.mechanisms(bindings)) == 2
    assert registry.damaged(bindings) == {}


@pytest.fixture
def with_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the registry find a damaged folder besides the installed mechanisms."""
    found = {"toy_mode": "its folder is empty"}
    for module in (registry, conftest, suite):
        monkeypatch.setattr(module, "damaged", lambda *_: found)


@pytest.mark.usefixtures("with_damage")
def test_every_list_of_mechanisms_names_a_damaged_one() -> None:
    listed = CliRunner().invoke(list_command.list_all, [])
    assert "toy_mode" in listed.output and "its folder is empty" in listed.output
    refused = CliRunner().invoke(list_command.list_all, ["toy_mode"])
    assert refused.exit_code == 2
    assert "toy_mode is damaged: its folder is empty" in refused.output
    assert any("toy_mode (damaged: its" in text.plain for text in summary.not_built())
    missing = suite.here().missing
    assert missing[Cell(WORKLOADS[0].name, "toy_mode")] == "damaged: its folder is empty"


@pytest.mark.usefixtures("with_damage")
def test_a_damaged_mechanism_is_named_if_asked_for() -> None:
    chosen = {"mechanism": ["toy_*"], "workload": []}
    config = SimpleNamespace(getoption=chosen.__getitem__)
    with pytest.raises(UnknownNameError, match="toy_mode is damaged: its folder is empty"):
        conftest.pytest_collection_modifyitems(config, [])  # type: ignore[arg-type]


BUILDS = {
    "good_one": "EXTENSIONS = []",
    "exits": "import sys\nsys.exit(3)",
    "exits_at_once": "import os\nos._exit(0)",
    "crashes": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
    "raises": "raise ValueError",
    "loops": "while True: pass",
    "sleeps": "import threading\nthreading.Event().wait()",
    "prints": "print('!' * 99, flush=True)",
    "good_two": "EXTENSIONS = []",
}


def test_a_build_py_that_exits_crashes_or_never_ends_is_found(
    tmp_path: Path,
) -> None:
    pytest.importorskip("setuptools", reason="the build runs in setuptools, which is not installed")
    rehearsal = importlib.import_module("callcost.bindings._build.rehearsal")
    if not (rehearsal.ROOT / "bindings" / "_build" / "declare.py").exists():
        pytest.skip("not a checkout: nothing is built here")
    paths = []
    for name, text in BUILDS.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "build.py").write_text(text)
        paths.append(tmp_path / name / "build.py")
    asleep = [path for path in paths if path.parent.name == "sleeps"]
    awake = [path for path in paths if path not in asleep]
    found = rehearsal.unfit(awake, limit_s=300, processor_s=1)
    found |= rehearsal.unfit(asleep, limit_s=6)
    assert {path.parent.name: why for path, why in found.items()} == {
        "exits": "its build.py ends Python with exit code 3",
        "exits_at_once": "its build.py ends Python with exit code 0",
        "crashes": "its build.py crashes (SIGSEGV)",
        "loops": "its build.py does not end",
        "sleeps": "its build.py did not end within 6 s",
    }
