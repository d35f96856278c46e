"""The reason for a failed build is the build's own error."""

from __future__ import annotations

import textwrap

import pytest

from callcost.revisions import reasons

# The text that the layers above a compiler add around a build's output.
UV = """\
$ /usr/bin/uv pip install --no-build-isolation .
   Building toy @ file:///cache/staging/build-0000123-0a1b2c3d/worktree
error: Failed to build `toy @ file:///cache/staging/build-0000123-0a1b2c3d/worktree`
  cause: The build backend returned an error
  cause: Call to `setuptools.build_meta.build_wheel` failed (exit status: 1)

         [stderr]
{lines}

hint: Build failures usually indicate a problem with the package or the build environment
"""
TRACE = """\
Traceback (most recent call last):
  File "<string>", line 11, in <module>
  File "backend.py", line 12, in build_wheel
    run()
"""
COMPILE = "gcc -fPIC -c x.c -o x.o"
COMMAND_FAILED = "error: command '/usr/bin/gcc' failed with exit code 1"
KINDS = {
    "missing header": (
        f"""\
building 'x' extension
{COMPILE}
/cache/staging/build-0000123-0a1b2c3d/worktree/x.c:1:10: fatal error: foo.h: No such file
    1 | #include "foo.h"
compilation terminated.
{COMMAND_FAILED}""",
        "x.c:1:10: fatal error: foo.h: No such file",
    ),
    "first error of a file": (
        f"""\
{COMPILE}
x.c:2:27: error: 'nothing' undeclared (first use in this function)
x.c:3:24: error: 'other' undeclared (first use in this function)
{COMMAND_FAILED}""",
        "x.c:2:27: error: 'nothing' undeclared (first use in this function)",
    ),
    "a probe that may fail": (
        f"""\
gcc -c probe.c
probe.c:1:10: fatal error: optional.h: No such file
compilation terminated.
{COMPILE}
x.c:7:1: error: expected ';' before '}}' token
{COMMAND_FAILED}""",
        "x.c:7:1: error: expected ';' before '}' token",
    ),
    "linker": (
        "gcc -shared x.o -lfoo -o x.so\n/usr/bin/ld: cannot find -lfoo: No such file\n"
        "collect2: error: ld returned 1 exit status\n" + COMMAND_FAILED,
        "/usr/bin/ld: cannot find -lfoo: No such file",
    ),
    "undefined reference": (
        "/usr/bin/ld: x.o: in function `f':\nx.c:(.text+0x17): undefined reference to `g'\n"
        "collect2: error: ld returned 1 exit status\n",
        "x.c:(.text+0x17): undefined reference to `g'",
    ),
    "option of a compiler": (
        f"gcc -fnothing -c x.c\ngcc: error: unrecognized command-line option '-fnothing'\n"
        f"{COMMAND_FAILED}",
        "gcc: error: unrecognized command-line option '-fnothing'",
    ),
    "no compiler": (
        "building 'x' extension\nerror: command 'gcc' failed: No such file or directory",
        "error: command 'gcc' failed: No such file or directory",
    ),
    "Cython": (
        f"""\
[1/1] Cythonizing x.pyx
Error compiling Cython file:
------------------------------------------------------------
cdef int g(:
           ^
x.pyx:3:11: Expected ')', found ':'
{TRACE}Cython.Compiler.Errors.CompileError: x.pyx""",
        "x.pyx:3:11: Expected ')', found ':'",
    ),
    "CMake": (
        f"""\
*** Configuring CMake...
CMake Error at CMakeLists.txt:4 (find_package):
  Could not find a package configuration file provided by "foo"

-- Configuring incomplete, errors occurred!
*** CMake configuration failed
{TRACE}subprocess.CalledProcessError: Command '['cmake']' returned non-zero exit status 1.""",
        "CMake Error at CMakeLists.txt:4 (find_package): Could not find a package configuration "
        'file provided by "foo"',
    ),
    "Meson": (
        '../meson.build:3:6: ERROR: Dependency "foo" not found, tried pkgconfig\n'
        "A full log can be found at meson-log.txt",
        '../meson.build:3:6: ERROR: Dependency "foo" not found, tried pkgconfig',
    ),
    "Rust": (
        "   Compiling toy v0.1.0\nerror[E0425]: cannot find value `x` in this scope\n"
        " --> src/lib.rs:3:5\n\nerror: aborting due to previous error\n\n"
        "error: could not compile `toy` (lib) due to 1 previous error\n"
        f"{TRACE}subprocess.CalledProcessError: Command 'cargo' returned non-zero exit status 1.",
        "error[E0425]: cannot find value `x` in this scope",
    ),
    "exception": (
        f"{TRACE}RuntimeError: libfoo 2.0 is needed, found 1.0",
        "RuntimeError: libfoo 2.0 is needed, found 1.0",
    ),
    "missing module": (
        f"{TRACE}ModuleNotFoundError: No module named 'numpy'",
        "ModuleNotFoundError: No module named 'numpy'",
    ),
    "exception after a failed probe": (
        f"probe.c:1:10: fatal error: cuda.h: No such file\ncompilation terminated.\n"
        f"{TRACE}RuntimeError: CUDA is needed",
        "RuntimeError: CUDA is needed",
    ),
    "exit with a message": ("Please install libbar first", "Please install libbar first"),
    "a script of the backend": (
        f"the flux is not soldered\n{TRACE}"
        "subprocess.CalledProcessError: Command '['during.py']' returned non-zero exit status 1.",
        "the flux is not soldered",
    ),
    "setuptools": (
        "error: Multiple top-level packages discovered in a flat-layout: ['b', 'a'].\n\n"
        "To avoid accidental inclusion of unwanted files, setuptools will not proceed.",
        "Multiple top-level packages discovered in a flat-layout: ['b', 'a'].",
    ),
}


# A failing hook of a backend ends with a traceback, so its last line is not used.
LAYERS = [
    (kind, layer)
    for kind in KINDS
    for layer in ("uv", "backend")
    if layer != "backend" or kind not in ("setuptools", "exit with a message")
]


@pytest.mark.parametrize(("kind", "layer"), LAYERS)
def test_the_builds_own_error_is_the_reason(kind: str, layer: str) -> None:
    lines, expected = KINDS[kind]
    forms = {"uv": UV, "backend": "$ python hook.py\n{lines}\n"}
    text = forms[layer].format(lines=textwrap.indent(lines, 9 * " "))
    assert reasons.find(text) == expected


def test_earlier_commands_give_no_reason() -> None:
    log = "$ uv pip install a\nwarning: x.c:1:1: error: old\n$ uv pip install b\nerror: Oh no"
    assert reasons.find(log) == "Oh no"
    assert reasons.find("error: Failed to build `toy`") is None


@pytest.mark.parametrize(
    "told",
    [
        "error: No solution found when resolving dependencies\n  cause: Because a\n  and b.\n"
        "  cause: This is so.\n\nhint: Use c",
        "  × No solution found when resolving dependencies:\n  ╰─▶ Because a\n      and b.\n",
    ],
)
def test_unsatisfiable_requirements_get_uvs_reason(told: str) -> None:
    assert reasons.objection(f"$ uv pip compile wanted.txt\n{told}") == "Because a and b"
    assert reasons.objection("$ uv pip install b\nerror: Oh no") is None


def test_a_reason_is_one_short_printable_line() -> None:
    found = reasons.find(f"$ x\n\x1b[31mx.c:1:1: error: {'a' * 400}\x07\x1b[0m\n")
    assert found is not None
    assert found.startswith("x.c:1:1: error: aaa") and found.endswith("a...")
    assert found.isprintable() and len(found) < 310
