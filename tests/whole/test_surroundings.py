"""No test sees a variable that a developer may have set, and none can hang without a name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import surroundings
from checkout import SUPPORT

# What changes a verdict if it is passed on; as found in developers' shells and in CI.
HOSTILE = {
    "PYTHONUNBUFFERED": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONWARNINGS": "error",
    "PYTHONOPTIMIZE": "2",
    "PYTHONHASHSEED": "7",
    "PYTHONIOENCODING": "ascii",
    "PYTHONMALLOC": "debug",
    "PYTHONPATH": os.devnull,
    "PYTEST_ADDOPTS": "--strict-config",
    "GIT_DIR": os.devnull,
    "FORCE_COLOR": "1",
    "COLUMNS": "40",
    "LC_ALL": "C",
    "CFLAGS": "-Werror",
    "CALLCOST_CACHE": os.devnull,
    "XDG_CACHE_HOME": os.devnull,
    "VALGRIND_OPTS": "--error-exitcode=3",
}
LOOKS = """
import os, sys

def test_nothing_is_left():
    assert not {hostile!r} & set(os.environ)
    assert not sys.flags.optimize

def test_that_fails():
    assert False
"""


def test_what_a_developer_has_set_is_removed() -> None:
    environ = {**HOSTILE, "PATH": "/bin", "CALLCOST_SCREENSHOTS": "x", "HOME": "/"}
    surroundings.clear(environ)
    assert environ == {
        "PATH": "/bin", "CALLCOST_SCREENSHOTS": "x", "HOME": "/", "LANG": "C.UTF-8",
        **surroundings.GIT,
    }  # fmt: skip


def test_no_test_sees_what_a_developer_has_set(tmp_path: Path) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    conftest = SUPPORT.with_name("conftest.py").read_text(encoding="utf-8")
    (tmp_path / "conftest.py").write_text(conftest, encoding="utf-8")
    (tmp_path / "test_looks.py").write_text(LOOKS.format(hostile=set(HOSTILE)), encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(
        f"[pytest]\naddopts = --import-mode=importlib\npythonpath = {SUPPORT}\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "1", "-p", "no:cacheprovider", str(tmp_path)],
        env={**os.environ, **HOSTILE, "PYTHONWARNINGS": "default"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    # The assert statement that fails shows that assert statements run.
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr


def test_every_test_has_a_time_limit(request: pytest.FixtureRequest) -> None:
    pytest.importorskip("pytest_timeout", reason="pytest-timeout is not installed")
    assert request.config.getoption("timeout") > 0
