"""Tells whether two files hold the same code, wherever and whenever they were built.

What differs between two builds of the same sources: the folder that they were built in, which
assertions and generated files name, the debugger's tables, and a note with a digest of the whole.
The folders of two builds have names of the same length, so that they can be blanked out of both.
What is then loaded into memory is compared section by section.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path

ELF = b"\x7fELF"
BUILD_ID = ".note.gnu.build-id"
# A folder that a build backend made for itself.
TEMPORARY = re.compile(rb"/tmp[a-z0-9_]{8}(?=/)")
BLANK = b"/"

Section = tuple[str, int, int, int, bytes]


def same_code(base: Path, head: Path, folders: Sequence[Sequence[str]]) -> bool:
    """Tells whether two files are equal but for where they were built; raises OSError.

    `folders` are those of either side that stand for the same, the longest names first.
    """
    blanked = [
        _blanked(path.read_bytes(), own) for path, own in zip((base, head), folders, strict=True)
    ]
    if blanked[0] == blanked[1]:
        return True
    if not all(content.startswith(ELF) for content in blanked):
        return False
    sections = [_loaded(content) for content in blanked]
    return sections[0] is not None and sections[0] == sections[1]


def _blanked(content: bytes, folders: Sequence[str]) -> bytes:
    """Overwrites the names of folders, without moving what comes after them."""
    for folder in folders:
        name = folder.encode(errors="surrogateescape")
        content = content.replace(name, BLANK * len(name))
    return TEMPORARY.sub(lambda found: BLANK * len(found[0]), content)


def _loaded(content: bytes) -> list[Section] | None:
    """Lists the sections that are loaded into memory; None if the file cannot be read."""
    # Slow to import, and only needed where two files differ at all.
    import lief

    binary = lief.ELF.parse(io.BytesIO(content))
    if binary is None or not len(binary.sections):
        return None
    return [
        (str(section.name), int(section.type), section.virtual_address, section.size,
         bytes(section.content))
        for section in binary.sections
        if section.has(lief.ELF.Section.FLAGS.ALLOC) and section.name != BUILD_ID
    ]  # fmt: skip
