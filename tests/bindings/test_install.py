"""Install where something is missing: one sentence says what to do, and the rest is built."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import compilers
import pytest
from installs import Environment, copy_sources, run_uv

from callcost.bindings import registry

# A path with a space.
NAME = "call cost"
PLANTED = {
    "cython_broken": ("build.py", "_broken.pyx"),
    "raises_mode": ("build.py",),
    "exits_mode": ("build.py",),
    "nul_mode": ("build.py",),
}
# Mechanisms that are removed before the second of two builds.
GONE = {"cython_cpdef", "cython_native", "swig_builtin"}
# What a build says about a tool that it does not require, or that does not support this Python.
NOT_TO_BE_HAD = re.compile(r"not installed|No module named|needs (a )?Python|has no release for")


BUILD = ("build", "--wheel", "--python", sys.executable,
         "--config-setting", "mechanisms=default", "--out-dir", "wheels")  # fmt: skip


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return copy_sources(tmp_path / NAME)


def build_wheel(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Builds the suite's wheel in isolation; skips without the package index."""
    return run_uv(*BUILD, cwd=checkout, environ={**os.environ, **environment})


@dataclass(frozen=True)
class Wheel:
    """A wheel and its unpacked files: their names, and the manifest of the build."""

    path: Path
    folder: Path
    names: frozenset[str]
    facts: dict[str, Any]


def unpack(checkout: Path, folder: Path, **environment: str) -> Wheel:
    """Builds a wheel, which must succeed, and unpacks it."""
    done = build_wheel(checkout, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = checkout.glob("wheels/*.whl")
    folder.mkdir()
    path = built.rename(folder / built.name)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
        names = frozenset(archive.namelist())
    (manifest,) = folder.glob("callcost/bindings/built.*.json")
    return Wheel(path, folder, names, json.loads(manifest.read_text()))


def plant(bindings: Path) -> None:
    """Adds a mechanism that Cython cannot translate, and one whose build.py raises."""
    for name in PLANTED:
        (bindings / name).mkdir()
        (bindings / name / "__init__.py").write_text('"""Cannot be built."""\n')
    cython = (bindings / "cython_def" / "build.py").read_text().replace("_def", "_broken")
    (bindings / "cython_broken" / "build.py").write_text(cython)
    (bindings / "cython_broken" / "_broken.pyx").write_text("def fibonacci(:\n")
    (bindings / "raises_mode" / "build.py").write_text("raise OSError(__file__)\n")
    (bindings / "exits_mode" / "build.py").write_text("import sys\nsys.exit(3)\n")
    (bindings / "nul_mode" / "build.py").write_bytes(b"\0")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Wheel, Wheel]:
    """Two wheels from one checkout: unchanged, then with broken and removed mechanisms."""
    folder = tmp_path_factory.mktemp("twice")
    checkout = copy_sources(folder / NAME)
    quick = compilers.quick(folder / "compilers")
    first = unpack(checkout, folder / "first", **quick)
    core = checkout / "native" / "core.c"
    dates = core.stat().st_atime, core.stat().st_mtime
    core.write_text(core.read_text().replace("3.14f", "3.15f"))
    os.utime(core, dates)  # version control or an archive may leave old dates
    for name in GONE:
        shutil.rmtree(checkout / "bindings" / name)
    libffi = checkout / "native" / "ladder" / "libffi.c"
    libffi.write_text(libffi.read_text().replace("<ffi.h>", "<no_such_ffi.h>"))
    plant(checkout / "bindings")
    return first, unpack(checkout, folder / "second", **{**quick, "CXX": "/nowhere/c++"})


def mechanisms_in(names: Iterable[str]) -> set[str]:
    folders = {name.split("/")[2] for name in names if name.count("/") > 2 and "/bindings/" in name}
    return folders - {"_build"}


def compiled_in(wheel: Wheel) -> set[str]:
    """Returns the extensions, the libraries, the modules, and the programs without a suffix."""
    ladder = {name for name in wheel.names if name.startswith("callcost/native/ladder/")}
    programs = {name for name in ladder if not Path(name).suffix}
    endings = (".so", ".dylib", "/_generated.py")
    return programs | {name for name in wheel.names if name.endswith(endings)}


def missing_mechanisms(wheel: Wheel) -> dict[str, str]:
    missing = wheel.facts["missing"].items()
    return {name: why for name, why in missing if name.startswith("callcost.bindings.")}


def pi_of(wheel: Wheel) -> float:
    (core,) = (wheel.folder / "callcost" / "native").glob("libcallcost_core.*")
    get_pi = ctypes.CDLL(str(core)).get_pi
    get_pi.restype = ctypes.c_float
    return float(get_pi())


def said(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join((done.stdout + done.stderr).split())


def test_without_a_c_compiler_one_sentence_says_what_to_do(checkout: Path) -> None:
    done = build_wheel(checkout, CC="/nowhere/cc")
    assert done.returncode != 0
    assert "callcost needs a C compiler and could not use one" in said(done)
    assert "apt-get install build-essential python3-dev" in said(done)
    assert not list(checkout.glob("wheels/*.whl"))


def test_without_the_headers_of_python_one_sentence_says_what_to_do(
    checkout: Path, tmp_path: Path
) -> None:
    compiler = tmp_path / "cc"
    compiler.write_text(
        "#!/bin/sh\n"
        'for argument do shift; case "$argument" in\n'
        '    -I*python3*) ;; *) set -- "$@" "$argument" ;;\n'
        'esac; done\nexec cc "$@"\n'
    )
    compiler.chmod(0o755)
    done = build_wheel(checkout, CC=str(compiler))
    assert done.returncode != 0
    assert "callcost needs the C headers of Python" in said(done)
    assert "apt-get install python3-dev" in said(done)
    assert not list(checkout.glob("wheels/*.whl"))


def test_a_wheel_holds_one_package_with_every_mechanism(wheels: tuple[Wheel, Wheel]) -> None:
    first, _ = wheels
    assert {name.partition("/")[0] for name in first.names if ".dist-info" not in name} == {
        "callcost"
    }
    missing = missing_mechanisms(first)
    assert {name: why for name, why in missing.items() if not NOT_TO_BE_HAD.search(why)} == {}
    required = {"cffi_api", "cython_def", "nanobind_module", "pybind11_module", "swig_proxy"}
    assert required <= mechanisms_in(first.facts["files"])
    assert mechanisms_in(first.names) == {m.name for m in registry.mechanisms()}
    assert compiled_in(first) == set(first.facts["files"])


def test_a_mechanism_that_does_not_build_is_left_out_alone(wheels: tuple[Wheel, Wheel]) -> None:
    first, second = wheels
    missing = missing_mechanisms(second)
    languages = first.facts["languages"].items()
    in_cxx = {name.rpartition(".")[0] for name, language in languages if language == "c++"}
    planted = {f"callcost.bindings.{name}" for name in PLANTED}
    assert missing.keys() == missing_mechanisms(first).keys() | in_cxx | planted
    assert "c++" in missing["callcost.bindings.pybind11_module"]
    assert "Cython did not translate it" in missing["callcost.bindings.cython_broken"]
    assert "OSError: bindings/raises_mode/build.py" in missing["callcost.bindings.raises_mode"]
    assert "ends Python with exit code 3" in missing["callcost.bindings.exits_mode"]
    # A syntax error from Python 3.11.4 on, and an error of reading before.
    assert re.search("build.py .*null bytes", missing["callcost.bindings.nul_mode"])
    compiled = {m.name for m in registry.mechanisms() if m.compiled}
    left_out = {name.rpartition(".")[2] for name in missing}
    assert mechanisms_in(second.facts["files"]) == compiled - left_out - GONE


def test_an_installed_wheel_has_the_suite(wheels: tuple[Wheel, Wheel], tmp_path: Path) -> None:
    first, _ = wheels
    environment = Environment.create(tmp_path / "venv")
    environment.install(first.path)
    listed = environment.run("callcost", "list")
    assert listed.returncode == 0, listed.stderr
    assert {name for name in mechanisms_in(first.names) if name not in listed.stdout} == set()
    built = mechanisms_in(first.facts["files"])
    adding = [
        mechanism.module
        for mechanism in registry.mechanisms()
        if mechanism.name in built and mechanism.offers("add_two")
        # What a mechanism needs at run time need not be installed: it is named as missing then.
        if all((environment.packages / name).exists() for name in mechanism.requires)
    ]
    calls = [f"import {module} as m; assert m.add_two(27, 1) == 28" for module in adding]
    done = environment.run("python", "-c", "\n".join(calls))
    assert done.returncode == 0, done.stderr
    # Any file will do: the command looks for its libraries first.
    report = environment.run("callcost", "report", first.path, "--output", "site")
    assert report.returncode == 2
    assert "callcost report needs Altair" in report.stderr
    assert "pip install 'callcost[site]'" in report.stderr


def test_a_wheel_holds_the_ladder_ready_to_run(wheels: tuple[Wheel, Wheel]) -> None:
    first, _ = wheels
    direct = first.folder / "callcost" / "native" / "ladder" / "direct"
    direct.chmod(0o755)  # as pip does, and zipfile does not
    done = subprocess.run(
        [direct, "add_two"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "28\n", "")


def test_a_rung_that_does_not_build_is_left_out_alone(wheels: tuple[Wheel, Wheel]) -> None:
    _, second = wheels
    why = second.facts["missing"]["callcost.native.ladder.libffi"]
    assert why.startswith("it did not compile and needs libffi's headers")
    assert "callcost/native/ladder/libffi" not in second.names
    assert {"callcost/native/ladder/direct", "callcost/native/ladder/plugin"} <= second.names


def test_a_second_build_keeps_nothing_of_the_first(wheels: tuple[Wheel, Wheel]) -> None:
    first, second = wheels
    assert (round(pi_of(first), 2), round(pi_of(second), 2)) == (3.14, 3.15)
    assert mechanisms_in(first.names) - mechanisms_in(second.names) == GONE
    assert compiled_in(second) == set(second.facts["files"])


def test_the_manifest_says_how_but_not_where_it_was_built(wheels: tuple[Wheel, Wheel]) -> None:
    first, second = wheels
    pybind11 = "callcost.bindings.pybind11_module._module"
    assert first.facts["languages"][pybind11] == "c++"
    assert {"-std=c++17", "-O2", "-fno-lto"} <= set(first.facts["flags"][pybind11])
    assert set(first.facts["flags"]) == set(first.facts["languages"])
    extensions = {name for name in first.facts["files"] if "/native/" not in name}
    assert len(first.facts["flags"]) == len(extensions)
    assert first.facts["cxx_compiler"] != "none"
    assert second.facts["cxx_compiler"] == "none"
    for facts in (first.facts, second.facts):
        assert "/" not in facts["compile_command"]
        assert "/" not in json.dumps(facts["flags"])
        assert not re.search(r"""["'\s]/""", json.dumps(facts["missing"]))
