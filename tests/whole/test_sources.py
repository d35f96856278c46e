"""The sources keep their rules: no warnings, a worker that needs the standard library alone."""

from __future__ import annotations

import ast
import builtins
import importlib.util
import os
import re
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkout import ROOT
from needs import skip_without_headers

from callcost.benchmarks.catalogue import WORKLOADS
from callcost.bindings.registry import Build, mechanisms

SUITE = ("callcost.bindings", "callcost.benchmarks", "callcost.native")

# C and C++: every file compiles without a warning.

C_SUFFIXES = {".c", ".h"}
CPP_SUFFIXES = {".cpp", ".h"}  # a header is included from both
C_FOLDERS = ("native", "bindings", "callcost")


def sources(suffixes: set[str]) -> list[str]:
    return sorted(
        path.relative_to(ROOT).as_posix()
        for folder in C_FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.suffix in suffixes
    )


# What cpython_limited compiles of cpython_fastcall.
LIMITED_TOO = [
    f"bindings/cpython_fastcall/{name}.c" for name in ("numbers", "text", "arrays", "calls")
]


def include_folders(path: str) -> list[str]:
    folders = [sysconfig.get_path("include"), sysconfig.get_path("platinclude")]
    text = (ROOT / path).read_text(encoding="utf-8")
    if "pybind11" in text:
        pybind11 = pytest.importorskip("pybind11", reason="pybind11 is not installed")
        folders.append(pybind11.get_include())
    if "nanobind" in text:
        nanobind = pytest.importorskip("nanobind", reason="nanobind is not installed")
        robin_map = Path(nanobind.source_dir()).parent / "ext" / "robin_map" / "include"
        folders += [nanobind.include_dir(), nanobind.source_dir(), str(robin_map)]
    if "HPy" in text:
        hpy = pytest.importorskip("hpy", reason="HPy is not installed")
        folders += [f"{folder}/devel/include" for folder in hpy.__path__]
    return folders


def flags_for_headers(path: str) -> list[list[str]]:
    """Returns the flags that other people's headers need, for each way to compile a file."""
    if path in LIMITED_TOO and not sysconfig.get_config_var("Py_GIL_DISABLED"):
        return [[], ["-DPy_LIMITED_API=0x030B0000"]]
    if not path.startswith("bindings/hpy_"):
        return [[]]
    # HPy has to know the ABI; its macros leave out fields, in the lines that use them.
    flags = ["-DHPY", "-Wno-missing-field-initializers"]
    return [[*flags, f"-DHPY_ABI_{abi}"] for abi in ("CPYTHON", "UNIVERSAL")]


def compile_strictly(compiler: str, language: str, standard: str, path: str) -> str:
    """Returns the compiler's first complaint about a file."""
    command = shlex.split(os.environ.get(compiler) or sysconfig.get_config_var(compiler))
    # As system folders: a warning in somebody else's header is not one in ours.
    includes = [word for folder in include_folders(path) for word in ("-isystem", folder)]
    flags = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-std={standard}", "-x", language]
    for more in flags_for_headers(path):
        try:
            done = subprocess.run(
                [*command, *flags, *more, "-Inative", *includes, path],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=600,
                check=False,
            )
        except FileNotFoundError:
            pytest.skip(f"the compiler {command[0]} is not installed")
        if done.returncode:
            return done.stderr
    return ""


@pytest.mark.parametrize("path", sources(C_SUFFIXES))
def test_c_compiles_without_a_warning(path: str) -> None:
    skip_without_headers((ROOT / path).read_text(encoding="utf-8"))
    assert compile_strictly("CC", "c", "c11", path) == ""


def skip_without_tool(path: str) -> None:
    """Skips the sources of a mechanism that was left out because its tool is not there."""
    for mechanism in mechanisms():
        if path.startswith(f"bindings/{mechanism.name}/"):
            reason = Build().missing(mechanism) or ""
            if "not installed" in reason:
                pytest.skip(reason)


@pytest.mark.parametrize("path", sources(CPP_SUFFIXES))
def test_cpp_compiles_without_a_warning(path: str) -> None:
    skip_without_tool(path)
    assert compile_strictly("CXX", "c++", "c++17", path) == ""


def test_a_warning_is_noticed(tmp_path: Path) -> None:
    planted = tmp_path / "planted.c"
    planted.write_text("int planted(int unused) { return 0; }\n")
    assert "unused" in compile_strictly("CC", "c", "c11", str(planted))


# Imports: the worker runs where nothing is installed. tests/whole/test_house.py has the others.


def python_files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports(source: str, package: str) -> set[str]:
    """Returns the full names that Python source imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found.update(alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = importlib.util.resolve_name("." * level + (module or ""), package)
                found.update(f"{base}.{alias.name}" for alias in names)
    return found


def is_in(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def test_worker_and_the_files_it_loads_import_the_standard_library_only() -> None:
    folder = ROOT / "callcost" / "worker"
    for path in folder.glob("*.py"):
        names = imports(path.read_text(encoding="utf-8"), "callcost.worker")
        foreign = {name for name in names if not is_in(name, "callcost.worker")}
        assert {each.partition(".")[0] for each in foreign} <= sys.stdlib_module_names


def test_every_form_of_import_is_seen() -> None:
    source = """
import callcost.bindings.registry as registry
from callcost import native
def later():
    from ..benchmarks import rows
    from . import sibling
"""
    assert imports(source, "callcost.bindings") == {
        "callcost.bindings.registry",
        "callcost.native",
        "callcost.benchmarks.rows",
        "callcost.bindings.sibling",
    }


# Errors: one base class, which front.py catches.

# They end no command; their docstrings or docs/design.md say why.
INTERNAL_ERRORS = {
    "CallcostError", "CancelledError", "ContenderError", "DamagedError", "RowFailedError",
    "UnmovableError",
}  # fmt: skip


def commands() -> list[Path]:
    found = [*python_files("callcost"), *python_files("benchmarks")]
    return [path for path in found if re.search(r"^@.*\.command\(", path.read_text(), re.MULTILINE)]


def test_errors_that_end_a_command_have_one_base_class() -> None:
    paths = [
        path for folder in ("callcost", "benchmarks", "bindings") for path in python_files(folder)
    ]
    apart = {
        node.name
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        for base in map(ast.unparse, node.bases)
        if base.endswith(("Exception", "ClickException", "UsageError"))
        or (hasattr(builtins, base) and base.endswith("Error"))
    }
    assert apart == INTERNAL_ERRORS


@pytest.mark.parametrize("path", commands(), ids=lambda path: path.name)
def test_no_command_catches_errors_or_ends_the_process_itself(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    used = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    caught = {
        ast.unparse(node.type)
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and node.type
    }
    assert not used & {"sys.exit", "click.ClickException", "click.Abort"}
    assert not caught & {"KeyboardInterrupt", "Exception", "CallcostError"}


# Names: the instrument knows no mechanism and no workload.

# The interpreter itself may be named, and what computes the estimates; other tools may not.
NEUTRAL = {"python", "cpython", "numpy"}
# `callcost inspect` tells what ctypes finds in a file, and by which name an extension is entered:
# these are its subject, not contenders that it measures.
# Advice on a crash and the comparing of values know what ctypes makes; the reasons for a failed
# build are in the words of the tool that failed, and a requirement may be written in two ways.
# The tag of an ABI may be HPy's, and the loader is asked through ctypes what this process is.
SUBJECTS = {
    "inspect": {"ctypes", "hpy"},
    "advice": {"ctypes"},
    "answers": {"ctypes"},
    "reasons": {"cython", "swig"},
    "spec": {"cython"},
    "abi": {"hpy"},
    "interpreter_build": {"ctypes"},
}


def suite_words() -> set[str]:
    named = mechanisms()
    tools = {mechanism.tool for mechanism in named} - NEUTRAL
    functions = {workload.function for workload in WORKLOADS}
    return {*SUITE, *tools, *functions, *(mechanism.name for mechanism in named)}


def words_in(text: str, words: set[str]) -> set[str]:
    pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    found = re.findall(rf"(?<![a-z0-9])(?:{pattern})(?![a-z0-9])", text, re.IGNORECASE)
    return {word.lower() for word in found}


@pytest.mark.parametrize(
    "path",
    sorted(path for path in (ROOT / "callcost").rglob("*") if path.suffix in {".py", ".c", ".pyi"}),
    ids=lambda path: path.name,
)
def test_instrument_names_nothing_of_the_suite(path: Path) -> None:
    named = words_in(path.read_text(encoding="utf-8"), suite_words())
    allowed = SUBJECTS.get(path.parent.name, set()) | SUBJECTS.get(path.stem, set())
    assert named - allowed == set()


def test_words_of_the_suite_are_found() -> None:
    assert {"ctypes", "cffi", "fibonacci", "get_pi", "ctypes_cdll"} <= suite_words()
    for text in ("import ctypes", "ctypes.CDLL", "the Cython way", "fibonacci(n)", "my_fibonacci"):
        assert words_in(text, suite_words()), text
    assert words_in("METH_FASTCALL in CPython", suite_words()) == set()


# Paths: what is true on one machine only does not belong in the tree.

HOME = re.compile(rb"(?<![\w.~-])/(?:home|Users|root)/\w")


def tracked_files() -> Iterator[Path]:
    """Yields the files that git has or would add; skips outside a checkout."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=600, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    paths = (ROOT / os.fsdecode(name) for name in done.stdout.split(b"\0") if name)
    yield from (path for path in paths if path.is_file())


def test_no_file_names_a_home_folder() -> None:
    lines = [
        f"{path.relative_to(ROOT)}: {line[:120]!r}"
        for path in tracked_files()
        for line in path.read_bytes().splitlines()
        if HOME.search(line)
    ]
    assert lines == []


def test_a_home_folder_is_noticed() -> None:
    for folder in ("home", "Users", "root"):
        assert HOME.search(f'see "/{folder}/x"'.encode())
    assert not HOME.search(b"https://example.org/home/x and ~/root/x")
