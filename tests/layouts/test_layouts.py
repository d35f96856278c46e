"""A layout is the same library, with its functions and data in another order."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from itertools import pairwise
from pathlib import Path

import pytest
from needs import needs_compiler
from toy_project import git, imported, use_index, write_project

from callcost.layouts import linker
from callcost.layouts.builds import ALTERED, UNSEEN, Layouts, digest, is_gnu
from callcost.layouts.installed import READY_MADE
from callcost.revisions.environments import Built, Recipe, build_all
from callcost.revisions.errors import BuildError
from callcost.revisions.spec import parse

LD = shutil.which("ld")
pytestmark = [
    needs_compiler,
    pytest.mark.skipif(LD is None or not is_gnu(LD), reason="there is no GNU ld"),
]
COUNT = 3
NAMES = [f"number_{number}" for number in range(12)]
# Each function returns its number, by a way through data.
SOURCE = "".join(
    f"static int datum_{name} = {number};\nint {name}(void) {{ return datum_{name}++; }}\n"
    for number, name in enumerate(NAMES)
)
UNUSED = "int an_unused_one(int n) { while (n % 7) n = n * 3 + 1; return n; }\n"
CALLS = """
import ctypes, pathlib
FILE = pathlib.Path(__file__).with_name("native.so")
CORE = ctypes.CDLL(str(FILE))
NAMES = {names}
VALUES = [getattr(CORE, name)() for name in NAMES]
PLACES = [ctypes.cast(getattr(CORE, name), ctypes.c_void_p).value for name in NAMES]
"""
COMPILE = """
import os, shlex, subprocess
compiler = shlex.split(os.environ.get("CC", "cc"))
command = [*compiler, "-shared", "-fPIC", "-O1", "native.c", "-o", "native.so", *{flags}]
subprocess.run(command, check=True)
{afterwards}
"""


# Runs the next compiler on PATH, as ccache does, and fails if that comes back.
NEXT_COMPILER = """#!/bin/sh
test -z "$CAME_BACK" || exit 9
export CAME_BACK=1
IFS=:
for place in $PATH; do
    if [ "$place" != "{own}" ] && [ -x "$place/cc" ]; then exec "$place/cc" "$@"; fi
done
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose build compiles a library; the cache's path has a space."""
    use_index(tmp_path, monkeypatch)
    monkeypatch.setenv("CALLCOST_CACHE", str(tmp_path / "a cache"))
    monkeypatch.delenv("CC", raising=False)
    folder = tmp_path / "project"
    write_project(folder)
    write_native(folder)
    return folder


def write_native(project: Path, *flags: str, source: str = SOURCE, afterwards: str = "") -> None:
    (project / "native.c").write_text(source)
    (project / "during.py").write_text(COMPILE.format(flags=flags, afterwards=afterwards))
    (project / "toy.py").write_text(CALLS.format(names=NAMES))


def built(project: Path, text: str = ".") -> Built:
    (made,) = build_all([parse(text, project)], project, print, recipe=Recipe(layouts=COUNT))
    return made


def pythons(made: Built) -> list[str]:
    """Lists the interpreters of an environment and of its layouts."""
    return [made.python, *(layout.python for layout in made.layouts)]


def order(python: str) -> list[str]:
    """Lists the functions of a layout by their address."""
    places = json.loads(imported(python, "toy.PLACES"))
    return [name for _, name in sorted(zip(places, NAMES, strict=True))]


def assert_layouts(made: Built) -> None:
    """Asserts that an environment has layouts, and that all do the same."""
    assert made.unmoved == {}
    assert len(made.layouts) == COUNT
    assert {imported(python, "toy.VALUES") for python in pythons(made)} == {str([*range(12)])}
    files = [Path(imported(python, "toy.FILE")) for python in pythons(made)]
    assert len({hashlib.sha256(file.read_bytes()).hexdigest() for file in files}) == 1 + COUNT
    orders = [order(python) for python in pythons(made)]
    assert orders[0] == NAMES
    assert len(set(map(tuple, orders))) == 1 + COUNT


@pytest.mark.parametrize("flags", [(), ("-flto",), ("-g", "-Wl,-z,now", "-Wl,--gc-sections")])
def test_each_layout_is_the_same_library_in_another_order(
    project: Path, flags: tuple[str, ...]
) -> None:
    write_native(project, *flags)
    assert_layouts(built(project))


def test_a_library_may_lose_its_symbols(project: Path) -> None:
    write_native(project, "-g", afterwards='subprocess.run(["strip", "native.so"], check=True)')
    assert_layouts(built(project))


def test_a_library_may_be_installed_under_another_name(project: Path) -> None:
    # As cargo's are. There is another library, too.
    more = 'subprocess.run(["cc", "-shared", "-xc", "/dev/null", "-o", "native.so"], check=True); '
    afterwards = (
        f'os.rename("native.so", "libcore.so"); {more}os.replace("libcore.so", "native.so")'
    )
    write_native(project, afterwards=afterwards)
    assert_layouts(built(project))


def test_a_compiler_may_be_named_by_its_path(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", f"{shutil.which('cc')} -O2")
    assert_layouts(built(project))


def test_a_compiler_may_look_for_the_next_of_its_name(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "first"
    programs.mkdir()
    compiler = programs / "cc"
    compiler.write_text(NEXT_COMPILER.format(own=programs))
    compiler.chmod(0o700)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    assert_layouts(built(project))


def test_arguments_may_come_from_a_file(project: Path) -> None:
    (project / "arguments").write_text('-shared -o "native.so"\n')
    write_native(project, "-Wl,@arguments")
    assert_layouts(built(project))


def test_functions_begin_at_cache_lines(project: Path) -> None:
    for python in pythons(built(project)):
        assert {place % 64 for place in json.loads(imported(python, "toy.PLACES"))} == {0}


def test_both_sides_have_their_common_functions_in_the_same_order(project: Path) -> None:
    git(project, "add", ".")
    git(project, "commit", "--quiet", "-m", "two")
    write_native(project, source=UNUSED + SOURCE)
    for old, new in zip(*map(pythons, (built(project, "main"), built(project))), strict=True):
        assert order(old) == order(new)


def test_without_sections_of_functions_object_files_move(project: Path) -> None:
    files = [f"part_{name}.c" for name in NAMES]
    for file, line in zip(files, SOURCE.replace("\nint", "; int").splitlines(), strict=True):
        (project / file).write_text(line)
    write_native(project, *files, "-fno-function-sections", source="")
    assert_layouts(built(project))


@pytest.mark.parametrize(
    ("flags", "afterwards", "reason"),
    [
        ((), 'data = open("native.so", "rb").read().replace(b"number_1\\0", b"number_X\\0"); '
             'open("native.so", "wb").write(data)', ALTERED),
        (("-Wl,-T,script",), "", "it is linked by a script of its own"),
    ],
)  # fmt: skip
def test_a_library_without_layouts_has_a_reason(
    project: Path, flags: tuple[str, ...], afterwards: str, reason: str
) -> None:
    found = subprocess.run(["ld", "-shared", "--verbose"], capture_output=True, text=True)
    script = linker.SCRIPT.search(found.stdout)
    assert script is not None
    (project / "script").write_text(script[1])
    write_native(project, *flags, afterwards=afterwards)
    made = built(project)
    assert list(made.unmoved.values()) == [reason]
    assert made.layouts == ()


def test_a_library_from_elsewhere_has_no_layouts(project: Path) -> None:
    command = ["cc", "-shared", "-fPIC", "native.c", "-o", "native.so"]
    subprocess.run(command, cwd=project, check=True)
    (project / "during.py").unlink()
    made = built(project)
    assert made.unmoved == {"native.so": UNSEEN}
    assert made.layouts == ()


def test_a_requirement_gets_layouts_if_it_is_built_here(project: Path, tmp_path: Path) -> None:
    (project / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1\n")
    with tarfile.open(tmp_path / "index" / "toy-1.tar.gz", "w:gz") as sdist:
        sdist.add(project, "toy-1")
    folder = tmp_path / "only measures"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("[tool.callcost.compare]\n")
    elsewhere = built(folder, ".+toy")
    assert elsewhere.unmoved == {"native.so": READY_MADE.format(name="toy")}
    assert elsewhere.layouts == ()
    (folder / "pyproject.toml").write_text('[tool.callcost.compare]\nfrom-source = ["Toy"]\n')
    assert_layouts(built(folder, ".+toy"))
    with pytest.raises(BuildError, match="from-source names toy, which nothing requires"):
        built(folder)


def test_as_many_layouts_are_made_as_asked_for(project: Path) -> None:
    (one,) = build_all([parse(".", project)], project, print)
    assert one.layouts == ()
    assert one.key != built(project).key


def test_a_damaged_layout_is_made_again(project: Path) -> None:
    first = built(project)
    key = first.key
    Path(first.layouts[1].python).parent.unlink()
    first.lock.close()
    again = built(project)
    assert again.key == key and not again.reused
    assert_layouts(again)


def test_a_linker_that_fails_fails(tmp_path: Path) -> None:
    command = [sys.executable, linker.__file__, str(LD), str(tmp_path), "2", linker.LIBRARIES]
    command += ["-shared", "nothing.o"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0 and "nothing.o" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_gnu_ld_only_functions_are_aligned(tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    compiler = programs / "cc"
    compiler.write_text('#!/bin/sh\necho "$@"\n')
    compiler.chmod(0o700)
    layouts = Layouts(tmp_path / "layouts", COUNT)
    variables = layouts.variables({"PATH": str(programs)}, ("cc", "c++"))
    assert variables["PATH"].split(":")[1:] == [str(programs)]
    command = [f"{variables['PATH'].split(':')[0]}/cc", "-c", "a file.c"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.startswith("-c a file.c -falign-functions=64 ")
    assert "ld" not in {path.name for path in (tmp_path / "layouts" / "bin").iterdir()}


MAIN = """
int second(int n) { return n + 1; }
int main(void) { return second(41) != 42; }
"""


@pytest.mark.parametrize("kind", [linker.LIBRARIES, linker.PROGRAMS])
def test_a_program_has_layouts_if_asked_for(kind: str, tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text(MAIN, encoding="utf-8")
    layouts = Layouts(tmp_path / "layouts", 2, aligned=False, programs=kind == linker.PROGRAMS)
    made = layouts.variables(dict(os.environ), ("cc", "c++"))
    environment = {**os.environ, "CC": "cc", **made}
    program = tmp_path / "program"
    subprocess.run(["cc", "main.c", "-o", str(program)], cwd=tmp_path, env=environment, check=True)
    moved, unmoved = layouts.moved([program])
    if kind == linker.LIBRARIES:
        assert moved == [] and unmoved == {program: UNSEEN}
        return
    assert unmoved == {} and len(moved) == 2
    for layout in moved:
        subprocess.run([str(layout[program])], check=True)
    assert len({digest(path) for path in (program, *(each[program] for each in moved))}) == 3


@pytest.mark.parametrize("primary", [False, True])
def test_the_crates_that_cargo_only_needs_have_no_layouts(
    primary: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARGO", "cargo")
    if primary:
        monkeypatch.setenv("CARGO_PRIMARY_PACKAGE", "1")
    assert linker._is_wanted(["-shared"], linker.LIBRARIES) is primary


def test_orders_do_not_depend_on_what_else_is_there() -> None:
    pieces = [(name, f"*({name})") for name in NAMES]
    orders = []
    for chosen in (pieces, pieces[3:], pieces[::-1]):
        script = linker.shuffled("  .text : {\n  }", {".text": chosen}, 1)
        orders.append([name for name in script.split() if "number" in name])
    assert set(orders[1]) < set(orders[0])
    assert orders[0] == orders[2] != [pattern for _, pattern in pieces]
    places = [orders[0].index(name) for name in orders[1]]
    assert all(one < other for one, other in pairwise(places))
