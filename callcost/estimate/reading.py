"""Reads JSON files that somebody else may have written: whole, or refused with one sentence.

A file may be compressed with gzip or xz; its first bytes tell, not its name.

`read_json` reads any JSON, `checked` compares it with a layout. Both name the file, and `checked`
the field.
"""

from __future__ import annotations

import json
import lzma
import math
import re
import zlib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from callcost.console.files import MAX_BYTES, UnreadableError, read_bytes, shown
from callcost.errors import CallcostError

T = TypeVar("T")
MAX_DEPTH = 20
"""The most levels of nesting in what is kept of an environment."""

_GZIP, _XZ = b"\x1f\x8b", b"\xfd7zXZ"
# A small file can ask for gigabytes of dictionary. `xz -9` needs 65 MiB.
_XZ_MEMORY = 2**27
# The first bytes of other files that are not text.
_MAGIC = {
    b"\x28\xb5\x2f\xfd": "compressed with zstd; decompress it first",
    b"BZh": "compressed with bzip2; decompress it first",
    b"PK\x03\x04": "a zip archive; unpack it first",
    b"PAR1": "a Parquet file; a history is given as the folder that holds it",
}
# Characters that cannot be kept: half a surrogate pair, and the end of a text in C.
_ODD = re.compile("[\x00\ud800-\udfff]")
PYTEST_BENCHMARK = "pytest --benchmark-only --benchmark-json=FILE"


NOT_OURS = "a run of pytest-benchmark without callcost's measurements"


class RecordError(CallcostError):
    """A file does not contain what it should; the text says which file, where in it, and why."""


def read_json(path: Path) -> Any:
    """Reads any JSON, in UTF-8, UTF-16 or UTF-32; raises RecordError."""
    try:
        data = _decompressed(read_bytes(path))
    except UnreadableError as error:
        raise RecordError(f"{shown(path)} cannot be read: {error}") from error
    for magic, what in _MAGIC.items():
        if data.startswith(magic):
            raise RecordError(f"{shown(path)} is {what}")
    try:
        if not data.strip():
            raise ValueError("it is empty")
        text = data.decode(json.detect_encoding(data))
        return json.loads(text, object_pairs_hook=_each_key_once)
    except UnicodeDecodeError as error:
        raise RecordError(
            f"{shown(path)} is not text in UTF-8 or UTF-16: byte {error.start} cannot be decoded"
        ) from error
    except RecursionError as error:
        raise RecordError(f"{shown(path)} is nested too deeply") from error
    except ValueError as error:
        raise RecordError(f"{shown(path)} is not JSON: {error}") from error


def _decompressed(data: bytes) -> bytes:
    """Decompresses gzip and xz; raises UnreadableError if the data are damaged or too large."""
    stream: Any
    if data.startswith(_GZIP):
        name, stream = "gzip", zlib.decompressobj(wbits=31)
    elif data.startswith(_XZ):
        name, stream = "xz", lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
    else:
        return data
    try:
        found: bytes = stream.decompress(data, MAX_BYTES)
    except (zlib.error, lzma.LZMAError) as error:
        raise UnreadableError(f"its {name} data are damaged") from error
    if len(found) == MAX_BYTES:
        raise UnreadableError(f"it has more than {MAX_BYTES // 2**20} MiB when decompressed")
    if not stream.eof or stream.unused_data:
        where = "end too early" if not stream.eof else "are followed by something else"
        raise UnreadableError(f"its {name} data {where}")
    return found


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"an object has the key {twice!a:.80} twice")
    return found


def checked(path: Path, value: Any, layout: type[T], where: str = "") -> T:
    """Returns a value that was read from `path` in a layout; raises RecordError, naming the field.

    `where` is the field of the value. Fields that the layout lacks are left out.
    """
    try:
        return msgspec.convert(value, layout)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        raise damaged(path, where + place.rstrip("`"), _plain_words(reason)) from error
    except UnicodeError as error:
        raise damaged(path, where, "a key in it has characters that cannot be shown") from error


def damaged(path: Path, where: str, reason: str) -> RecordError:
    """Returns the error for a field that does not contain what it should."""
    return RecordError(f"{shown(path)} is damaged: {where.lstrip('.') or 'the whole'}: {reason}")


def _plain_words(reason: str) -> str:
    if "matching regex" in reason:
        return "it has characters that cannot be shown"
    words = reason[:1].lower() + reason[1:].replace("`", "")
    return words.replace("object missing required field", "it lacks")


def refuse_odd(path: Path, value: Any, where: str, depth: int = 0) -> None:
    """Raises RecordError for what cannot be kept or shown, at any depth of a value.

    These are numbers that are not finite, text that cannot be encoded, and too many levels.
    """
    if depth > MAX_DEPTH:
        raise damaged(path, where, f"it is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, dict):
        for key, member in value.items():
            refuse_odd(path, key, f"a key of {where}", depth)
            refuse_odd(path, member, f"{where}.{key}", depth + 1)
    elif isinstance(value, list):
        for place, member in enumerate(value):
            refuse_odd(path, member, f"{where}[{place}]", depth + 1)
    elif isinstance(value, str):
        if _ODD.search(value):
            raise damaged(path, where, "it has characters that cannot be shown")
    elif isinstance(value, float) and not math.isfinite(value):
        raise damaged(path, where, f"{value} is not a number that JSON has")


def describe(document: Any) -> str:
    """Names the kind of a JSON file from another command or tool; empty if unknown."""
    if not isinstance(document, dict):
        return ""
    rows = document.get("benchmarks")
    first = rows[0] if isinstance(rows, list) and rows else None
    about = document.get("callcost")
    if isinstance(first, dict) and "runs" in first:
        return "a result of pyperf"
    if isinstance(first, dict) and first.keys() & {"real_time", "cpu_time"}:
        return "a result of Google Benchmark"
    if isinstance(about, dict) and about.get("kind") == "explanation":
        return "an explanation (callcost explain)"
    if "callcost_compare" in document:
        return "a comparison (callcost compare --json)"
    if document.keys() >= {"slope", "intercept_ns", "points"}:
        return "a calibration (callcost calibrate)"
    if isinstance(rows, list) and "machine_info" in document:
        own = isinstance(about, dict) and "groups" in about
        return "a record of callcost" if own else NOT_OURS
    if isinstance(document.get("results"), list):
        return "a result of another tool"
    return ""


def other_kind(path: Path, document: Any, wanted: str, advice: str) -> RecordError:
    """Returns the error for a file of another kind: what it is, if known, and what to do."""
    known = describe(document)
    what = f"{known}, not {wanted}" if known else f"not {wanted}"
    return RecordError(f"{shown(path)} is {what}; {advice}")
