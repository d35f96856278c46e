"""Reads the ABI tag in an extension module's file name, and the version of a Python build.

An extension module's file is named `module.TAG.so`. TAG is the ABI of one build, such as
`cpython-314t-x86_64-linux-gnu`, or an ABI that several versions share: `abi3`, and `abi3t` for
free-threaded builds too (PEP 803). From 3.15 on the platform may follow: `abi3-x86_64-linux-gnu`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

STABLE = re.compile(r"(abi\d+t?)(?:-(.+))?")
# HPy's universal ABI; HPy itself loads such files.
HPY = re.compile(r"hpy\d+(?:-.+)?")
COMPILED = (".so", ".pyd", ".dylib")
FREE_THREADED_FLAG = "t"


class StableTag(NamedTuple):
    """A tag of the stable ABI, and the platform if the tag names one."""

    abi: str
    platform: str | None


def tag_of(file_name: str) -> str | None:
    """Returns the ABI tag in a file's name; None if there is none."""
    _, *tags = file_name.rpartition("/")[2].split(".")
    return ".".join(tags[:-1]) or None


def stable_tag(tag: str | None) -> StableTag | None:
    """Splits a tag of the stable ABI; returns None for any other tag."""
    found = STABLE.fullmatch(tag or "")
    return StableTag(found[1], found[2]) if found else None


def is_stable(file_name: str) -> bool:
    """Tells from its name whether an extension module is built for CPython's stable ABI."""
    return stable_tag(tag_of(file_name)) is not None


def is_universal(file_name: str) -> bool:
    """Tells from its name whether an extension module is built for HPy's universal ABI."""
    return HPY.fullmatch(tag_of(file_name) or "") is not None


def version(facts: Mapping[str, Any], parts: int = 3) -> str:
    """Returns an interpreter's version as people write it: 3.14.0, and 3.14.0t if free-threaded.

    `facts` are the result of `worker.interpreter_facts` or a record's `machine_info`. `parts`
    shortens the version, for example to 3.14t. Returns "?" if the version is unknown.
    """
    own = facts.get("callcost")
    build = own.get("interpreter") if isinstance(own, Mapping) else facts
    flags = build.get("abi_flags", "") if isinstance(build, Mapping) else ""
    plain = ".".join(str(facts.get("python_version", "?")).split(".")[:parts])
    return plain + (FREE_THREADED_FLAG if FREE_THREADED_FLAG in str(flags) else "")
