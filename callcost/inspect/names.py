"""Names in a library, and in its source."""

from __future__ import annotations

import re

import pycxxfilt

CPP = "C++"
RUST = "Rust"

# Rust's older scheme is that of C++ plus a hash, which the demangler does not know.
RUST_HASH = re.compile(r"::h[0-9a-f]{16}$")
# A copy of a function for transactions, which it does not know either.
TRANSACTION_CLONE = re.compile(r"_ZGT[tn]")


def text(name: str | bytes | None) -> str:
    """Return a name from a file with unprintable characters escaped."""
    if name is None:
        return ""
    decoded = name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else name
    if decoded.isprintable():
        return decoded
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in decoded)


def processor(machine: object) -> str:
    """Return the name of a processor, or its number if LIEF has no name for it."""
    name = getattr(machine, "name", None)
    return f"processor number {machine}" if name is None else str(name).lower()


def source_name(name: str) -> tuple[str | None, str | None]:
    """Return the name in the source of a mangled name, and the language; (None, None) if plain."""
    if not name.startswith(("_Z", "_R", "?")):
        return None, None
    clone = TRANSACTION_CLONE.match(name)
    try:
        demangled = pycxxfilt.demangle(f"_Z{name[clone.end() :]}" if clone else name)
    except ValueError:
        # A plain name such as _Zero or _Read.
        return None, None
    if demangled is None:
        return None, None
    if name.startswith("_R"):
        return demangled, RUST
    if RUST_HASH.search(demangled):
        return RUST_HASH.sub("", demangled), RUST
    return f"transaction clone of {demangled}" if clone else demangled, CPP
