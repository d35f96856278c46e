"""A record describes the running interpreter, with "unknown" for what cannot be found out."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from callcost.run import interpreter_build
from callcost.run.interpreter_build import UNKNOWN

DEBIAN = {
    # Debian's sysconfig describes its other build, with a shared library.
    "CONFIG_ARGS": "'--enable-shared' '--enable-experimental-jit=yes-off'",
    "Py_ENABLE_SHARED": 1,
    "PY_CORE_CFLAGS": "-O2",
    "CFLAGS": "-O2 -Wall",
}


def configured(monkeypatch: pytest.MonkeyPatch, values: dict[str, Any]) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", values.get)


def test_the_loader_tells_where_the_interpreters_functions_are() -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux lists the mapped files")
    mapped = {Path(each.path).name for each in psutil.Process().memory_maps()}
    there = any(name.startswith("libpython") for name in mapped)
    assert interpreter_build.shared_libpython() == there


@pytest.mark.parametrize(
    ("file", "shared"),
    [
        ("/usr/bin/python3.14", False),
        ("python3", False),
        ("/usr/lib/x86_64-linux-gnu/libpython3.14.so.1.0", True),
        ("/opt/lib/libpython3.14t.so.1.0", True),
        ("/opt/lib/libpython3.13.dylib", True),
        ("/Library/Frameworks/Python.framework/Versions/3.13/Python", True),
        (None, UNKNOWN),
    ],
)
def test_a_library_is_distinguished_from_a_program(
    file: str | None, shared: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreter_build, "_file_of_the_interpreter", lambda: file)
    assert interpreter_build.shared_libpython() == shared


def test_sysconfig_is_ignored_if_it_describes_another_build(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configured(monkeypatch, DEBIAN)
    monkeypatch.setattr(interpreter_build, "shared_libpython", lambda: False)
    found = interpreter_build.describe()
    assert found["shared_libpython"] is False
    assert (found["pgo"], found["lto"], found["cflags"]) == (UNKNOWN,) * 3
    assert found["debug"] == hasattr(sys, "gettotalrefcount")


def test_sysconfig_is_used_if_it_describes_this_build(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {**DEBIAN, "CONFIG_ARGS": "--enable-shared --enable-optimizations --with-lto"}
    configured(monkeypatch, values)
    monkeypatch.setattr(interpreter_build, "shared_libpython", lambda: True)
    found = interpreter_build.describe()
    assert (found["pgo"], found["lto"], found["cflags"]) == (True, True, "-O2 -Wall")


def test_a_jit_that_is_built_but_disabled_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    for on in (False, True):
        asked = SimpleNamespace(is_enabled=lambda on=on: on)
        monkeypatch.setattr(sys, "_jit", asked, raising=False)
        assert interpreter_build.jit("--enable-experimental-jit=yes-off") is on


@pytest.mark.parametrize(
    ("arguments", "variable", "on"),
    [
        ("--enable-experimental-jit", "", True),
        ("--enable-experimental-jit=yes", "0", False),
        ("'--enable-experimental-jit=yes-off' 'CC=gcc'", "", False),
        ("--enable-experimental-jit=yes-off", "1", True),
        ("--enable-experimental-jit=interpreter", "1", False),
        ("--enable-shared", "1", False),
        (None, "", UNKNOWN),
    ],
)
def test_before_python_3_14_configure_tells_whether_there_is_a_jit(
    arguments: str | None, variable: str, on: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(sys, "_jit", raising=False)
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    monkeypatch.setenv("PYTHON_JIT", variable)
    assert interpreter_build.jit(arguments) == on
    monkeypatch.setattr(sys, "version_info", (3, 12, 0))
    assert interpreter_build.jit(arguments) is False


def test_a_free_threaded_build_is_described_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    configured(monkeypatch, {**DEBIAN, "Py_GIL_DISABLED": 1})
    monkeypatch.setattr(sys, "abiflags", "t", raising=False)
    # From Python 3.13 on, sys.flags.gil tells whether the GIL is on.
    monkeypatch.setattr(sys, "flags", SimpleNamespace(gil=None))
    found = interpreter_build.describe()
    assert (found["abi_flags"], found["gil"]) == ("t", False)
    monkeypatch.setattr(sys, "flags", SimpleNamespace(gil=1))
    assert interpreter_build.describe()["gil"] is True


def test_an_interpreter_that_runs_the_file_describes_itself() -> None:
    done = subprocess.run(
        [sys.executable, interpreter_build.__file__], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == interpreter_build.describe()
