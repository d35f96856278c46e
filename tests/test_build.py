"""The build's own steps that need no compiler: what it says, and how macOS links the core."""

from __future__ import annotations

import importlib
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("setuptools", reason="the build runs in setuptools, which is not installed")
build = importlib.import_module("callcost.bindings.build")


@pytest.mark.parametrize(
    ("bundle", "dylib"),
    [
        (
            "clang -bundle -undefined dynamic_lookup -arch arm64 -arch x86_64 -g",
            "clang -dynamiclib -arch arm64 -arch x86_64 -g",
        ),
        (
            "/usr/bin/clang -arch arm64 -bundle -Wl,-undefined,dynamic_lookup -L/opt/lib",
            "/usr/bin/clang -arch arm64 -dynamiclib -L/opt/lib",
        ),
        ("clang -undefined dynamic_lookup -undefined dynamic_lookup", "clang"),
        ("clang -undefined error -dynamiclib", "clang -undefined error -dynamiclib"),
    ],
)
def test_macos_links_the_core_as_a_library(bundle: str, dylib: str) -> None:
    command = bundle.split()
    assert build.dylib_command(command) == dylib.split()
    assert command == bundle.split()


def test_only_the_core_is_linked_as_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    command = SimpleNamespace(compiler=SimpleNamespace(linker_so=["clang", "-bundle"]))
    monkeypatch.setattr(build, "DARWIN", True)
    assert build.BuildMechanisms._core_linker(command).linker_so == ["clang", "-dynamiclib"]
    assert command.compiler.linker_so == ["clang", "-bundle"]


@pytest.mark.parametrize(
    ("text", "shortened"),
    [
        ("command '/usr/bin/gcc' failed", "command 'gcc' failed"),
        ("command 'gcc' failed", "command 'gcc' failed"),
        ("gcc -I/far/someone/include -L/opt/x/lib -O2", "gcc -Iinclude -Llib -O2"),
        ("['cc', '-I/far/someone/include']", "['cc', '-Iinclude']"),
        ("No such file: '/mnt/a disk/c++'", "No such file: 'c++'"),
        ("in /tmp/a/b.h:3 and ../native/core.h", "in b.h:3 and ../native/core.h"),
        ("and/or, 1 / 2", "and/or, 1 / 2"),
    ],
)
def test_a_reason_names_no_folder(text: str, shortened: str) -> None:
    assert build.without_folders(text) == shortened


def test_a_reason_does_not_name_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/far/some one")
    assert build.without_folders("no '/far/some one'") == "no '~'"
    assert build.without_folders("no /far/some one/x/y.h") == "no y.h"
    monkeypatch.setenv("HOME", "/")
    assert build.without_folders("a/b and /c/d") == "a/b and d"


def test_a_path_inside_the_checkout_is_told_from_its_root() -> None:
    path = build.ROOT / "bindings" / "a_b" / "build.py"
    assert build.reason("it failed", OSError(path)) == "it failed (OSError: bindings/a_b/build.py)"
    assert build.reason("it failed", OSError("one\ntwo")) == "it failed (OSError: one)"


def test_a_failed_command_is_told_by_its_program_and_status() -> None:
    failed = subprocess.CalledProcessError(1, ["/usr/bin/g++", "-c", "/far/someone/a.cpp"])
    told = build.reason("it did not compile", RuntimeError(failed))
    assert told == "it did not compile (RuntimeError: g++ ended with exit status 1)"


def test_arguments_that_hold_a_path_are_not_recorded() -> None:
    assert build.without_path_tokens(["-O2", "-I/a", "-std=c++17", "b/c"]) == ["-O2", "-std=c++17"]


def test_a_compiler_that_does_not_answer_is_none(tmp_path: Path) -> None:
    assert build.compiler_version([str(tmp_path / "c++")]) == "none"
    assert build.compiler_version(["false"]) == "none"
    assert build.compiler_version(["echo", "cc 1.2"]) == "cc 1.2 --version"
