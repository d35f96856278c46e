"""docs/adding.md, followed step by step in a copy of the checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import compilers
import pytest
from checkout import ROOT, copy_checkout

from callcost.benchmarks.facts.marks import named
from callcost.bindings.registry import Build, mechanisms

PAGE = ROOT / "docs" / "adding.md"
STEP = re.compile(r"^<!-- (file|run|below in):? ?([^\n]*?) ?-->\n```\w+\n(.*?)^```$", re.M | re.S)
# How many lines the page may add for one function of C, in each mechanism that it shows.
MOST_LINES = {
    "cffi_api": 1,
    "pybind11_module": 2,
    "nanobind_module": 2,
    "ctypes_cdll": 3,
    "cython_def": 7,
    "pyo3_module": 7,
    "cpython_fastcall": 12,
}
# Adding must not need the other mechanisms, and compiling them takes long.
KEPT = {"_build", "python_reference", *MOST_LINES}

pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="not a checkout: no documents here")


def steps(heading: str) -> list[tuple[str, str, str]]:
    """Returns the steps of a section of the page: kind, place and text."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2]
    return STEP.findall(section.partition("\n## ")[0])


def belongs_to_copy(name: str) -> bool:
    """Tells whether the copy has a file: not if it is a record or another mechanism's."""
    top, *inside = Path(name).parts
    return top != "results" and (top != "bindings" or len(inside) < 2 or inside[0] in KEPT)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Copies the checkout with few mechanisms, and makes an environment for the copy."""
    copy = tmp_path_factory.mktemp("adding") / "checkout"
    copy_checkout(copy, belongs_to_copy)
    make_environment(copy / ".venv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CALLCOST_LAYOUTS", "0")
        for name, value in compilers.quick(copy.with_name("compilers")).items():
            patch.setenv(name, value)
        yield copy


def make_environment(folder: Path) -> None:
    """Makes an environment that finds this one's packages but installs into itself."""
    venv.create(folder, with_pip=False, symlinks=True)
    packages = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    outer = [path for path in sys.path if path.endswith("site-packages")]
    Path(packages, "outer.pth").write_text("\n".join(outer) + "\n")


def follow(checkout: Path, step: tuple[str, str, str]) -> Iterator[str]:
    """Does one step; yields the output of each of its commands."""
    kind, where, text = step
    if kind == "file":
        path = checkout / where
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    elif kind == "below in":
        name, _, line = where.replace("\\n", "\n").partition(": ")
        path = checkout / name
        source = path.read_text()
        assert source.count(line + "\n") == 1, f"{name} has not one line {line!r}"
        path.write_text(source.replace(line + "\n", line + "\n" + text))
    else:
        for command in text.splitlines():
            yield run(checkout, command)


def run(checkout: Path, command: str) -> str:
    """Runs one command of the page, as in an activated environment."""
    program, *arguments = command.split('"')
    words = program.split() + [
        word
        for place, part in enumerate(arguments)
        for word in ([part] if place % 2 == 0 else part.split())
    ]
    python = str(checkout / ".venv" / "bin" / "python")
    if words[:2] == ["pip", "install"]:
        # The outer environment has the requirements already.
        words = [python, "-m", "pip", "install", "--no-build-isolation", "--no-deps", *words[2:]]
    elif words[0] == "pytest":
        words = [python, "-m", *words, "-p", "no:cacheprovider", "-p", "no:xdist"]
        if "toy_module" in words:
            # Its only row: plain Python has many others.
            words += ["--workload", "fibonacci"]
    elif words[0] == "callcost":
        words = [
            python,
            "-P",
            "-c",
            "import sys; from callcost.cli import main; main()",
            *words[1:],
        ]
    else:
        words[0] = python
    done = subprocess.run(
        words,
        cwd=checkout,
        env={**os.environ, "VIRTUAL_ENV": str(checkout / ".venv")},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def state(checkout: Path) -> dict[str, bytes]:
    """Returns every source file of the copy."""
    kept = (".venv", "build", "results", "__pycache__", ".pytest_cache", ".benchmarks")
    return {
        path.relative_to(checkout).as_posix(): path.read_bytes()
        for path in checkout.rglob("*")
        if path.is_file()
        and not set(path.relative_to(checkout).parts) & set(kept)
        and not any(part.endswith(".egg-info") for part in path.relative_to(checkout).parts)
        # The programs of the ladder have no suffix.
        and path.suffix not in ("", ".so", ".dylib")
        and not path.name.startswith("built.")
    }


@pytest.mark.skipif(sys.platform != "linux", reason="reads ELF, as the tests that it runs do")
def test_a_mechanism_then_a_workload(checkout: Path) -> None:
    before = state(checkout)
    told = [text for step in steps("A mechanism") for text in follow(checkout, step)]
    assert len(told) == 5
    changed = {name for name, text in state(checkout).items() if before.get(name) != text}
    assert {Path(name).parent.as_posix() for name in changed} == {"bindings/toy_module"}
    assert "fibonacci" in told[1] and "unsupported: it is a toy." in " ".join(told[1].split())
    assert re.search(r"\d+ passed", told[2])
    assert "| `toy_module` | not seen | yes | yes | no |" in told[3]
    assert "per call through C API, METH_VARARGS" in " ".join(told[4].split())
    drawn = [path.read_bytes() for path in (checkout / "results").glob("*.svg")]
    assert drawn, "a chart was drawn"
    (run_file,) = (checkout / "results").glob("*.json")
    assert '"toy_module"' in run_file.read_text()

    told = [text for step in steps("A workload") for text in follow(checkout, step)]
    assert len(told) == 3
    assert "triple" in told[2]
    here = {m.name for m in mechanisms() if m.name in KEPT and Build().missing(m) is None}
    # Measured under its label, or named with the reason why it is not.
    shown = {name for name in here if named(name) in told[2] or name in told[2]}
    assert shown == here


def test_the_page_has_steps() -> None:
    kinds = [kind for heading in ("A mechanism", "A workload") for kind, _, _ in steps(heading)]
    assert kinds.count("run") == 4
    assert kinds.count("file") == 3
    assert kinds.count("below in") == 14


def test_a_function_of_c_costs_few_lines_in_each_mechanism() -> None:
    lines = dict.fromkeys(MOST_LINES, 0)
    for kind, where, text in steps("A workload"):
        mechanism = Path(where.partition(":")[0]).parts[1:2]
        if kind == "below in" and set(mechanism) <= lines.keys():
            lines[mechanism[0]] += text.count("\n")
    assert all(0 < lines[name] <= most for name, most in MOST_LINES.items()), lines
