"""ABI tags and versions of any interpreter are read as Python writes them."""

from __future__ import annotations

import importlib.machinery
import sys
import sysconfig
from typing import Any

import msgspec
import pytest
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext

from callcost.benchmarks.which import choices
from callcost.estimate.layouts import Machine
from callcost.history.runs import _Machine
from callcost.inspect.extension import read_name
from callcost.model import abi
from callcost.worker.worker import interpreter_facts

# The suffixes that interpreters import, from importlib.machinery.EXTENSION_SUFFIXES.
SUFFIXES = {
    "3.11, Debian 12": [".cpython-311-x86_64-linux-gnu.so", ".abi3.so", ".so"],
    "3.14, Debian": [
        ".cpython-314-x86_64-linux-gnu.so", ".abi3.so", ".abi3-x86_64-linux-gnu.so", ".so",
    ],
    "3.15": [
        ".cpython-315-x86_64-linux-gnu.so", ".abi3-x86_64-linux-gnu.so", ".abi3.so",
        ".abi3t-x86_64-linux-gnu.so", ".abi3t.so", ".so",
    ],
    "3.15t": [
        ".cpython-315t-x86_64-linux-gnu.so", ".abi3t-x86_64-linux-gnu.so", ".abi3t.so", ".so",
    ],
    "3.15, macOS": [".cpython-315-darwin.so", ".abi3.so", ".abi3t.so", ".so"],
    "this one": importlib.machinery.EXTENSION_SUFFIXES,
}  # fmt: skip


@pytest.mark.parametrize("suffixes", SUFFIXES.values(), ids=SUFFIXES)
def test_a_files_suffix_tells_whether_several_versions_import_it(
    suffixes: list[str],
) -> None:
    for suffix in suffixes:
        several = "abi" in suffix
        assert abi.is_stable(f"folder.d/_x{suffix}") == several, suffix
        built = choices.builds([f"callcost/bindings/m/_x{suffix}"])
        assert built == (choices.ONE_FILE if several else choices.EACH_VERSION)


@pytest.mark.parametrize(
    ("name", "stable"),
    [
        ("_abi3.cpython-311-x86_64-linux-gnu.so", False),
        ("_x.abi3x.so", False),
        ("_x.hpy0.so", False),
        ("abi3.so", False),
        ("_x.abi3", False),
        ("_x.abi3t.pyd", True),
    ],
)
def test_only_tags_of_the_stable_abi_count_as_stable(name: str, stable: bool) -> None:
    assert abi.is_stable(name) == stable


def test_the_name_of_an_extension_built_here_tells_whether_it_is_stable() -> None:
    made = Extension(
        "a._module", ["a.c"], py_limited_api=not sysconfig.get_config_var("Py_GIL_DISABLED")
    )
    command = build_ext(Distribution({"ext_modules": [made]}))
    command.ensure_finalized()
    name = command.get_ext_filename("a._module")
    assert abi.is_stable(name) == bool(made.py_limited_api), name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("_x.abi3.so", "the stable ABI: CPython 3.2 or later with a GIL tries to import it"),
        ("_x.abi3-x86_64-linux-gnu.so", "on x86_64-linux-gnu: CPython 3.15 or later with a GIL"),
        ("_x.abi3t.so", "that free-threaded builds have too: CPython 3.15 or later tries"),
        ("_x.abi3t-aarch64-linux-gnu.so", "on aarch64-linux-gnu: CPython 3.15 or later tries"),
        ("_x.cpython-314t-x86_64-linux-gnu.so", "only free-threaded CPython 3.14"),
    ],
)
def test_the_meaning_of_a_file_name_is_described(name: str, said: str) -> None:
    assert said in read_name(name).meaning


def facts(version: str, flags: str) -> dict[str, Any]:
    return {"implementation": "cpython", "cache_tag": "cpython-314",
            "python_version": version, "abi_flags": flags}  # fmt: skip


def test_a_free_threaded_version_ends_with_t() -> None:
    assert abi.version(facts("3.14.6", "t")) == "3.14.6t"
    assert abi.version(facts("3.14.6", "t"), parts=2) == "3.14t"
    assert abi.version(facts("3.14.6", "td"), parts=2) == "3.14t"
    assert abi.version(facts("3.14.6", "d")) == "3.14.6"
    info = {"python_version": "3.14.6", "callcost": {"interpreter": {"abi_flags": "t"}}}
    assert abi.version(info) == "3.14.6t"
    assert abi.version({"python_version": "3.11.7"}) == "3.11.7"
    assert abi.version({}) == "?"
    free = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    here = ".".join(map(str, sys.version_info[:3])) + "t" * free
    assert abi.version(interpreter_facts()) == here


def machine_of(info: dict[str, Any]) -> _Machine:
    return _Machine(msgspec.convert(info, Machine), None)


def test_a_free_threaded_interpreter_has_its_own_series() -> None:
    info = {"python_version": "3.14.6", "python_implementation": "CPython", "node": "here",
            "callcost": {"interpreter": {"cache_tag": "cpython-314", "gil": True}}}  # fmt: skip
    before = machine_of(info).identity()
    flagless = {**info["callcost"]["interpreter"], "abi_flags": ""}  # type: ignore[index]
    free = {**flagless, "abi_flags": "t"}
    now, other = (
        machine_of({**info, "callcost": {"interpreter": build}}).identity()
        for build in (flagless, free)
    )
    # A record without flags is older, and belongs to the same series.
    assert now["machine"] == before["machine"] != other["machine"]
    assert "3.14t" in other["machine_label"] and "3.14t" not in now["machine_label"]
    one, two = (machine_of(info).identity(facts("3.14.6", flags))["machine"] for flags in ("", "t"))
    assert one != two
