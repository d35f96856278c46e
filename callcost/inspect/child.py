"""The process that reads libraries: a damaged file may crash it without harm to the command.

Requests and answers are lines of JSON, one file after the other.
"""

from __future__ import annotations

import codecs
import json
import os
import resource
import sys
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import lief

from callcost.inspect import elf, macho, pe
from callcost.inspect.facts import OBJECT_FILE, Library, RefusedError

MEMORY_BYTES = 1 << 30
MEMORY_PER_BYTE = 4
MOST_MEMORY_BYTES = 16 << 30
HEAD_BYTES = 4096


def main() -> None:
    """Answer the requests on standard input until it ends, also when the caller dies."""
    # Only this function may write to the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    lief.logging.disable()
    _limit(resource.RLIMIT_CORE, 0)
    for line in sys.stdin:
        print(json.dumps(answer(**json.loads(line))), file=answers, flush=True)


def answer(path: str, limit_s: int) -> dict[str, Any]:
    """Read one file within limits; the answer has its libraries, or why it is refused."""
    try:
        size_bytes = Path(path).stat().st_size
        used = resource.getrusage(resource.RUSAGE_SELF)
        _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + limit_s + 1)
        if sys.platform != "darwin":  # there, the limit is below what each process maps
            wanted = MEMORY_BYTES + MEMORY_PER_BYTE * size_bytes
            _limit(resource.RLIMIT_AS, min(wanted, MOST_MEMORY_BYTES))
        return {"libraries": [asdict(library) for library in read(path, size_bytes)]}
    except RefusedError as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"refused": "needs more memory to be read than a sound file of its size"}
    except Exception as error:
        # A damaged part may raise anything.
        said = f"{type(error).__name__}: {error}"
        return {"refused": f"is damaged: make or fetch it again (reading it raised {said})"}


def _limit(what: int, value: int) -> None:
    hard = resource.getrlimit(what)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(what, (value, hard))


def read(path: str, size_bytes: int) -> list[Library]:
    """Read the library for each processor of a file."""
    if lief.is_elf(path):
        return [elf.read(path, size_bytes)]
    if lief.is_pe(path):
        return [pe.read(path, size_bytes)]
    if lief.is_macho(path):
        return macho.read(path, size_bytes)
    raise RefusedError(what_else(path))


def what_else(path: str) -> str:
    """Say what a file is that is not a library, and what to do about it."""
    with Path(path).open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith((b"!<arch>\n", b"!<thin>\n")):
        return "is a static library, which a linker copies from: link it to a shared library"
    if lief.is_coff(path):
        return OBJECT_FILE
    if zipfile.is_zipfile(path):
        return "is a zip archive, as a wheel is: unpack it, and inspect a library in it"
    what = "is a text file" if _is_text(head) else "is neither ELF nor PE nor Mach-O"
    return f"{what}: inspect a shared library, such as a .so, .pyd, .dll or .dylib"


def _is_text(head: bytes) -> bool:
    try:
        # Incremental: the last character may be cut in two.
        characters = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return all(c.isprintable() or c.isspace() for c in characters)


if __name__ == "__main__":
    main()
