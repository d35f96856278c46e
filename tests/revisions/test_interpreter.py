"""Interpreters are found by the names that uv and tox use; one sentence says which are missing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from callcost.revisions import interpreter
from callcost.revisions.errors import SpecError
from callcost.revisions.interpreter import find, find_all, locate

# Runs what it is given, and pretends to be another interpreter.
PRETENDER = """#!{python} -I
import collections, platform, runpy, sys, sysconfig
sys.executable = sys._base_executable = __file__
sys.prefix = sys.base_prefix
kind = collections.namedtuple("kind", "major minor micro releaselevel serial")
sys.version_info = kind{version}
sysconfig.get_config_vars()["Py_GIL_DISABLED"] = {free_threaded}
platform.python_implementation = lambda: {implementation!r}
sys.pypy_version_info = kind(7, 3, 20, "final", 0)
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Returns the function that puts a pretender into a folder of a machine that has no others."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))

    def put(
        place: str,
        *version: int,
        stage: tuple[str, int] = ("final", 0),
        implementation: str = "CPython",
        free_threaded: bool = False,
    ) -> Path:
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            PRETENDER.format(
                python=sys.executable,
                version=(*version, *stage),
                implementation=implementation,
                free_threaded=int(free_threaded),
            )
        )
        path.chmod(0o755)
        return path

    return put


def refused(*names: str, oldest: tuple[int, ...] = (3, 9)) -> str:
    """Returns the sentence about interpreters that cannot be used."""
    with pytest.raises(SpecError) as caught:
        find_all(names, oldest)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("free_threaded", [False, True])
def test_a_name_without_the_flag_never_finds_a_free_threaded_build(
    install: Install, free_threaded: bool
) -> None:
    # Under the plain name, as a build of its own has it.
    path = install("bin/python3.88", 3, 88, 0, free_threaded=free_threaded)
    there, missing = ("3.88t", "3.88") if free_threaded else ("3.88", "3.88t")
    assert locate(there).executable == str(path)
    assert f"Cannot find the interpreter {missing} on PATH" in refused(missing)


@pytest.mark.parametrize("name", ["3.88", "python3.88", "py388", "cpython3.88", "3.88.1"])
def test_another_minor_version_is_never_taken(install: Install, name: str) -> None:
    install("bin/python3", 3, 87, 1)
    # It says so in its file's name, and is not.
    install("bin/python3.88", 3, 87, 0)
    assert f"Cannot find the interpreter {name} " in refused(name)
    right = install("pyenv/versions/3.88.1/bin/python3.88", 3, 88, 1)
    assert locate(name).executable == str(right)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("3.88", "bin/python3.88"),
        ("3.88", "pyenv/versions/3.88.0/bin/python3.88"),
        ("3.88", "uv/cpython-3.88.0-linux-x86_64-gnu/bin/python"),
        ("3.88t", "bin/python3.88t"),
        ("3.88t", "pyenv/versions/3.88.0t/bin/python3.88"),
        ("3.88t", "uv/cpython-3.88.0+freethreaded-linux-x86_64-gnu/bin/python"),
        ("pypy3", "bin/pypy3"),
        ("pypy3.88", "bin/pypy3.88"),
        ("pypy3.88", "bin/pypy3"),
        ("pypy3.88", "pyenv/versions/pypy3.88-7.3.20/bin/pypy3.88"),
        ("pypy3.88", "uv/pypy-3.88.0-linux-x86_64-gnu/bin/pypy3.88"),
    ],
)
def test_path_pyenv_and_uvs_folder_are_searched(install: Install, name: str, place: str) -> None:
    kind = "PyPy" if "pypy" in name else "CPython"
    path = install(place, 3, 88, 0, implementation=kind, free_threaded=name.endswith("t"))
    assert locate(name).executable == str(path)


def test_a_path_may_be_relative_or_in_the_users_folder(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = install("own/mine", 3, 88, 0)
    monkeypatch.chdir(tmp_path / "bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("../own/mine", "~/own/mine", str(path)):
        assert locate(name).executable == str(path)
    assert refused("~/own/gone") == f"Cannot find the interpreter {tmp_path}/own/gone"
    assert refused("~nobody-here/mine").startswith("Cannot find the interpreter ")
    assert refused("../own") == f"{tmp_path}/bin/../own is a folder: name the interpreter in it"


def test_what_names_no_interpreter_is_refused() -> None:
    for name in ("", "  "):
        assert refused(name).startswith("An interpreter's name is empty: give a version (3.15")
    assert refused(">=").startswith(">= does not name an interpreter: give a version (3.15")


def test_one_sentence_names_all_that_are_missing_and_what_is_there(install: Install) -> None:
    path = install("bin/python3.87", 3, 87, 0)
    path.with_name("python3").symlink_to(path)
    install("bin/python3.88", 3, 88, 0, stage=("candidate", 2))
    install("bin/python3.88t", 3, 88, 0, stage=("candidate", 2), free_threaded=True)
    install("pyenv/versions/3.5.0/bin/python3.5", 3, 5, 0)
    install("bin/pypy3", 3, 87, 3, implementation="PyPy")
    names = ("3.98", "3.87", "3.99t", "py398", "pypy3.98", "no-such-python")
    said = refused(*names, "3.98")
    assert said.startswith(
        "Cannot find the interpreters 3.98, 3.99t, py398, pypy3.98 and no-such-python on PATH, in "
        "pyenv or in uv. Found: 3.88.0rc2t, 3.88.0rc2, 3.87.0, "
    )
    # What runs the tests is there too.
    assert said.endswith(
        ", pypy 3.87.3. Install them (`uv python install 3.98 3.99t pypy3.98`), or pass paths."
    )
    assert "3.5" not in said
    assert refused("no-such-python").endswith(" Install it, or pass a path.")


def test_what_is_too_old_is_named_with_what_is_missing(install: Install) -> None:
    install("bin/pypy3", 3, 60, 16, implementation="PyPy")
    install("bin/python3.61", 3, 61, 0)
    install("bin/python3.88", 3, 88, 0)
    said = refused("pypy3", "3.61", "3.99", oldest=(3, 70))
    assert said == (
        "pypy3 is PyPy 3.60.16, but Python 3.70 or later is needed: name another (`uv python "
        "install pypy3.70`); 3.61 is CPython 3.61.0, but Python 3.70 or later is needed: name "
        "another (`uv python install 3.70`); Cannot find the interpreter 3.99 on PATH, in pyenv "
        "or in uv. Found: 3.88.0. Install it (`uv python install 3.99`), or pass a path."
    )


def test_the_same_interpreter_may_be_named_twice() -> None:
    found = find_all([sys.executable, None, sys.executable])
    assert list(found) == [sys.executable, None]
    assert found[sys.executable] == found[None] == find(None)


@pytest.mark.parametrize("name", ["3.12", "3.13", "3.14", "3.15", "3.14t", "3.15t", "pypy3"])
def test_a_real_interpreter_is_the_one_that_was_named(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only the message about a missing one needs them all, which is slow.
    monkeypatch.setattr(interpreter, "iter_interpreters", lambda *_, **__: ())
    try:
        found = find(name)
    except SpecError as error:
        pytest.skip(str(error))
    facts = found.facts
    assert facts["implementation"] == ("pypy" if name.startswith("pypy") else "cpython")
    assert ("t" in facts["abi_flags"]) == name.endswith("t")
    assert facts["python_version"].startswith(f"{name.removeprefix('pypy').rstrip('t')}.")
    assert os.access(found.executable, os.X_OK)
