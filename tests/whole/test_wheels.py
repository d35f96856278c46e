"""The instrument from its own wheel, in a fresh environment, without a compiler or the checkout."""

from __future__ import annotations

import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Mapping
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import small_suites
from checkout import ROOT
from installs import Environment, copy_sources, uv, without_programs
from packaging.requirements import Requirement

from callcost.console.extras import LIBRARIES

MOST_BYTES = 200_000_000
SUITE = ("callcost/benchmarks/", "callcost/bindings/", "callcost/native/")
HELP = {
    "": "calibrate",
    "calibrate": "--processes",
    "compare": "BASE HEAD",
    "time": "--vs EXPRESSION",
}
# Each command that needs an extra, and how its sentence begins.
NEEDS = {
    "explain 1+1": ("inspect", "callcost explain needs abi3info and pycxxfilt. "),
    "explain 1+1 --output folder": ("plot", "callcost explain --output needs matplotlib"),
    "history show": ("history", "callcost history needs DuckDB. "),
    "inspect libc.so": ("inspect", "callcost inspect needs abi3info and pycxxfilt. "),
}

pytestmark = pytest.mark.skipif(not (ROOT / "setup.py").exists(), reason="not a checkout")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a source archive, the wheel built from it, and the sources in `sources`."""
    folder = tmp_path_factory.mktemp("built")
    copy_sources(folder / "sources")
    uv("build", "--python", sys.executable, "--out-dir", folder, folder / "sources")
    return folder


@pytest.fixture(scope="module")
def archive(built: Path) -> Path:
    (path,) = built.glob("*.tar.gz")
    return path


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = Environment.create(tmp_path_factory.mktemp("installed") / "venv")
    environment.install(wheel)
    return environment


def test_the_source_archive_holds_every_source(built: Path, archive: Path) -> None:
    with tarfile.open(archive) as opened:
        held = {name.partition("/")[2] for name in opened.getnames()}
    sources = {
        path.relative_to(built / "sources").as_posix()
        for top in ("benchmarks", "bindings", "callcost", "native")
        for path in (built / "sources" / top).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert len(sources) > 300
    assert sources - held == set()
    assert {"pyproject.toml", "setup.py", "README.md", "LICENSE", "tox.ini"} <= held


def test_the_wheel_holds_the_instrument_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"callcost"}
    assert [name for name in names if name.startswith(SUITE)] == []
    assert any(name.startswith("callcost/run/_delay.") for name in names)
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        assert "-cp311-abi3-" in wheel.name, "one wheel fits every Python"


def test_the_instrument_is_installed_in_200_mb(installed: Environment) -> None:
    files = [path for path in installed.packages.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES
    assert not (installed.packages / "matplotlib").exists()


@pytest.mark.parametrize(("command", "told"), HELP.items())
def test_commands_show_their_help(command: str, told: str, installed: Environment) -> None:
    done = installed.run("callcost", *command.split(), "--help")
    assert done.returncode == 0, done.stderr
    assert told in done.stdout


def test_two_expressions_are_compared(installed: Environment) -> None:
    call = ("time", "f(1)", "--setup", "f = abs", "--vs", "f(-1)", "--vs-setup", "f = abs")
    done = installed.run("callcost", *call, "--seconds", "0.1", "--processes", "12")
    # 3: the machine was too noisy to tell.
    assert done.returncode in (0, 3), done.stderr
    assert "f(-1)" in done.stdout
    assert "ns per call" in done.stdout


def test_the_pytest_plugin_measures_a_suite(installed: Environment, tmp_path: Path) -> None:
    helped = installed.run("python", "-m", "pytest", "--help")
    assert "--callcost-processes" in helped.stdout
    small_suites.write(tmp_path, {"length": small_suites.TOY["length"]})
    measuring = (*small_suites.FAST, "--benchmark-only", f"--rootdir={tmp_path}", tmp_path)
    done = installed.run("python", "-m", "pytest", *measuring)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


@pytest.mark.parametrize(("command", "extra", "told"), [(k, *v) for k, v in NEEDS.items()])
def test_a_missing_extra_is_named_in_one_sentence(
    command: str, extra: str, told: str, installed: Environment, tmp_path: Path
) -> None:
    if extra == "plot":  # explain needs the extra inspect too: empty modules replace it
        for name in LIBRARIES["inspect"]:
            (tmp_path / f"{name}.py").touch()
    done = installed.run("callcost", *command.split(), PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"Error: {told}")
    assert line.endswith(f": pip install 'callcost[{extra}]'")


def test_the_source_archive_installs_without_a_compiler(
    archive: Path, installed: Environment, tmp_path: Path
) -> None:
    folder = tmp_path / "packages"
    alone = ("--no-deps", "--python", installed.python, "--target", folder)
    environ = without_programs() | {"CC": "/nowhere/cc"}
    uv("pip", "install", *alone, archive, environ=environ)
    # PYTHONPATH comes before what is installed.
    done = installed.run("python", "-m", "callcost", "calibrate", PYTHONPATH=str(folder))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: the extension that makes delays was not built (")
    assert line.endswith("install a C compiler and Python's headers, then install callcost again")


def required_by(extra: Mapping[str, list[str]], name: str) -> set[str]:
    """Returns the projects that an extra always brings: a marker makes one optional."""
    requirements = map(Requirement, extra[name])
    return {requirement.name.lower() for requirement in requirements if not requirement.marker}


def test_the_extras_that_commands_ask_for_are_those_of_pyproject() -> None:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    (everything,) = map(Requirement, extras["all"])
    assert everything.extras == LIBRARIES.keys()
    projects = packages_distributions()
    for name, libraries in LIBRARIES.items():
        if not libraries.keys() <= projects.keys():
            pytest.skip(f"the extra {name} is not installed")
        brought = {projects[module][0].lower() for module in libraries}
        assert brought == required_by(extras, name), name
