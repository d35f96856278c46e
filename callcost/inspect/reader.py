"""Has libraries read by a process of its own, which damaged files may crash or hang."""

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
from types import TracebackType
from typing import IO, Any, Self

from callcost.inspect.facts import Library, RefusedError

LIMIT_S = 60
CHUNK_BYTES = 1 << 20
END_S = 5  # from the last of its output to its end


class Reader:
    """Reads any number of files; a process that died of one is replaced for the next.

    Use as a context manager.
    """

    command = (sys.executable, "-P", "-m", "callcost.inspect.child")

    def __init__(self, limit_s: int = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - leaving closes it

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()
        self._stderr.close()

    def read(self, path: Path) -> list[Library]:
        """Reads a library, for each processor that it is made for.

        Raises RefusedError, whose sentence says what the file is instead and what to do.
        """
        try:
            _refuse_unreadable(path)
            answer = self._ask({"path": str(path.absolute()), "limit_s": self._limit_s})
            if "refused" in answer:
                raise RefusedError(answer["refused"])
        except RefusedError as error:
            raise RefusedError(f"{shown(path)} {error}") from None
        return [Library.from_json(each) for each in answer["libraries"]]

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._process is None:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                # What a dead process has not taken must not be left to be written on closing.
                bufsize=0,
                # Its own session: Ctrl-C reaches the caller alone, which then ends the process.
                start_new_session=True,
            )
        assert self._process.stdin is not None
        # It may have died before: how, its exit code tells below.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
        line = self._line(time.monotonic() + self._limit_s)
        if not line.endswith(b"\n"):
            raise RefusedError(self._death())
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _line(self, deadline: float) -> bytes:
        """Returns the answer; it has no end of line if the process died or took too long."""
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
        """Says why there was no answer, and reaps the process."""
        code = self._end()
        advice = "it is damaged, or made to do so; make or fetch it again"
        if code is None or code == -signal.SIGXCPU:
            return f"took longer than {self._limit_s} s to read: {advice}"
        if code < 0:
            return f"crashed the process that read it ({signal.Signals(-code).name}): {advice}"
        self._stderr.seek(0)
        said = self._stderr.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
        return f"could not be read: the process that reads ended with exit code {code} ({said})"

    def _end(self) -> int | None:
        """Ends the process and reaps it; returns its exit code, None if it had to be killed."""
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


def shown(path: Path) -> str:
    """Returns a path fit to be printed on one line: what is no character is escaped."""
    return str(path) if str(path).isprintable() else ascii(str(path))[1:-1]


def _refuse_unreadable(path: Path) -> None:
    """Raises RefusedError for what is no readable file; opens no pipe and no device."""
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
        raise RefusedError("does not exist: look for a mistake in its name") from None
    except OSError as error:
        raise RefusedError(f"cannot be read ({error.strerror})") from None
