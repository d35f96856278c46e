"""Names as they stand in a library, and as they stood in its source."""

from __future__ import annotations

import re

import pycxxfilt

CPP = "C++"
RUST = "Rust"

# Rust's older scheme is C++'s with a hash at the end, which the demangler cannot know of.
RUST_HASH = re.compile(r"::h[0-9a-f]{16}$")
# A function's copy for use in transactions, nor can it know of those.
TRANSACTION_CLONE = re.compile(r"_ZGT[tn]")


def text(name: str | bytes | None) -> str:
    """Returns a name from a file fit to be printed: what is no character is escaped."""
    if name is None:
        return ""
    decoded = name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else name
    if decoded.isprintable():
        return decoded
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in decoded)


def processor(machine: object) -> str:
    """Returns the name of a processor, or its number if LIEF has no name for it."""
    name = getattr(machine, "name", None)
    return f"processor number {machine}" if name is None else str(name).lower()


def source_name(name: str) -> tuple[str | None, str | None]:
    """Returns what a mangled name was in the source, and its language; (None, None) if plain."""
    if not name.startswith(("_Z", "_R", "?")):
        return None, None
    clone = TRANSACTION_CLONE.match(name)
    try:
        demangled = pycxxfilt.demangle(f"_Z{name[clone.end() :]}" if clone else name)
    except ValueError:
        # It only begins like one: _Zero and _Read are plain names.
        return None, None
    if demangled is None:
        return None, None
    if name.startswith("_R"):
        return demangled, RUST
    if RUST_HASH.search(demangled):
        return RUST_HASH.sub("", demangled), RUST
    return f"transaction clone of {demangled}" if clone else demangled, CPP
