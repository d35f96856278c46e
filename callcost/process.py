"""One worker process: started, listened to, and always reaped."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from callcost import worker

WORKER_FILE = Path(worker.__file__)
STDERR_LINES = 3


class WorkerError(Exception):
    """A worker that crashed, hung or talked nonsense, and which group and contender it was in.

    `group` and `contender` are positions in the job, or None where nothing had begun.
    """

    def __init__(
        self, kind: str, message: str, group: int | None = None, contender: int | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.group = group
        self.contender = contender


class WorkerProcess:
    """A fresh interpreter that runs worker.py on one job; use as a context manager."""

    def __init__(self, python: str, job: dict[str, Any], hash_seed: int, silence_s: float) -> None:
        self._silence_s = silence_s
        self._folder = tempfile.TemporaryDirectory(prefix="callcost-")
        self._position_file = Path(self._folder.name, "position")
        self._position_file.write_bytes(worker.POSITION.pack(worker.NOWHERE, worker.NOWHERE))
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - close() closes it
        job = {**job, "position_file": str(self._position_file)}
        self._process = subprocess.Popen(
            [python, str(WORKER_FILE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
            # Its own session: Ctrl-C reaches the coordinator alone, which then ends the worker.
            start_new_session=True,
        )
        try:
            self._send(job)
        except BaseException:
            self.close()
            raise

    def _send(self, job: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        # A worker that died before it read its job is found out by listening to it.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(job).encode() + b"\n")
            self._process.stdin.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process, if it still runs, and everything that was opened for it."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            if stream is not None:
                # What a dead worker did not read cannot be flushed to it either.
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        self._folder.cleanup()

    def events(self) -> Iterator[dict[str, Any]]:
        """Yields the worker's answers up to `done`; raises WorkerError."""
        for line in self._lines():
            try:
                event = json.loads(line)
                name = event["event"]
            except (ValueError, TypeError, KeyError):
                raise self.failure("garbage", f"its worker answered {line[:60]!r}") from None
            yield event
            if name == "done":
                return

    def _lines(self) -> Iterator[bytes]:
        """Yields whole lines; a worker that is silent for too long is given up."""
        assert self._process.stdout is not None
        pending = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while True:
                if not selector.select(self._silence_s):
                    raise self.failure("hang", f"it did not return within {self._silence_s:.0f} s")
                chunk = os.read(self._process.stdout.fileno(), 1 << 20)
                if not chunk:
                    raise self._death()
                *lines, pending = (pending + chunk).split(b"\n")
                yield from lines

    def _death(self) -> WorkerError:
        """Tells how the process ended before it was done."""
        try:
            status = self._process.wait(timeout=self._silence_s)
        except subprocess.TimeoutExpired:
            return self.failure("hang", "its worker closed its output and went on")
        if status == -signal.SIGALRM:
            return self.failure("hang", "its worker used up the time limit")
        if status < 0:
            return self.failure("crash", f"its worker died of {signal.Signals(-status).name}")
        return self.failure("crash", f"its worker ended with exit code {status}{self._said()}")

    def _said(self) -> str:
        """Returns the last lines that the worker wrote to standard error."""
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        return ": " + " | ".join(lines[-STDERR_LINES:]) if lines else ""

    def failure(self, kind: str, message: str) -> WorkerError:
        """Makes the error for what the worker is in just now."""
        group, contender = worker.POSITION.unpack(self._position_file.read_bytes())
        if group == worker.NOWHERE:
            return WorkerError(kind, message)
        return WorkerError(kind, message, group, contender)
