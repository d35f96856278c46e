"""The build's own steps that need no compiler: its messages, and how macOS links the core."""

from __future__ import annotations

import ctypes
import importlib
import importlib.metadata
import re
import subprocess
import sys
import sysconfig
from functools import partial
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from libraries import compiled

from callcost.model import abi

setuptools = pytest.importorskip(
    "setuptools", reason="the build runs in setuptools, which is not installed"
)
build, declare, libraries, places, sources, wording = (
    importlib.import_module(f"callcost.bindings._build.{name}")
    for name in ("build", "declare", "libraries", "places", "sources", "wording")
)


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


def test_extensions_are_not_linked_as_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    command = SimpleNamespace(compiler=SimpleNamespace(linker_so=["clang", "-bundle"]))
    command._plain_compiler = partial(build.BuildMechanisms._plain_compiler, command)
    monkeypatch.setattr(build, "DARWIN", True)
    assert build.BuildMechanisms._library_linker(command).linker_so == ["clang", "-dynamiclib"]
    assert command.compiler.linker_so == ["clang", "-bundle"]


def test_the_core_is_compiled_without_the_interpreters_flags(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(build, "DARWIN", False)
    monkeypatch.setenv("CFLAGS", "-m64")
    monkeypatch.setenv("LDFLAGS", "-Wl,--build-id=none")
    flags = ["-fstack-protector", "-flto", "-g"]
    own = SimpleNamespace(
        compiler=["gcc", *flags], compiler_so=["gcc", *flags], linker_so=["gcc", *flags]
    )
    plain = build.BuildMechanisms._plain_compiler(SimpleNamespace(compiler=own))
    assert plain.compiler_so == ["gcc", "-m64", "-fPIC"]
    assert plain.linker_so == ["gcc", "-m64", "-Wl,--build-id=none", "-shared"]
    assert own.compiler_so == ["gcc", *flags]


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
def test_a_reason_has_no_local_path(text: str, shortened: str) -> None:
    assert wording.without_folders(text) == shortened


def test_a_tool_does_not_get_the_version_of_another_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = importlib.metadata.distribution("pytest")

    class Careless(importlib.metadata.DistributionFinder):
        """Answers with this package whatever it is asked for, as pip's finder does."""

        def find_spec(self, *_: object) -> None:
            return None

        def find_distributions(self, *_: object) -> list[importlib.metadata.Distribution]:
            return [other]

    before = wording.tool_versions()
    monkeypatch.setattr(sys, "meta_path", [Careless(), *sys.meta_path])
    assert importlib.metadata.version("setuptools") == other.version
    assert wording.tool_versions() == before
    assert before["setuptools"] != wording.NOT_INSTALLED


def test_versions_of_libraries_are_those_of_this_machine() -> None:
    found = wording.library_versions()
    assert list(found) == ["Boost", "libffi", "PyO3"]
    assert (
        f'pyo3 = "={found["PyO3"]}"'
        in (places.ROOT / "bindings/pyo3_module/Cargo.toml").read_text()
    )
    there = declare.compiles('#if !__has_include("boost/version.hpp")\n#error\n#endif')
    assert (found["Boost"] == wording.NOT_INSTALLED) != there
    for version in found.values():
        assert re.fullmatch(r"[\d.]+|not installed", version)


def test_a_library_that_is_not_there_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CXX", "no-such-compiler")
    found = wording.library_versions()
    assert found["Boost"] == found["libffi"] == wording.NOT_INSTALLED != found["PyO3"]


def test_a_reason_does_not_name_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/far/some one")
    assert wording.without_folders("no '/far/some one'") == "no '~'"
    assert wording.without_folders("no /far/some one/x/y.h") == "no y.h"
    monkeypatch.setenv("HOME", "/")
    assert wording.without_folders("a/b and /c/d") == "a/b and d"


def test_a_path_in_the_checkout_begins_at_its_root() -> None:
    path = declare.ROOT / "bindings" / "a_b" / "build.py"
    assert (
        wording.reason("it failed", OSError(path)) == "it failed (OSError: bindings/a_b/build.py)"
    )
    assert wording.reason("it failed", OSError("one\ntwo")) == "it failed (OSError: one)"


def test_a_failed_command_is_reported_by_program_and_status() -> None:
    failed = subprocess.CalledProcessError(1, ["/usr/bin/g++", "-c", "/far/someone/a.cpp"])
    told = wording.reason("it did not compile", RuntimeError(failed))
    assert told == "it did not compile (RuntimeError: g++ ended with exit status 1)"
    told = wording.reason("it did not compile", failed)
    assert told == "it did not compile (CalledProcessError: g++ ended with exit status 1)"


def test_a_platform_error_is_reported_unchanged() -> None:
    told = wording.reason(
        "it did not compile", declare.PlatformError("cargo is not installed\n(...)")
    )
    assert told == "cargo is not installed"


def test_a_missing_tool_is_named_with_what_to_do() -> None:
    told = declare._why_undeclared(ModuleNotFoundError("No module named 'a.b'", name="a.b"))
    assert told.startswith("a is not installed: pip install --config-settings mechanisms=all")


def crate(mechanism: str, py_limited_api: object) -> tuple[Any, Any]:
    """Declares the crate of a mechanism as setuptools-rust would hand it over."""
    rust = SimpleNamespace(
        name="_x", path="Cargo.toml", args=(), cargo_manifest_args=(), rustc_flags=(),
        py_limited_api=py_limited_api,
    )  # fmt: skip
    folder = declare.ROOT / "bindings" / mechanism
    return declare.CargoExtension(rust, f"callcost.bindings.{mechanism}", folder), rust


def test_a_rust_extension_is_linked_like_the_others() -> None:
    extension, rust = crate("pyo3_module", "auto")
    assert (extension.name, extension.language) == ("callcost.bindings.pyo3_module._x", "rust")
    assert rust.path == "bindings/pyo3_module/Cargo.toml"
    assert [flag.removeprefix("-Clink-arg=") for flag in rust.rustc_flags] == declare.RPATH_FLAGS


def test_a_crate_depends_on_the_sources_that_it_shares() -> None:
    shared = {f"bindings/pyo3_module/src/{name}.rs" for name in ("lib", "native")}
    for mechanism in ("pyo3_module", "pyo3_abi3"):
        extension, _ = crate(mechanism, "auto")
        assert {*extension.depends} == shared | {f"bindings/{mechanism}/Cargo.toml"}


def test_a_crate_for_the_stable_abi_is_named_once() -> None:
    """Setuptools names the file; setuptools-rust would then cut off the end of that name."""
    for asked, is_stable in ((True, True), (False, False), ("auto", False)):
        extension, rust = crate("pyo3_abi3", asked)
        assert extension.py_limited_api is is_stable
        assert rust.py_limited_api is False


def test_a_tools_own_sources_keep_their_path() -> None:
    folder = declare.ROOT / "bindings" / "python_reference"
    assert declare._source_path("__init__.py", folder) == "bindings/python_reference/__init__.py"
    assert declare._source_path("build/made.c", folder) == "build/made.c"
    assert declare._source_path("/elsewhere/helper.c", folder) == "/elsewhere/helper.c"


def test_an_extension_may_have_its_own_suffix() -> None:
    command = build.BuildMechanisms(setuptools.Distribution())
    command.ext_map = {"a.b": SimpleNamespace(file_suffix=".hpy0.so")}
    assert command.get_ext_filename("a.b") == "a/b.hpy0.so"
    assert command.get_ext_filename("a.c").endswith(places.ABI_TAG + ".so")


def test_arguments_with_a_path_are_not_recorded() -> None:
    assert wording.without_path_tokens(["-O2", "-I/a", "-std=c++17", "b/c"]) == [
        "-O2",
        "-std=c++17",
    ]


def test_a_compiler_without_an_answer_is_none(tmp_path: Path) -> None:
    assert wording.compiler_version([str(tmp_path / "c++")]) == "none"
    assert wording.compiler_version(["false"]) == "none"
    assert wording.compiler_version(["echo", "cc 1.2"]) == "cc 1.2 --version"


def test_last_flags_only_apply_to_their_source() -> None:
    def compile_them(sources: list[str], **how: Any) -> list[str]:
        assert how["extra_postargs"] == ["-std=c++17", "-O2", "-Os"]
        return [source.replace(".cpp", ".o") for source in sources]

    extension = declare.Extension("toy", ["a/one.cpp", "a/two.cpp"])
    extension.extra_compile_args = ["-std=c++17", "-O2"]
    extension.last_flags = {"two.cpp": ["-Os"]}
    compiler = SimpleNamespace(compile=compile_them)
    command = SimpleNamespace(compiler=compiler, build_temp="build", debug=None)
    build.BuildMechanisms._compile_apart(command, extension)
    assert (extension.sources, extension.extra_objects) == (["a/one.cpp"], ["a/two.o"])


def test_each_file_has_the_suffix_of_its_own_extension() -> None:
    names = ["p.stable_mode._module", "p.other_mode._module"]
    extensions = [declare.Extension(name, ["a.c"]) for name in names]
    extensions[0].py_limited_api = True
    distribution = setuptools.Distribution({"ext_modules": extensions})
    distribution.callcost_missing = {}
    command = build.BuildMechanisms(distribution)
    command.ensure_finalized()
    stable, other = (Path(command.get_ext_fullpath(name)).name for name in names)
    assert stable.startswith("_module.") and abi.is_stable(stable)
    # This interpreter must be able to import the file, whatever its suffix for the stable ABI is.
    assert stable.removeprefix("_module") in EXTENSION_SUFFIXES
    assert other == f"_module{sysconfig.get_config_var('EXT_SUFFIX')}"


def test_the_compiler_looks_for_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    assert declare.compiles("#include <vector>")
    assert not declare.compiles("#include <no_such_header>")
    assert not declare.compiles("", "-lno_such_library")
    monkeypatch.setenv("CXX", "/nowhere/c++")
    with pytest.raises(declare.PlatformError, match="C\\+\\+ compiler could not be used"):
        declare.compiles("")


def test_a_build_py_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "bindings" / "tool_mode"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text('"""A tool."""\n')
    (folder / "build.py").write_text(
        "from setuptools.errors import PlatformError\n"
        "raise PlatformError('the tool is not in /far/someone/lib')\n"
    )
    monkeypatch.setattr(declare, "ROOT", tmp_path)
    (tmp_path / "build.py").write_text("EXTENSIONS = []\n")
    monkeypatch.setattr(declare, "DELAYS", tmp_path / "build.py")
    assert declare.declared_extensions() == (
        [],
        {"callcost.bindings.tool_mode": "the tool is not in lib"},
    )


def test_declared_sources_are_named_by_their_place() -> None:
    shared = SimpleNamespace(
        name="callcost.bindings.a_b._x",
        sources=["bindings/c_d/x.pyx"],
        depends=["bindings/a_b/y.pxd", "build/z.c"],
    )
    own = SimpleNamespace(name="callcost.run._delay", sources=["callcost/run/delay.c"], depends=[])
    assert list(sources.declared_sources([shared, own])) == [
        ("callcost/bindings/c_d/x.pyx", Path("bindings/c_d/x.pyx")),
        ("callcost/bindings/a_b/y.pxd", Path("bindings/a_b/y.pxd")),
    ]


def library_that_calls(function: str, folder: Path) -> Path:
    """Compiles a library that calls this function of Python."""
    source = f"extern void {function}(void *); void used(void *it) {{ {function}(it); }}"
    return compiled(source, folder / f"lib{function.strip('_')}.so")


def test_a_library_for_another_build_of_python_is_refused_before_it_is_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ours = libraries._counting_symbols()
    assert ours and all(hasattr(ctypes.pythonapi, name) for name in ours)
    fitting = library_that_calls(min(ours), tmp_path)
    other = library_that_calls("_Py_CountedElsewhere", tmp_path)
    assert libraries.symbols(other) == {"_Py_CountedElsewhere"}
    found = libraries._compiler_says

    def placed(path: Path) -> None:
        monkeypatch.setattr(
            libraries, "_compiler_says",
            lambda *words: str(path) if "-print" in words[0] else found(*words),
        )  # fmt: skip
        libraries.require_this_build("planted")

    placed(fitting)
    with pytest.raises(declare.PlatformError, match=r"planted was compiled for another build"):
        placed(other)


@pytest.mark.parametrize("free_threaded", [0, 1])
def test_a_free_threaded_python_refuses_a_library_that_it_cannot_check(
    free_threaded: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = sysconfig.get_config_var
    monkeypatch.setattr(
        sysconfig, "get_config_var",
        lambda name: free_threaded if name == "Py_GIL_DISABLED" else asked(name),
    )  # fmt: skip
    monkeypatch.setattr(libraries, "symbols", lambda path: None)
    if free_threaded:
        with pytest.raises(declare.PlatformError, match=r"cannot tell .* \d\.\d+t$"):
            libraries.require_this_build("planted")
    else:
        libraries.require_this_build("planted")
