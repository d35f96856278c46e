"""Reads libraries in a separate process, because damaged files may crash or hang it."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any, Self

import msgspec

from callcost.console.files import mistyped, shown
from callcost.inspect.facts import Library, RefusedError

LIMIT_S = 60
CHUNK_BYTES = 1 << 20
END_S = 5  # from the last of its output to its end


class Reader:
    """Reads any number of files; replaces its process if a file kills it.

    Use as a context manager.
    """

    command = (sys.executable, "-P", "-m", "callcost.inspect.child")

    def __init__(self, limit_s: int = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - leaving closes it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self._stderr.close()

    def read(self, path: Path) -> list[Library]:
        """Read the library for each processor of a file.

        Raise RefusedError, whose text says what the file is instead and what to do.
        """
        try:
            _refuse_unreadable(path)
            answer = self._ask({"path": str(path.absolute()), "limit_s": self._limit_s})
            if "refused" in answer:
                raise RefusedError(answer["refused"])
        except RefusedError as error:
            raise RefusedError(f"{shown(path)} {error}") from None
        return msgspec.convert(answer["libraries"], list[Library])

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._process is None:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                # Unbuffered: closing must not write what a dead process did not read.
                bufsize=0,
                # Its own session: Ctrl-C only reaches the caller, which then ends the process.
                start_new_session=True,
            )
        assert self._process.stdin is not None
        # It may have died: the exit code below tells how.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
        line = self._line(time.monotonic() + self._limit_s)
        if not line.endswith(b"\n"):
            raise RefusedError(self._death())
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _line(self, deadline: float) -> bytes:
        """Return the answer, without an end of line if the process died or took too long."""
        assert self._process is not None and self._process.stdout is not None
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(deadline - time.monotonic()):
                    return line
                chunk = os.read(self._process.stdout.fileno(), CHUNK_BYTES)
                if not chunk:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        self._process.wait(END_S)
                    return line
                line += chunk
        return line

    def _death(self) -> str:
        """Reap the process and say why there was no answer."""
        code = self._end()
        advice = "it is damaged or malicious; make or fetch it again"
        if code is None or code == -signal.SIGXCPU:
            return f"took longer than {self._limit_s} s to read: {advice}"
        if code < 0:
            return f"crashed the process that read it ({signal.Signals(-code).name}): {advice}"
        self._stderr.seek(0)
        said = self._stderr.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
        return f"could not be read: the reading process ended with exit code {code} ({said})"

    def _end(self) -> int | None:
        """End and reap the process; return its exit code, None if it was killed."""
        process, self._process = self._process, None
        if process is None:
            return None
        code = process.poll()
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()
        return code


def _refuse_unreadable(path: Path) -> None:
    """Raise RefusedError if a path is not a readable file, without opening pipes or devices."""
    try:
        str(path).encode()
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise RefusedError("is a folder: name a file in it")
        if not stat.S_ISREG(status.st_mode):
            raise RefusedError("is a pipe, a socket or a device: name a file")
        if status.st_size == 0:
            raise RefusedError("is empty (0 bytes): make or fetch it again")
        with path.open("rb"):
            pass
    except UnicodeEncodeError:
        raise RefusedError(
            "has a name that is not UTF-8 in this locale: rename it, or set LC_ALL=C.UTF-8"
        ) from None
    except FileNotFoundError:
        hint = mistyped(path) or ": look for a mistake in its name"
        raise RefusedError(f"does not exist{hint}") from None
    except OSError as error:
        raise RefusedError(f"cannot be read ({error.strerror})") from None
