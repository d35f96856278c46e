"""`callcost inspect`: right about every kind of library; one sentence about anything else."""

from __future__ import annotations

import ctypes
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from command_line import callcost
from libraries import ARM64, OBJECT, X86_64, compiled, mach_o, universal, windows_extension

from callcost import native
from callcost.benchmarks.catalogue import WORKLOADS
from callcost.bindings.registry import Build, mechanisms
from callcost.inspect.document import document
from callcost.inspect.facts import Library, RefusedError
from callcost.inspect.names import source_name, text
from callcost.inspect.reader import Reader
from callcost.model import abi

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="about ELF and its loader")

EXTENSIONS = [
    file.path
    for mechanism in mechanisms()
    if not Build().missing(mechanism)
    for file in Build().files(mechanism)
    if file.module and file.path.suffix == ".so"
]
MUTATED_FILES = 1000


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as one:
        yield one


def inspected(reader: Reader, path: Path) -> dict[str, Any]:
    """Inspects a library for one processor as `--json` does, in a process that many tests share."""
    (library,) = reader.read(path)
    return as_json(library, path)


def as_json(library: Library, path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(document(library, path.name)))
    return found


def said(found: dict[str, Any]) -> str:
    return " ".join(found["sentences"])


def exports(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {export["name"]: export for export in found["exports"]}


# The core library.


def test_the_core_exports_what_the_workloads_call(reader: Reader) -> None:
    offered = exports(inspected(reader, native.LIBRARY))
    functions = {w.c_name for w in WORKLOADS if w.name != "constant"}
    assert functions <= {n for n, each in offered.items() if each["callable_by_plain_name"]}
    assert offered["answer"]["kind"] == "data"
    assert "not a function: read it with c_int.in_dll" in offered["answer"]["why_not"]


def test_the_command_lists_everything_within_a_readable_width() -> None:
    done = callcost("inspect", str(native.LIBRARY))
    assert done.returncode == 0, done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert {w.c_name for w in WORKLOADS if w.name != "constant"} <= set(lines)
    assert "answer" in lines
    assert max(map(len, lines)) <= 126
    assert done.stderr == ""


def test_json_agrees_with_the_tables(reader: Reader) -> None:
    done = callcost("inspect", str(native.LIBRARY), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["libraries"] == [inspected(reader, native.LIBRARY)]


# Extension modules: each report is compared with the behaviour of the entry point.


CALL_ENTRY = """
import ctypes, importlib, os, sys
path, entry, folder = sys.argv[1:]
# Under its own name first: some run their whole body in the entry point.
importlib.import_module(f"callcost.bindings.{folder}")
call = getattr(ctypes.PyDLL(path), entry)
call.restype = ctypes.c_void_p
print(type(ctypes.cast(call(), ctypes.py_object).value).__name__, flush=True)
os._exit(0)  # the second module of its kind is not fit for an orderly end
"""


def kind_of_entry(path: Path, entry: str) -> str:
    """Calls an entry point in its own process; multi-phase ones return a definition."""
    command = [sys.executable, "-c", CALL_ENTRY, str(path), entry, path.parent.name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
    return {"moduledef": "multi-phase", "module": "single-phase"}[done.stdout.strip()]


@pytest.mark.parametrize("path", EXTENSIONS, ids=lambda path: path.parent.name)
def test_an_extension_is_recognised_by_its_entry_point(path: Path, reader: Reader) -> None:
    found = inspected(reader, path)
    extension = found["extension"]
    assert extension["module"] == path.name.partition(".")[0]
    assert extension["entry"] in exports(found)
    assert f".{extension['abi_tag']}." in path.name
    if extension["entry"].startswith("HPy"):
        assert found["python_api"] is None
        return
    truth = kind_of_entry(path, extension["entry"])
    assert extension["phases"] in (truth, None)
    # Undecided is only right if the library expects neither function.
    expected = {each["name"] for each in found["imports"]}
    told = expected & {"PyModuleDef_Init", "PyModule_Create2"}
    assert (extension["phases"] is None) == (len(told) != 1), said(found)


@pytest.mark.parametrize("path", EXTENSIONS, ids=lambda path: path.parent.name)
def test_the_interpreter_supplies_the_c_api(path: Path, reader: Reader) -> None:
    found = inspected(reader, path)
    if found["python_api"] is None:
        return
    used = found["python_api"]["in_stable_abi_since"]
    assert all(hasattr(ctypes.pythonapi, name) for name in used)
    assert f"It expects {len(used):,} symbols of Python's C API" in said(found)
    if abi.is_stable(path.name):
        assert found["python_api"]["keeps_to_limited_api"], said(found)
        assert "Limited API: kept, as it promises" in said(found)


def test_a_reference_module_leaves_the_limited_api(reader: Reader) -> None:
    (path,) = [path for path in EXTENSIONS if path.parent.name == "cpython_fastcall"]
    api = inspected(reader, path)["python_api"]
    outside = {name for name, since in api["in_stable_abi_since"].items() if since is None}
    assert "PyObject_CallOneArg" in outside
    assert api["in_stable_abi_since"]["PyModuleDef_Init"] == "3.5"


@needs_linux
@pytest.mark.parametrize(
    ("called", "phases", "limited"),
    [
        (("PyModuleDef_Init", "PyType_FromModuleAndSpec"), "multi-phase", "3.10"),
        (("PyModule_Create2",), "single-phase", "3.2"),
        (("PyModuleDef_Init", "PyModule_Create2"), None, "3.5"),
        (("PyModule_Create2", "_PyType_Lookup"), "single-phase", None),
    ],
)
def test_planted_symbols_are_reported(
    called: tuple[str, ...], phases: str | None, limited: str | None, tmp_path: Path, reader: Reader
) -> None:
    calls = " + ".join(f"(long){name}()" for name in called)
    source = "".join(f"extern void *{name}();" for name in called)
    source += f"void *PyInit_planted(void) {{ return (void *)({calls}); }}"
    found = inspected(reader, compiled(source, tmp_path / "planted.abi3.so"))
    assert found["extension"]["phases"] == phases
    api = found["python_api"]
    assert api["keeps_to_limited_api"] == (limited is not None)
    if limited is None:
        assert "it breaks the limited API, which it promises to keep. 1 of the 2 symbols" in said(
            found
        )
    else:
        assert api["least_python"] == limited


@needs_linux
def test_a_mismatch_of_module_and_file_name_is_reported(tmp_path: Path, reader: Reader) -> None:
    name = "bücher".encode("punycode").decode().replace("-", "_")
    source = f"void *PyInitU_{name}(void) {{ return 0; }}"
    found = inspected(reader, compiled(source, tmp_path / "bücher.so"))
    assert found["extension"]["module"] == "bücher"
    assert "has no ABI tag" in said(found) and "But its file" not in said(found)
    renamed = (tmp_path / "bücher.so").rename(tmp_path / "other.cpython-313t-darwin.so")
    told = said(inspected(reader, renamed))
    assert "import other looks for another entry point than PyInitU_" in told
    assert "only free-threaded CPython 3.13 on darwin imports it" in told


# Whether ctypes finds a function by its name, compared with ctypes itself.


def has(library: ctypes.CDLL, name: str) -> bool:
    """Looks up a name, but not as an attribute, which ctypes refuses for names like __this__."""
    try:
        return bool(library[name])
    except AttributeError:
        return False


CPP = """
int twice(int n) { return 2 * n; }
extern "C" int plain(int n) { return n; }
namespace inner { int nested(int n) { return n; } }
struct Counter { int n; int next(); };
int Counter::next() { return ++n; }
template <class T> T same(T n) { return n; }
template int same<int>(int);
int number = 3;
thread_local int own = 4;
"""


def test_mangled_names_are_reported_with_a_remedy(tmp_path: Path, reader: Reader) -> None:
    path = compiled(CPP, tmp_path / "libcpp.so", language="c++")
    offered = {
        export["source_name"] or export["name"]: export
        for export in inspected(reader, path)["exports"]
    }
    library = ctypes.CDLL(str(path))
    assert offered["plain"]["callable_by_plain_name"] and has(library, "plain")
    assert not has(library, "twice")
    assert offered["twice(int)"]["why_not"] == 'mangled by C++: declare it extern "C"'
    for member in ("inner::nested(int)", "Counter::next()", "int same<int>(int)"):
        assert "class, namespace or template" in offered[member]["why_not"]
        assert has(library, offered[member]["name"])
    assert offered["number"]["kind"] == "data"
    assert offered["own"]["kind"] == "data, one for each thread"


@needs_linux
def test_old_versions_are_not_found_by_name(tmp_path: Path, reader: Reader) -> None:
    script = tmp_path / "versions.map"
    script.write_text("OLD { global: f; g; local: *; }; NEW { global: f; } OLD;")
    source = (
        '__asm__(".symver f_old, f@OLD"); int f_old(void) { return 1; }'
        '__asm__(".symver f_new, f@@NEW"); int f_new(void) { return 2; }'
        '__asm__(".symver g_old, g@OLD"); int g_old(void) { return 3; }'
    )
    path = compiled(source, tmp_path / "libversions.so", f"-Wl,--version-script={script}")
    found = inspected(reader, path)["exports"]
    verdicts = {(e["name"], e["version"]): e["callable_by_plain_name"] for e in found}
    assert verdicts == {("f", "OLD"): False, ("f", "NEW"): True, ("g", "OLD"): False}
    library = ctypes.CDLL(str(path))
    assert library.f() == 2 and not has(library, "g")


@needs_linux
@pytest.mark.parametrize("name", ["libc.so.6", "libstdc++.so.6", "libm.so.6"])
def test_ctypes_finds_the_names_reported_as_callable(name: str, reader: Reader) -> None:
    library = ctypes.CDLL(name)
    maps = Path("/proc/self/maps").read_text().splitlines()
    path = next(Path(line.split()[-1]) for line in maps if f"/{name}" in line)
    found = inspected(reader, path)["exports"]
    plain = {e["name"] for e in found if e["callable_by_plain_name"]}
    functions = {e["name"] for e in found if e["kind"] == "function" and not e["source_name"]}
    assert len(plain) > 20
    assert [each for each in plain if not has(library, each)] == []
    assert [each for each in functions - plain if has(library, each)] == []


@needs_linux
@pytest.mark.parametrize(
    ("flag", "kind", "words"),
    [
        ("--disable-new-dtags", "DT_RPATH", "looks there before it looks in LD_LIBRARY_PATH"),
        ("--enable-new-dtags", "DT_RUNPATH", "looks there after it has looked in LD_LIBRARY_PATH"),
    ],
)
def test_the_search_path_is_explained(
    flag: str, kind: str, words: str, tmp_path: Path, reader: Reader
) -> None:
    path = compiled(
        "int f(void) { return 0; }", tmp_path / "libf.so",
        f"-Wl,{flag},-rpath,$ORIGIN/near,-soname,libf.so.1",
    )  # fmt: skip
    found = inspected(reader, path)
    assert {"kind": kind, "folders": ["$ORIGIN/near"]} in found["search"]
    assert found["name"] == "libf.so.1"
    assert words in said(found) and "$ORIGIN is the folder of this library" in said(found)


@needs_linux
def test_imports_have_the_origin_that_the_file_names(reader: Reader) -> None:
    expected = {each["name"]: each for each in inspected(reader, native.LIBRARY)["imports"]}
    assert expected["malloc"]["origin"] == "libc.so.6"
    assert expected["malloc"]["version"].startswith("GLIBC_")
    assert expected["__gmon_start__"]["weak"]


def test_a_program_is_not_a_library(reader: Reader) -> None:
    assert "neither ctypes nor import can load it" in said(inspected(reader, Path(sys.executable)))


@pytest.mark.parametrize(
    ("mangled", "told"),
    [
        ("_ZN3foo3barEi", ("foo::bar(int)", "C++")),
        ("?twice@@YAHH@Z", ("int __cdecl twice(int)", "C++")),
        ("_RNvC6_123foo3bar", ("123foo::bar", "Rust")),
        ("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", ("core::fmt::Formatter::pad", "Rust")),
        ("_ZGTtNKSt9exceptionD1Ev", ("transaction clone of std::exception::~exception() const",
                                     "C++")),
        ("_Zero", (None, None)),
        ("_Read", (None, None)),
        ("fibonacci", (None, None)),
    ],
)  # fmt: skip
def test_names_are_demangled(mangled: str, told: tuple[str | None, str | None]) -> None:
    assert source_name(mangled) == told


def test_names_from_a_file_cannot_steer_a_terminal() -> None:
    assert text(b"a\x1b[2J\xff") == r"a\x1b[2J\xff"


# Other formats than this machine's.


def test_a_windows_extension(tmp_path: Path, reader: Reader) -> None:
    path = windows_extension(tmp_path / "sample.cp311-win_amd64.pyd")
    found = inspected(reader, path)
    assert (found["format"], found["architecture"], found["name"]) == ("PE", "amd64", "sample.dll")
    assert found["extension"]["phases"] == "multi-phase"
    assert found["python_api"]["supplier"] == "python311.dll"
    offered = exports(found)
    assert offered["?twice@@YAHH@Z"]["why_not"] == 'mangled by C++: declare it extern "C"'
    assert offered["answer"]["kind"] == "data"
    assert "only CPython 3.11 on win_amd64 imports it" in said(found)


def test_a_universal_library_of_macos(tmp_path: Path, reader: Reader) -> None:
    path = tmp_path / "sample.cpython-311-darwin.so"
    path.write_bytes(universal((ARM64, mach_o()), (X86_64, mach_o(X86_64, expected="Py_None"))))
    first, second = (as_json(library, path) for library in reader.read(path))
    assert [each["architecture"] for each in (first, second)] == ["arm64", "x86_64"]
    assert first["extension"]["phases"] == "single-phase"
    assert second["extension"]["phases"] is None
    assert first["name"] == "@rpath/libsample.dylib"
    assert first["search"] == [{"kind": "LC_RPATH", "folders": ["@loader_path/../lib"]}]
    assert first["needed"] == [{"name": "/usr/lib/libSystem.B.dylib", "how": None}]
    offered = exports(first)
    assert offered["PyInit_sample"]["callable_by_plain_name"]
    assert offered["_Z5twicei"]["source_name"] == "twice(int)"
    assert offered["answer"]["kind"] == "data"
    origins = {each["name"]: each["origin"] for each in first["imports"]}
    assert origins == {"PyModule_Create2": None, "puts": "/usr/lib/libSystem.B.dylib"}


def test_equal_libraries_for_several_processors_are_shown_once(tmp_path: Path) -> None:
    path = tmp_path / "sample.dylib"
    path.write_bytes(universal((ARM64, mach_o()), (X86_64, mach_o(X86_64))))
    done = callcost("inspect", str(path))
    assert done.returncode == 0, done.stderr
    assert "The library for x86_64 is the same in all points below." in done.stdout
    assert done.stdout.count("_Z5twicei") == 1


# Files that are not libraries, or damaged.


def make_inputs(folder: Path) -> dict[str, Path]:
    """Makes one file of each kind that is refused."""
    core = native.LIBRARY.read_bytes()
    contents = {
        "empty.so": b"",
        "text.so": "GROUP ( libc.so.6 ) – a linker's script\n".encode() * 500,
        "header.so": core[:4],
        "truncated.so": core[: len(core) // 2],
        "object.obj": bytes.fromhex("64860100") + bytes(100),
        "object.macho": mach_o(file_type=OBJECT),
        "truncated.dylib": mach_o()[:-40],
        "archive.a": b"!<arch>\n",
        "noise.so": random.Random(5).randbytes(5000),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    with zipfile.ZipFile(folder / "wheel.whl", "w") as wheel:
        wheel.writestr("module.py", "")
    windows = windows_extension(folder / "truncated.pyd")
    windows.write_bytes(windows.read_bytes()[:-600])
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to(folder / "loop")
    return {path.name: path for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("missing.so", "does not exist: look for a mistake in its name"),
        ("empty.so", "is empty (0 bytes)"),
        ("text.so", "is a text file: inspect a shared library"),
        ("header.so", "begins like an ELF file, but has nothing that a loader would load"),
        ("truncated.so", "it is cut off or damaged"),
        ("truncated.dylib", "it is cut off or damaged"),
        ("truncated.pyd", "it is cut off or damaged"),
        ("object.obj", "is an object file, which is not linked yet"),
        ("object.macho", "is an object file, which is not linked yet"),
        ("archive.a", "is a static library, which a linker copies from"),
        ("noise.so", "is neither ELF nor PE nor Mach-O"),
        ("wheel.whl", "is a zip archive, as a wheel is: unpack it"),
        ("pipe", "is a pipe, a socket or a device: name a file"),
        ("/dev/zero", "is a pipe, a socket or a device: name a file"),
        (".", "is a folder: name a file in it"),
        ("loop", "cannot be read"),
        ("empty.so/file.so", "cannot be read (Not a directory)"),
        ("x" * 300, "cannot be read (File name too long)"),
        ("not\udcffutf8.so", "has a name that is not UTF-8 in this locale: rename it"),
    ],
)
def test_bad_input_gets_one_sentence_and_exit_code_2(
    name: str, sentence: str, tmp_path: Path
) -> None:
    make_inputs(tmp_path)
    done = callcost("inspect", name, cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert sentence in done.stderr
    assert done.stderr.startswith("Error: ") and done.stderr.count("\n") == 1
    assert done.stdout == ""


@needs_linux
@pytest.mark.parametrize(
    ("kind", "sentence"), [(1, "is an object file"), (4, "is a core dump, the memory of a process")]
)
def test_other_kinds_of_elf_are_named(
    kind: int, sentence: str, tmp_path: Path, reader: Reader
) -> None:
    file = bytearray(native.LIBRARY.read_bytes())
    file[16:18] = kind.to_bytes(2, "little")
    (tmp_path / "other").write_bytes(file)
    with pytest.raises(RefusedError, match=sentence):
        reader.read(tmp_path / "other")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_refused(tmp_path: Path, reader: Reader) -> None:
    path = tmp_path / "secret.so"
    path.write_bytes(native.LIBRARY.read_bytes())
    path.chmod(0)
    with pytest.raises(RefusedError, match="cannot be read \\(Permission denied\\)"):
        reader.read(path)


def test_a_socket_is_refused(tmp_path: Path, reader: Reader) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "s"))
        with pytest.raises(RefusedError, match="is a pipe, a socket or a device"):
            reader.read(tmp_path / "s")


@needs_linux
def test_a_library_that_is_cut_off_anywhere_is_refused(tmp_path: Path, reader: Reader) -> None:
    whole = native.LIBRARY.read_bytes()
    path = tmp_path / "cut.so"
    for end in range(1, len(whole), len(whole) // 50):
        path.write_bytes(whole[:end])
        with pytest.raises(RefusedError):
            reader.read(path)


@needs_linux
def test_a_file_that_asks_for_too_much_memory_is_refused(tmp_path: Path, reader: Reader) -> None:
    path = tmp_path / "huge.so"
    path.write_bytes(native.LIBRARY.read_bytes())
    os.truncate(path, 1 << 42)  # it takes no room on the disk
    with pytest.raises(RefusedError, match="needs more memory to be read than a sound file"):
        reader.read(path)
    assert reader.read(native.LIBRARY)


def mutated(whole: bytes, chance: random.Random) -> bytes:
    """Changes a few bytes, mostly in headers, and sometimes truncates the file."""
    file = bytearray(whole)
    for _ in range(chance.choice([1, 2, 8, 64])):
        reach = min(chance.choice([64, 1024, 4096, len(file)]), len(file))
        at, count = chance.randrange(reach), chance.choice([1, 2, 4, 8])
        spoilt = [chance.randbytes(count), b"\xff" * count, bytes(count)]
        file[at : at + count] = chance.choice(spoilt)
    if chance.random() < 0.1:
        del file[chance.randrange(1, len(file)) :]
    return bytes(file)


def test_a_thousand_damaged_files_end_in_a_report_or_one_sentence(tmp_path: Path) -> None:
    windows = windows_extension(tmp_path / "sound.pyd").read_bytes()
    mac = universal((ARM64, mach_o()), (X86_64, mach_o(X86_64)))
    sound = [native.LIBRARY.read_bytes(), EXTENSIONS[0].read_bytes(), windows, mach_o(), mac]
    chance = random.Random(20)
    outcomes: dict[str, int] = {"report": 0, "sentence": 0}
    began_s = time.monotonic()
    with Reader(limit_s=10) as reader:
        for number in range(MUTATED_FILES):
            path = tmp_path / "damaged"
            path.write_bytes(mutated(sound[number % len(sound)], chance))
            try:
                for library in reader.read(path):
                    json.dumps(document(library, path.name))
                outcomes["report"] += 1
            except RefusedError as error:
                sentence = str(error)
                assert sentence.startswith(f"{path} ") and "\n" not in sentence
                outcomes["sentence"] += 1
    assert sum(outcomes.values()) == MUTATED_FILES
    # If all files passed, or all failed, the test would show little.
    assert min(outcomes.values()) > MUTATED_FILES // 10
    assert time.monotonic() - began_s < 60


# The reading process can die in any way.


@pytest.mark.parametrize(
    ("death", "sentence"),
    [
        ("import os; os.abort()", "crashed the process that read it (SIGABRT)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "(SIGSEGV)"),
        ("import time; time.sleep(600)", "took longer than 1 s to read"),
        ("while True: pass", "took longer than 1 s to read"),
        ("import signal, os; os.kill(os.getpid(), signal.SIGXCPU)", "took longer than 1 s to read"),
        ("raise SystemExit('no reader')", "ended with exit code 1 (no reader)"),
        ("print('{', end='', flush=True); import os; os.abort()", "(SIGABRT)"),
    ],
)
def test_a_reader_that_dies_is_reaped_and_replaced(
    death: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(psutil.Process().children())
    with Reader(limit_s=1) as reader:
        with monkeypatch.context() as patched:
            patched.setattr(Reader, "command", (sys.executable, "-c", death))
            with pytest.raises(RefusedError) as refused:
                reader.read(native.LIBRARY)
        assert sentence in str(refused.value)
        assert set(psutil.Process().children()) == before
    assert "\n" not in str(refused.value)


def test_a_reader_goes_on_after_a_death(monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(psutil.Process().children())
    with Reader() as reader:
        monkeypatch.setattr(Reader, "command", (sys.executable, "-c", "import os; os.abort()"))
        with pytest.raises(RefusedError, match="SIGABRT"):
            reader.read(native.LIBRARY)
        monkeypatch.undo()
        assert reader.read(native.LIBRARY)
        (child,) = set(psutil.Process().children()) - before
        child.kill()
        with pytest.raises(RefusedError, match="SIGKILL"):
            reader.read(native.LIBRARY)
        assert reader.read(native.LIBRARY)
    assert set(psutil.Process().children()) == before


@needs_linux
def test_a_reader_ends_at_its_limits() -> None:
    """Patches the reader to do what a malicious file would cause."""
    busy = (
        "import callcost.inspect.child as child\n"
        "def read(*_):\n    while True: pass\n"
        "child.read = read\nchild.main()"
    )
    started = subprocess.Popen(
        [sys.executable, "-c", busy], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert started.stdin is not None and started.stdout is not None
    with started:
        # The caller never ends it: it must stop by itself.
        request = {"path": str(native.LIBRARY), "limit_s": 1}
        started.stdin.write(json.dumps(request).encode() + b"\n")
        started.stdin.flush()
        assert started.stdout.read() == b""
    assert started.returncode == -signal.SIGXCPU
