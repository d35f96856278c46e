"""A build that does not match the sources or the interpreter is refused, by name."""

from __future__ import annotations

import hashlib
import importlib.machinery
import json
import shutil
import sysconfig
from pathlib import Path

import pytest

from callcost.bindings import registry
from callcost.bindings.registry import Build, Mechanism, StaleBuildError, mechanisms

FASTCALL = "cpython_fastcall"


@pytest.fixture
def copy(tmp_path: Path) -> tuple[Build, Mechanism]:
    """A copy of one built mechanism and of the manifest, for tests to damage."""
    shutil.copytree(registry.FOLDER / FASTCALL, tmp_path / FASTCALL)
    for manifest in registry.FOLDER.glob("built.*.json"):
        shutil.copy(manifest, tmp_path)
    (mechanism,) = mechanisms(tmp_path)
    return Build(tmp_path), mechanism


def test_every_folder_is_found_with_a_summary() -> None:
    names = [mechanism.name for mechanism in mechanisms()]
    # A folder whose name starts with an underscore holds no mechanism.
    folders = [path.parent.name for path in registry.FOLDER.glob("[!_]*/__init__.py")]
    assert names == sorted(folders)
    assert all(m.summary.endswith(".") and len(m.summary) > 30 for m in mechanisms())
    assert all("_" in name for name in names), "<tool>_<mode>: a bare name could hide a module"


def test_every_mechanism_has_a_card_for_people() -> None:
    cards = [mechanism.card for mechanism in mechanisms()]
    labels = [card.label for card in cards]
    assert len(set(labels)) == len(labels)
    for card in cards:
        assert card.you_write in registry.WRITTEN
        assert card.home_page.startswith("https://") and card.to_install
        assert 0 < len(card.label) <= 28
    # A tool has one name, home page and install line, and its users write one thing.
    by_code: dict[str, set[tuple[str, ...]]] = {}
    for mechanism in mechanisms():
        card = mechanism.card
        told = (card.tool, card.you_write, card.home_page, card.to_install)
        by_code.setdefault(mechanism.tool, set()).add(told)
    assert all(len(told) == 1 for told in by_code.values())
    assert len({next(iter(told))[0] for told in by_code.values()}) == len(by_code)


def test_a_docstring_says_what_is_legacy_and_what_is_compiled_for_the_stable_abi(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "a_tool"
    folder.mkdir()
    text = (
        '"""A tool.\n\nStable ABI of:\n- b_tool: the same.\n\nLegacy:\n- A: it has\n  ended.\n"""'
    )
    (folder / "__init__.py").write_text(text, encoding="utf-8")
    mechanism = Mechanism("a_tool", folder)
    assert (mechanism.stable_form_of, mechanism.legacy) == ("b_tool", "it has ended.")
    (folder / "__init__.py").write_text('"""A tool."""', encoding="utf-8")
    mechanism = Mechanism("a_tool", folder)
    assert (mechanism.stable_form_of, mechanism.legacy) == (None, None)


def test_what_was_built_is_accepted(copy: tuple[Build, Mechanism]) -> None:
    build, mechanism = copy
    build.check_sources(mechanism)
    assert build.missing(mechanism) is None


def test_a_changed_source_is_refused(copy: tuple[Build, Mechanism]) -> None:
    build, mechanism = copy
    with (mechanism.folder / "fastcall.c").open("a") as source:
        source.write("/* changed */\n")
    with pytest.raises(StaleBuildError, match=r"fastcall\.c was changed after it was built"):
        build.check_sources(mechanism)


def test_a_changed_source_in_another_folder_is_refused_if_it_is_used(
    copy: tuple[Build, Mechanism],
) -> None:
    build, mechanism = copy
    shared = mechanism.folder.with_name("cpython_varargs") / "varargs.c"
    shutil.copytree(registry.FOLDER / shared.parent.name, shared.parent)
    build.facts["depends"] = {mechanism.module: ["callcost/bindings/cpython_varargs/varargs.c"]}
    build.check_sources(mechanism)
    shared.write_text("/* changed */\n")
    with pytest.raises(StaleBuildError, match=r"varargs\.c was changed after it was built"):
        build.check_sources(mechanism)
    build.facts["depends"] = {}
    build.check_sources(mechanism)


def test_a_second_importable_file_is_refused(copy: tuple[Build, Mechanism]) -> None:
    build, mechanism = copy
    for suffix in importlib.machinery.EXTENSION_SUFFIXES[1:]:
        stale = mechanism.folder / f"_fastcall{suffix}"
        stale.touch()
        with pytest.raises(StaleBuildError, match="remove what is stale"):
            build.check_sources(mechanism)
        stale.unlink()


@pytest.mark.parametrize("suffix", importlib.machinery.EXTENSION_SUFFIXES)
def test_a_file_that_hides_a_generated_module_is_refused(tmp_path: Path, suffix: str) -> None:
    generated = next(m for m in mechanisms() if (m.folder / "_generated.py").exists())
    shutil.copytree(generated.folder, tmp_path / generated.name)
    for manifest in registry.FOLDER.glob("built.*.json"):
        shutil.copy(manifest, tmp_path)
    (mechanism,) = mechanisms(tmp_path)
    Build(tmp_path).check_sources(mechanism)
    (mechanism.folder / f"_generated{suffix}").touch()
    with pytest.raises(StaleBuildError, match="remove what is stale"):
        Build(tmp_path).check_sources(mechanism)


def test_a_file_with_the_tag_of_another_interpreter_is_refused(
    copy: tuple[Build, Mechanism],
) -> None:
    build, mechanism = copy
    built = mechanism.folder / f"_fastcall{sysconfig.get_config_var('EXT_SUFFIX')}"
    built.rename(built.with_name("_fastcall.cpython-39-x86_64-linux-gnu.so"))
    with pytest.raises(StaleBuildError, match="this interpreter finds nothing"):
        build.check_sources(mechanism)


def test_a_file_that_no_import_finds_is_accepted_alone(
    copy: tuple[Build, Mechanism],
) -> None:
    build, mechanism = copy
    (built,) = [file for file in build.files(mechanism) if file.module]
    path = built.path.rename(mechanism.folder / "_fastcall.hpy0.so")
    build.facts["files"] = {f"callcost/bindings/{FASTCALL}/{path.name}": built.sha256}
    build.check_sources(mechanism)
    shutil.copy(path, built.path)
    with pytest.raises(StaleBuildError, match=r"made _fastcall\.hpy0\.so .* finds _fastcall\.cpy"):
        build.check_sources(mechanism)


def test_a_changed_source_in_a_folder_below_is_refused(copy: tuple[Build, Mechanism]) -> None:
    build, mechanism = copy
    build.facts["sources"][f"callcost/bindings/{FASTCALL}/src/lib.rs"] = "of another text"
    (mechanism.folder / "src").mkdir()
    (mechanism.folder / "src" / "lib.rs").touch()
    with pytest.raises(StaleBuildError, match=r"src/lib\.rs was changed after it was built"):
        build.check_sources(mechanism)


def test_a_manifest_of_another_interpreter_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "built.cpython-39-x86_64-linux-gnu.json").write_text("{}")
    with pytest.raises(StaleBuildError, match="nothing was built for this interpreter"):
        Build(tmp_path)


def test_a_mechanism_added_after_the_build_says_so(copy: tuple[Build, Mechanism]) -> None:
    build, mechanism = copy
    added = mechanism.folder.with_name("toy_mode")
    shutil.copytree(mechanism.folder, added)
    assert "added after the build" in (build.missing(Mechanism("toy_mode", added)) or "")


def test_the_reason_why_a_mechanism_was_not_built_is_kept(copy: tuple[Build, Mechanism]) -> None:
    build, mechanism = copy
    build.facts["missing"][mechanism.module] = "no tool"
    assert build.missing(mechanism) == "no tool"


def with_build_file(mechanism: Mechanism, text: str) -> Mechanism:
    """Returns another mechanism, of plain Python, with this build.py."""
    folder = mechanism.folder.with_name("toy_mode")
    folder.mkdir(exist_ok=True)
    (folder / "build.py").write_text(text)
    return Mechanism("toy_mode", folder)


@pytest.mark.parametrize("extensions", ["", "EXTENSIONS = []\n"])
def test_a_required_package_that_is_not_installed_is_named(
    copy: tuple[Build, Mechanism], extensions: str
) -> None:
    build, mechanism = copy
    plain = with_build_file(mechanism, extensions + 'REQUIRES = ["json"]\n')
    assert (plain.compiled, plain.links_core, build.missing(plain)) == (False, False, None)
    plain = with_build_file(mechanism, extensions + 'REQUIRES = ["json", "no_such_package"]\n')
    assert build.missing(plain) == "no_such_package is not installed (pip install no_such_package)"


def test_a_failed_build_is_reported_before_missing_packages(copy: tuple[Build, Mechanism]) -> None:
    build, mechanism = copy
    made = with_build_file(mechanism, 'REQUIRES = ["no_such_package"]\nEXTENSIONS = [object()]\n')
    assert "added after the build" in (build.missing(made) or "")
    build.facts["missing"][made.module] = "no tool"
    assert build.missing(made) == "no tool"


def test_a_mechanism_says_whether_it_links_the_core(copy: tuple[Build, Mechanism]) -> None:
    _, mechanism = copy
    assert (mechanism.compiled, mechanism.links_core) == (True, True)
    with (mechanism.folder / "build.py").open("a") as declared:
        declared.write("LINKS_CORE = False\n")
    changed = Mechanism(mechanism.name, mechanism.folder)
    assert (changed.compiled, changed.links_core) == (True, False)


def test_a_source_in_another_folder_counts(copy: tuple[Build, Mechanism]) -> None:
    build, mechanism = copy
    shared = mechanism.folder.with_name("toy_mode") / "shared.h"
    shared.parent.mkdir()
    shared.write_text("")
    name = f"callcost/bindings/{FASTCALL}/../toy_mode/shared.h"
    build.facts["sources"][name] = hashlib.sha256(b"").hexdigest()
    build.check_sources(mechanism)
    shared.write_text("changed")
    with pytest.raises(StaleBuildError, match=r"\.\./toy_mode/shared\.h was changed after"):
        build.check_sources(mechanism)


def toy(folder: Path, unsupported: str) -> Mechanism:
    """Returns a mechanism whose module must not be imported."""
    folder = folder / "toy_mode"
    folder.mkdir()
    section = f"\n\nUnsupported:\n{unsupported}\n" if unsupported else ""
    (folder / "__init__.py").write_text(f'"""A toy.{section}"""\nraise SystemExit\n')
    (mechanism,) = mechanisms(folder.parent)
    return mechanism


def test_what_a_mechanism_offers_is_read_without_an_import(tmp_path: Path) -> None:
    mechanism = toy(tmp_path, "- a, b: too long\n  to type.\n- c: too short.")
    assert (mechanism.tool, mechanism.summary) == ("toy", "A toy.")
    assert mechanism.unsupported == {
        "a": "too long to type.",
        "b": "too long to type.",
        "c": "too short.",
    }
    assert [name for name in "abcde" if mechanism.offers(name)] == ["d", "e"]
    assert mechanism.why_unsupported("b") == "too long to type."


def test_a_mechanism_may_list_the_few_functions_that_it_offers(tmp_path: Path) -> None:
    mechanism = toy(tmp_path, "- c: too short.\n- everything but b, c: it is a toy.")
    assert [name for name in "abcde" if mechanism.offers(name)] == ["b"]
    assert mechanism.why_unsupported("c") == "too short."
    assert mechanism.why_unsupported("d") == "it is a toy."


def test_a_mechanism_that_lists_nothing_offers_everything(tmp_path: Path) -> None:
    mechanism = toy(tmp_path, "")
    assert mechanism.offers("a")
    assert mechanism.why_unsupported("a") == ""


def test_the_manifest_lists_compiler_flags_and_tools() -> None:
    facts = Build().facts
    assert "-O2 -fno-lto" in facts["compile_command"]
    assert {"cffi", "Cython", "pybind11"} <= set(facts["tools"])
    assert json.dumps(facts).count("sha256") == 0
    assert all(len(digest) == 64 for digest in facts["files"].values())
