"""A linker that also makes other layouts of each library: gcc runs it as `ld` (option -B).

`python linker.py LD STORE LAYOUTS KINDS ARGUMENT...` runs LD with the arguments. If that made a
shared library, it is linked again, LAYOUTS times: the same functions and data in other orders and
with gaps between them. With "programs" as KINDS, so are programs. A folder of STORE then holds the
library as built (0), in layouts 1 to LAYOUTS, and link.json: the path of the library, and why it
has no layouts ("" if it has).

An order is a hash of names, so two versions of a library have what both contain in the same order.
It needs sections of functions and data (-ffunction-sections -fdata-sections): otherwise, it moves
object files. It runs without callcost, in any Python from 3.11 on.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FACTS_FILE = "link.json"
LIBRARIES, PROGRAMS = "libraries", "programs"
# A library whose link takes longer has one layout.
LIMIT_S = 20.0
SHARED = {"-shared", "--shared", "-Bshareable"}
RELOCATABLE = {"-r", "-i", "-Ur", "--relocatable"}
OWN_SCRIPT = re.compile("-T.*|--script(=.*)?|--default-script(=.*)?|-dT.*")
# The parts of a library whose content moves.
PARTS = (".text", ".rodata", ".data.rel.ro", ".data", ".bss")
# The linker groups functions by these, and merges equal constants.
LEFT = re.compile(
    r"\.text\.(unlikely|exit|startup|hot|sorted)\b.*|\.rodata\.(str|cst).*|.*crt\w*\.o"
)
SCRIPT = re.compile(r"^={20,}\n(.*?)^={20,}$", re.DOTALL | re.MULTILINE)
MAP = "Linker script and memory map"
# An output section, or an input section with its size and file, which may follow on the next line.
MAP_LINE = re.compile(
    r"^(?P<part>\.[\w.]+)(?=\s)"
    r"|^ (?P<section>\.\S+)\s+0x[0-9a-f]+\s+0x(?P<size>[0-9a-f]+) (?P<file>.+)$",
    re.MULTILINE,
)
ARCHIVE = re.compile(r"(.*)\((.*)\)")
# rustc's names contain a hash of the crate, which depends on its folder.
CRATE_HASH = re.compile("17h[0-9a-f]{16}E")
PAGE_BYTES = 4096
LINE_BYTES = 64


class UnmovableError(Exception):
    """A library that has no other layouts, with the reason."""


def main() -> int:
    """Links as the command line says; returns the linker's exit code."""
    ld, store, layouts, kinds = sys.argv[1:5]
    arguments = sys.argv[5:]
    start_s = time.monotonic()
    code = subprocess.run([ld, *arguments], check=False).returncode
    took_s = time.monotonic() - start_s
    words = list(_expanded(arguments))
    if code == 0 and _is_wanted(words, kinds):
        folder = Path(tempfile.mkdtemp(dir=store))
        output = Path(_output(words))
        shutil.copyfile(output, folder / "0")
        reason = ""
        try:
            if took_s > LIMIT_S:
                raise UnmovableError(f"linking it takes {took_s:.0f} s")
            _relink(ld, arguments, words, folder, int(layouts))
        except (UnmovableError, OSError) as error:
            reason = str(error)
        facts = {"output": str(output.absolute()), "reason": reason}
        (folder / FACTS_FILE).write_text(json.dumps(facts), encoding="utf-8")
    return code


def _is_wanted(words: Sequence[str], kinds: str) -> bool:
    """Tells whether a file gets layouts, which a crate's dependencies need not have."""
    if "CARGO" in os.environ and "CARGO_PRIMARY_PACKAGE" not in os.environ:
        return False
    if kinds == PROGRAMS:
        return RELOCATABLE.isdisjoint(words)
    return not SHARED.isdisjoint(words)


def _expanded(arguments: Sequence[str]) -> Iterator[str]:
    """Yields the words of a command line, those in response files included."""
    for word in arguments:
        if word.startswith("@") and Path(word[1:]).is_file():
            yield from shlex.split(Path(word[1:]).read_text(encoding="utf-8"))
        else:
            yield word


def _output(words: Sequence[str]) -> str:
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word in ("-o", "--output"):
            return following
        if word.startswith("--output="):
            return word.partition("=")[2]
    return "a.out"


def _relink(
    ld: str, arguments: Sequence[str], words: Sequence[str], folder: Path, layouts: int
) -> None:
    """Links a library in all layouts; raises UnmovableError."""
    if any(map(OWN_SCRIPT.fullmatch, words)):
        raise UnmovableError("it is linked by a script of its own")
    map_file, probe = folder / "map", folder / "probe"
    said = _link(ld, [*arguments, "--verbose", f"-Map={map_file}", "-o", str(probe)])
    found = SCRIPT.search(said)
    if found is None:
        raise UnmovableError("its linker does not show its script")
    pieces = _pieces(map_file.read_text(encoding="utf-8", errors="replace"))
    if sum(map(len, pieces.values())) < 2:
        raise UnmovableError("it has nothing to move")

    def link(number: int) -> None:
        script = folder / f"script-{number}"
        script.write_text(shuffled(found[1], pieces, number), encoding="utf-8")
        # Without the debugger's tables, which are most of a file.
        options = ["-T", str(script), "--strip-debug", "-o", str(folder / str(number))]
        _link(ld, [*arguments, *options])
        script.unlink()

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(link, range(1, layouts + 1)))
    for path in (map_file, probe):
        path.unlink()


def _link(ld: str, arguments: Sequence[str]) -> str:
    done = subprocess.run(
        [ld, *arguments], capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it failed"])[-1]
        raise UnmovableError(f"its linker cannot reorder it: {last}")
    return done.stdout


def _pieces(map_text: str) -> dict[str, list[tuple[str, str]]]:
    """Lists what can move in each part: a name that lasts, and the linker's pattern for it."""
    pieces: dict[str, dict[str, str]] = {part: {} for part in PARTS}
    part = ""
    for line in MAP_LINE.finditer(map_text.partition(MAP)[2]):
        if line["part"]:
            part = line["part"]
        elif part in pieces and int(line["size"], 16):
            with contextlib.suppress(KeyError):
                name, pattern = _piece(part, line["section"], line["file"])
                pieces[part].setdefault(name, pattern)
    return {part: list(found.items()) for part, found in pieces.items()}


def _piece(part: str, section: str, file: str) -> tuple[str, str]:
    """Returns a section's name and pattern; raises KeyError if it must stay where it is."""
    if LEFT.fullmatch(section) or LEFT.fullmatch(file) or '"' in file:
        raise KeyError(section)
    if section != part:
        return CRATE_HASH.sub("", section), f"*({section})"
    # One section for a whole object file.
    inside = ARCHIVE.fullmatch(file)
    place = f"{inside[1]}:{inside[2]}" if inside else file
    return f"{section} {place.rpartition('/')[2]}", f'"{place}"({section})'


def shuffled(script: str, pieces: dict[str, list[tuple[str, str]]], number: int) -> str:
    """Returns a linker script that places the pieces of each part in the order of one layout."""
    for part, found in pieces.items():
        lines = []
        for digest, pattern in sorted((_digest(number, name), text) for name, text in found):
            offset = int.from_bytes(digest[:2]) % PAGE_BYTES // LINE_BYTES * LINE_BYTES
            # Moves on to the next address with this place in a page.
            lines.append(f"    . = . + {offset % 512};\n    {pattern}\n")
        head = re.search(rf"^\s*{re.escape(part)}\s*:[^{{]*\{{", script, re.MULTILINE)
        if head is not None and lines:
            # Addresses in a part count from its beginning.
            begin = f"\n  {part} ALIGN({PAGE_BYTES}) : {{\n{''.join(lines)}"
            script = script[: head.start()] + begin + script[head.end() :]
    return script


def _digest(number: int, name: str) -> bytes:
    return hashlib.sha256(f"{number}\0{name}".encode()).digest()


if __name__ == "__main__":
    sys.exit(main())
