"""Finds the error in a log: what went wrong, and not what others report about it.

A failed build reports in layers: the compiler names a line, the backend says that a command
failed, and uv that it could not build the wheel. Only the first tells what to fix.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

LONGEST = 300
COMMAND = "$ "
COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# What uv draws in front of the output of others.
FRAME = re.compile(r"^[\s│╰─▶├×]*")
# The folder of the build, which is gone.
WORKTREE = re.compile(r"[^\s'\"`(]*/staging/build-[0-9]+-[0-9a-f]+/worktree/")

# A place in a source file, as compilers, Meson and Cython write it.
PLACED = re.compile(r"^\S[^:]*:\d+(:\d+)?:\s+(fatal )?error:? .+", re.IGNORECASE)
TOOL = re.compile(
    r"^[\w./+-]*(cc1\w*|cc|gcc|[gc]\+\+|clang(\+\+)?|ld|rustc|swig)[\w.-]*: (fatal )?error: .+",
    re.IGNORECASE,
)
LINKER = re.compile(
    r"undefined reference to|\bld(\.\w+)?: cannot find |ld: library .*not found|"
    r"^Undefined symbols for architecture"
)
NOT_FOUND = re.compile(
    r"^(make|sh|bash|/bin/sh|env)\b.*: (No such file or directory|(command )?not found)$|"
    r"^error: command .* failed: No such file"
)
CMAKE = re.compile(r"^CMake Error\b")
CYTHON = re.compile(r"^\S+\.(pyx|pxd|pxi|py):\d+:\d+: .+")
CYTHON_TITLE = "Error compiling Cython file"
RUST = re.compile(r"^error(\[E\d+\])?: .+")
GIT = re.compile(r"^fatal: .+")

# The first line of another step: errors before it were not fatal.
STEP = re.compile(
    r"^(\[\d+/\d+\]|building '|running |Compiling |FAILED: |compilation terminated|"
    r"(\S*/)?(\w+-)*(gcc|g\+\+|cc|c\+\+|clang|clang\+\+)(-[\d.]+)? -)"
)
TRACEBACK = "Traceback (most recent call last):"
# The end of a traceback: a dotted name, perhaps with a message.
EXCEPTION = re.compile(
    r"^(?=[A-Za-z_])[\w.]*(Error|Exception|Exit|Interrupt|Failed|Missing|Unavailable)\w*(: .+)?$"
)
ERROR_LINE = re.compile(r"^(error|ERROR): .+")
# Where uv begins to show the output of a build, and where it ends.
BEGINS = re.compile(r"^\[(stdout|stderr)\]$")
ENDS = re.compile(r"^hint: ")
CAUSE = "cause: "
NO_SOLUTION = "No solution found when resolving"
# Sentences that only say that something else failed.
GENERIC = re.compile(
    r"returned non-zero exit status|exit (code|status)|CalledProcessError|Failed to build|"
    r"build backend returned|SystemExit: \d|^SystemExit$|CMake build failed|"
    r"CMake configuration failed|could not compile|aborting due to|ld returned|"
    r"(CompileError|LinkError|DistutilsExecError)(: \S+)?$|^(note|hint|cause|warning)\b|"
    r"^Building \S+ @",
    re.IGNORECASE,
)


def find(log: str) -> str | None:
    """Returns the error in the last command's output; None if there is nothing of the kind."""
    lines = _output(log)
    inner = _of_the_build(lines)
    searches = [_exception, _compiler, _error_line, _before_traceback]
    for search in (*searches, _last_words) if inner else searches:
        if found := search(inner or lines):
            return _shown(found)
    return None


def objection(log: str) -> str | None:
    """Returns uv's reason why no versions meet the requirements; None if that did not happen."""
    lines = _output(log)
    for number, line in enumerate(lines):
        if NO_SOLUTION in line:
            told = takewhile(lambda line: line and not ENDS.match(line), lines[number + 1 :])
            return " ".join(told).removeprefix(CAUSE).partition(f" {CAUSE}")[0].rstrip(".")
    return None


def _output(log: str) -> list[str]:
    """Returns the last command's output, without colours and frames."""
    lines = [COLOURS.sub("", line) for line in log.splitlines()]
    starts = [number for number, line in enumerate(lines) if line.startswith(COMMAND)]
    return [FRAME.sub("", line).rstrip() for line in lines[starts[-1] + 1 if starts else 0 :]]


def _of_the_build(lines: Sequence[str]) -> list[str]:
    """Returns the lines that uv shows as a build's output, if any."""
    inner, shown = [], False
    for line in lines:
        if BEGINS.match(line):
            shown = True
        elif ENDS.match(line):
            shown = False
        elif shown and line:
            inner.append(line)
    return inner


def _error_line(lines: Sequence[str]) -> str | None:
    """Returns the last error that is not generic, with the causes that uv lists below it."""
    found = [
        number
        for number, line in enumerate(lines)
        if ERROR_LINE.match(line) and not GENERIC.search(line)
    ]
    if not found:
        return None
    causes = takewhile(lambda line: line.startswith(CAUSE), lines[found[-1] + 1 :])
    told = (lines[found[-1]].partition(": ")[2], *(line.removeprefix(CAUSE) for line in causes))
    return ": ".join(told)


def _last_words(lines: Sequence[str]) -> str | None:
    told = [line for line in lines if not GENERIC.search(line)]
    return told[-1] if told else None


def _shown(line: str) -> str:
    text = "".join(sign for sign in WORKTREE.sub("", line) if sign.isprintable()).strip()
    return f"{text[:LONGEST]}..." if len(text) > LONGEST else text


def _exception(lines: Sequence[str]) -> str | None:
    """Returns the end of the last traceback, unless it is generic."""
    if TRACEBACK not in lines:
        return None
    last = len(lines) - 1 - lines[::-1].index(TRACEBACK)
    ends = [line for line in lines[last + 1 :] if EXCEPTION.match(line)]
    return ends[0] if ends and not GENERIC.search(ends[0]) else None


def _compiler(lines: Sequence[str]) -> str | None:
    """Returns the first error of the last step that has one; later errors follow from it."""
    has_cython = any(CYTHON_TITLE in line for line in lines)
    found = [
        number for number in range(len(lines)) if _is_compiler_error(lines, number, has_cython)
    ]
    if not found:
        return None
    steps = [number for number in range(found[-1]) if STEP.match(lines[number])]
    first = next(number for number in found if not steps or number > steps[-1])
    if CMAKE.match(lines[first]):
        return _with_message(lines, first)
    return lines[first]


def _is_compiler_error(lines: Sequence[str], number: int, has_cython: bool) -> bool:
    line = lines[number]
    if any(pattern.search(line) for pattern in (LINKER, NOT_FOUND)):
        return True
    if any(pattern.match(line) for pattern in (PLACED, TOOL, CMAKE, GIT)):
        return not GENERIC.search(line)
    if has_cython and CYTHON.match(line):
        return True
    following = lines[number + 1] if number + 1 < len(lines) else ""
    return bool(RUST.match(line) and re.match(r"^(--> |\S+:\d+:\d+)", following))


def _with_message(lines: Sequence[str], number: int) -> str:
    """Adds the next line: CMake writes the place first, then the error."""
    message = next((line for line in lines[number + 1 :] if line), "")
    return f"{lines[number]} {message}" if lines[number].endswith(":") else lines[number]


def _before_traceback(lines: Sequence[str]) -> str | None:
    """Returns the last line before the traceback of a report on a failed program."""
    if TRACEBACK not in lines:
        return None
    before = [line for line in lines[: lines.index(TRACEBACK)] if line]
    return before[-1] if before and not GENERIC.search(before[-1]) else None
