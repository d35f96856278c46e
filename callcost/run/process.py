"""One worker process: started, listened to, and always reaped.

A job is one JSON object: `seed`, `limit_s`, `position_file`, `modules` (the files of those that
the interpreter would not find by itself), and `groups`, each with its contenders and its plan
(no passes: only estimate). The worker answers with one JSON object a line, told apart by
`event`: `ready`, then for each group `estimates` or `times` or `error`, then `done`; and, once
a second, `alive`.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from callcost.errors import CallcostError
from callcost.model.contender import Contender
from callcost.model.plan import Plan
from callcost.run.scratch import Scratch
from callcost.worker import worker

WORKER_FILE = Path(worker.__file__)
STDERR_LINES = 3
# All others that begin with PYTHON change how the interpreter runs (PYTHONMALLOC, say).
KEPT_VARIABLES = ("PYTHONPATH", "PYTHONHOME")


class WorkerError(CallcostError):
    """A worker that crashed, hung or talked nonsense, and which group and contender it was in.

    `group` and `contender` are positions in the job, or None where that is not known.
    """

    def __init__(
        self, kind: str, message: str, group: int | None = None, contender: int | None = None
    ) -> None:
        super().__init__(worker.clean(message))
        self.kind = kind
        self.group = group
        self.contender = contender


def describe_group(
    contenders: tuple[Contender, ...], plan: Plan, cpu_stat: Iterable[str] = ()
) -> dict[str, Any]:
    """Describes one group as the worker reads it.

    `cpu_stat` names the files that tell whether a quota held the worker back.
    """
    described = [asdict(contender) for contender in contenders]
    return {**asdict(plan), "contenders": described, "cpu_stat": list(cpu_stat)}


class WorkerProcess:
    """A fresh interpreter that runs worker.py, or a script like it, on one job.

    Use as a context manager. `pass_fds` are descriptors that it inherits.
    """

    script = WORKER_FILE

    def __init__(
        self,
        python: str,
        job: dict[str, Any],
        hash_seed: int,
        silence_s: float,
        cpu: int | None = None,
        *,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self._silence_s = silence_s
        self._scratch = Scratch()
        self._position_file = self.folder / "position"
        self._position_file.write_bytes(worker.POSITION.pack(worker.NOWHERE, worker.NOWHERE))
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - close() closes it
        job_file = self.folder / "job.json"
        job_file.write_text(
            json.dumps(
                {
                    **job,
                    "position_file": str(self._position_file),
                    "limit_s": limit_of(silence_s),
                }
            )
        )
        try:
            self._process = subprocess.Popen(
                self.command(python, job_file),
                # Nothing is ever written to it: it tells the worker when this process has ended.
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env=self.environment(hash_seed),
                # Its own session: Ctrl-C reaches the coordinator alone, which ends the worker.
                start_new_session=True,
                pass_fds=pass_fds,
            )
        except OSError as error:
            self._stderr.close()
            self._scratch.remove()
            raise WorkerError(
                "no interpreter", f"{Path(python).name} cannot be started: {error.strerror}"
            ) from error
        self.not_pinned = pin(self._process.pid, cpu)

    def pin(self, cpu: int | None) -> None:
        """Binds the process to one CPU, where it was started without."""
        self.not_pinned = pin(self._process.pid, cpu)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def folder(self) -> Path:
        """The folder of its files, which is there until the process is closed."""
        return self._scratch.path

    def command(self, python: str, job_file: Path) -> list[str]:
        """Returns the command that begins the process."""
        return [python, str(self.script), str(job_file)]

    def environment(self, hash_seed: int) -> dict[str, str]:
        """Returns the environment variables of the process."""
        return worker_environment(hash_seed)

    def kill(self) -> None:
        """Kills the process and those it started; its answers then end."""
        # The whole session: a contender may have started processes of its own.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Ends the process, if it still runs, and everything that was opened for it."""
        self.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            if stream is not None:
                stream.close()
        self._scratch.remove()

    def events(self) -> Iterator[dict[str, Any]]:
        """Yields the worker's answers up to `done`; raises WorkerError."""
        for line in self._lines():
            try:
                event = json.loads(line)
                name = event["event"]
            except (ValueError, TypeError, KeyError):
                raise self.garbage(line) from None
            if name == "error":
                # What a contender makes its worker say ends up on a terminal and in a record.
                event["message"] = worker.clean(str(event.get("message")))
            if name != "alive":
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
        group, contender = worker.POSITION.unpack_from(self._position_file.read_bytes())
        return WorkerError(kind, message, *(at if at >= 0 else None for at in (group, contender)))

    def garbage(self, answer: object) -> WorkerError:
        """Makes the error for an answer that is none.

        By the time that it is read the worker may have gone on to the next contender, so the
        group is blamed, and not who runs now.
        """
        error = self.failure("garbage", f"a call made its worker answer {str(answer)[:60]}")
        error.contender = None
        return error


def limit_of(silence_s: float) -> int:
    """Returns after how many seconds without an answer a worker ends itself."""
    return math.ceil(2 * silence_s) + 1


def pin(pid: int, cpu: int | None) -> str | None:
    """Binds a process to one CPU; returns why not, where that cannot be done.

    Done from outside, since not every interpreter offers it to the worker.
    """
    if not hasattr(os, "sched_setaffinity"):
        return f"{sys.platform} does not offer it"
    if cpu is None:
        return "no CPU was chosen"
    try:
        os.sched_setaffinity(pid, {cpu})
    except OSError as error:
        return error.strerror or repr(error)
    return None


def worker_environment(hash_seed: int) -> dict[str, str]:
    """Returns this process's environment without what would change the interpreter under test."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON") or name in KEPT_VARIABLES
    }
    # Unbuffered, so that the worker sees at once what a contender writes, in C's stdio too.
    return {**kept, "PYTHONHASHSEED": str(hash_seed), "PYTHONUNBUFFERED": "1"}
