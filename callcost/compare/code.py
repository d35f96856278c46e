"""Tells whether two files hold the same code, wherever and whenever they were built.

Two builds of the same sources differ in the name of the build folder, which assertions and
generated files contain, in the debugger's tables, and in a note with a digest of the whole. Build
folders have names of the same length, so their names can be blanked out. The sections that are
loaded into memory are then compared one by one.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path

ELF = b"\x7fELF"
BUILD_ID = ".note.gnu.build-id"
# A build backend's own temporary folder.
TEMPORARY = re.compile(rb"/tmp[a-z0-9_]{8}(?=/)")
BLANK = b"/"

Section = tuple[str, int, int, int, bytes]


def same_code(base: Path, head: Path, folders: Sequence[Sequence[str]]) -> bool:
    """Tells whether two files are equal except for the place of their build; raises OSError.

    `folders` are the corresponding folders of each side, the longest names first.
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
    """Overwrites the names of folders without moving anything."""
    for folder in folders:
        name = folder.encode(errors="surrogateescape")
        content = content.replace(name, BLANK * len(name))
    return TEMPORARY.sub(lambda found: BLANK * len(found[0]), content)


def _loaded(content: bytes) -> list[Section] | None:
    """Lists the sections that are loaded into memory; None if lief cannot read the file."""
    # Late: slow to import, and only needed if two files differ.
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
