"""Wraps standard output and error, so that a failed write becomes one sentence."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import select
import sys
import unicodedata
from collections.abc import Iterator
from typing import TextIO

from callcost.errors import CallcostError

# Replacements for characters that a terminal lacks; others become \u1234.
PLAIN = {
    "µ": "u", "×": "x", "−": "-", "–": "-", "─": "-", "…": "...", "†": "+", "·": ".",
    "→": "->", "±": "+-", "◂": "<", "▶": ">", "✅": "ok", "❌": "NO", "⚠": "!", "\ufe0f": "",
    "▁": "1", "▂": "2", "▃": "3", "▄": "4", "▅": "5", "▆": "6", "▇": "7", "█": "8",
}  # fmt: skip
ERRORS = "callcost.plain"
GONE = "The reader of standard output has gone."


class OutputError(CallcostError):
    """Standard output cannot be written."""


class ClosedPipeError(OutputError):
    """The reader has closed standard output. No message: it has read what it wanted."""

    exit_code = 141


class Guarded(io.FileIO):
    """A standard stream that raises OutputError once and then discards what it is given.

    Otherwise the rest of a buffer would raise again when Python ends.
    """

    def __init__(self, fd: int, *, silent: bool = False) -> None:
        super().__init__(fd, "w", closefd=False)
        self._lost = False
        self._silent = silent

    def write(self, data: object) -> int:
        """Writes bytes; raises OutputError."""
        size = memoryview(data).nbytes  # type: ignore[arg-type]
        if self._lost:
            return size
        try:
            return super().write(data)  # type: ignore[arg-type]
        except OSError as error:
            self._lost = True
            if self._silent:
                return size
            if isinstance(error, BrokenPipeError):
                raise ClosedPipeError(GONE) from error
            raise OutputError(f"Cannot write to standard output: {error.strerror}.") from error


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Guards both streams of this process; keeps replacements, such as a test's."""
    _fill_gaps()
    kept = sys.stdout, sys.stderr
    if sys.stdout is sys.__stdout__:
        sys.stdout = _wrapped(sys.stdout, 1, silent=False)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _wrapped(sys.stderr, 2, silent=True)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = kept


def _fill_gaps() -> None:
    """Opens closed streams: otherwise a file could get their number and be written to."""
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            # This is the lowest free number. Opened for reading: writing to it is an error.
            os.set_inheritable(os.open(os.devnull, os.O_RDONLY), True)


def refuse_closed() -> None:
    """Raises OutputError if standard output was closed, is full, or has lost its reader."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if not isinstance(raw, Guarded):
        return
    # A pipe without a reader reports an error before anything is written.
    poll = select.poll()
    poll.register(raw, 0)
    if any(event & select.POLLERR for _, event in poll.poll(0)):
        raise ClosedPipeError(GONE)
    try:
        os.write(raw.fileno(), b"")
    except OSError as error:
        raise OutputError(
            f"Cannot write to standard output ({error.strerror}): send it to a file or to "
            f"{os.devnull}."
        ) from error


def _wrapped(stream: TextIO | None, fd: int, *, silent: bool) -> TextIO:
    raw = io.BufferedWriter(Guarded(fd, silent=silent))
    if stream is None:
        # It was closed when Python started, and cannot be written.
        return io.TextIOWrapper(raw, encoding="utf-8", errors=ERRORS, write_through=True)
    stream.flush()
    at_once = bool(stream.line_buffering) or silent
    return io.TextIOWrapper(raw, encoding=stream.encoding, errors=ERRORS, line_buffering=at_once)


def plain(text: str, encoding: str) -> str:
    """Replaces the characters that an encoding lacks."""
    return text.encode(encoding, ERRORS).decode(encoding)


def _in_plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """Returns the replacement of characters that an encoding lacks."""
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end]
    return "".join(map(_plainly, text)), error.end


def _plainly(character: str) -> str:
    if character in PLAIN:
        return PLAIN[character]
    letters = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return letters or character.encode("ascii", "backslashreplace").decode()


codecs.register_error(ERRORS, _in_plain)
