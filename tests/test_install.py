"""Installing where something is missing: one sentence says what to do, and the rest is built."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from callcost.bindings import registry

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("bindings", "benchmarks", "callcost", "native", "setup.py", "pyproject.toml",
         "README.md", "LICENSE")  # fmt: skip


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the sources without anything that was built, in a path with a space."""
    folder = tmp_path / "call cost"
    folder.mkdir()
    for name in PARTS:
        if (ROOT / name).is_dir():
            built = shutil.ignore_patterns("*.so", "*.dylib", "built.*.json", "__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=built)
        else:
            shutil.copy(ROOT / name, folder)
    return folder


def build_wheel(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", "wheels", "."],
        cwd=checkout,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_without_a_c_compiler_one_sentence_says_what_to_do(checkout: Path) -> None:
    done = build_wheel(checkout, CC="/nowhere/cc")
    assert done.returncode != 0
    said = " ".join((done.stdout + done.stderr).split())
    assert "callcost needs a C compiler and could not use one" in said
    assert "apt-get install build-essential" in said
    assert not list(checkout.glob("wheels/*.whl"))


def test_without_a_cpp_compiler_only_what_needs_it_is_left_out(checkout: Path) -> None:
    done = build_wheel(checkout, CXX="/nowhere/c++")
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = checkout.glob("wheels/*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (manifest,) = (name for name in names if "/built." in name)
        facts = json.loads(archive.read(manifest))
    assert list(facts["missing"]) == ["callcost.bindings.pybind11_module"]
    assert "/nowhere/c++" in facts["missing"]["callcost.bindings.pybind11_module"]
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {"callcost"}
    assert any(name.startswith("callcost/native/libcallcost_core") for name in names)
    built = {name.split("/")[2] for name in facts["files"] if name.startswith("callcost/bindings")}
    expected = {m.name for m in registry.mechanisms() if m.compiled} - {"pybind11_module"}
    assert built == expected
