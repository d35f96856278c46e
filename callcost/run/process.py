"""Starts one worker process, reads its answers, and always ends it.

A job is a JSON object: `seed`, `limit_s`, `position_file` and `groups`, each with its contenders
and its plan.
A plan with no passes asks for estimates only. The worker answers with one JSON object per line,
whose `event` is `ready`, then for each group `estimates`, `times` or `error`, then `done`; and
`alive` once a second. If it takes turns, it announces each pass by `turn`, and then reads a byte
from `turns_fd`.
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
from typing import Any, Self

from callcost.errors import CallcostError
from callcost.model.contender import Contender
from callcost.model.plan import Plan
from callcost.run.scratch import Scratch
from callcost.worker import worker

WORKER_FILE = Path(worker.__file__)
STDERR_LINES = 3
# All other variables named PYTHON... change how the interpreter runs, such as PYTHONMALLOC.
KEPT_VARIABLES = ("PYTHONPATH", "PYTHONHOME")


class WorkerError(CallcostError):
    """A worker could not be started, crashed, hung or sent a malformed answer.

    `group` and `contender` are its position in the job, or None if unknown.
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
    """Describes one group for the worker's job.

    `cpu_stat` names the files that tell whether a CPU quota stopped the worker.
    """
    described = [asdict(contender) for contender in contenders]
    return {**asdict(plan), "contenders": described, "cpu_stat": list(cpu_stat)}


class WorkerProcess:
    """A fresh interpreter that runs worker.py on one job, or has it load `script` to do so.

    It is a context manager. The process finds packages in `packages` first, and inherits the file
    descriptors `pass_fds`. With `takes_turns`, it waits before each pass for `go`.
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
        packages: str = "",
        pass_fds: Sequence[int] = (),
        takes_turns: bool = False,
    ) -> None:
        self._silence_s = silence_s
        self._packages = packages
        self._scratch = Scratch()
        turns_fd: int | None = None
        self._go_fd: int | None = None
        if takes_turns:
            turns_fd, self._go_fd = os.pipe()
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
                    "turns_fd": turns_fd,
                }
            )
        )
        try:
            # The process inherits the CPU. Bound later, it could see its affinity change.
            with bound(cpu) as self.not_pinned:
                self._process = subprocess.Popen(
                    self.command(python, job_file),
                    # Carries nothing. It closes when this process ends, which ends the worker.
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._stderr,
                    env=self.environment(hash_seed),
                    # Its own session: Ctrl-C only reaches the coordinator, which ends the worker.
                    start_new_session=True,
                    pass_fds=pass_fds if turns_fd is None else (*pass_fds, turns_fd),
                )
        except OSError as error:
            self._close_files()
            raise WorkerError(
                "no interpreter", f"cannot start {Path(python).name}: {error.strerror}"
            ) from error
        finally:
            if turns_fd is not None:
                os.close(turns_fd)

    def go(self) -> None:
        """Lets a process that takes turns begin its next pass."""
        assert self._go_fd is not None
        # Its answers tell what it died of.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._go_fd, b"\n")

    def pin(self, cpu: int | None) -> None:
        """Binds the process to a CPU, if it was started without one."""
        self.not_pinned = pin(self._process.pid, cpu)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def folder(self) -> Path:
        """The folder of the process's files; it exists until `close`."""
        return self._scratch.path

    def command(self, python: str, job_file: Path) -> list[str]:
        """Returns the command that starts the process."""
        return [python, str(WORKER_FILE), str(job_file), self.script.stem]

    def environment(self, hash_seed: int) -> dict[str, str]:
        """Returns the environment variables of the process."""
        return worker_environment(hash_seed, self._packages)

    def kill(self) -> None:
        """Kills the process and those it started, which ends its answers."""
        # The whole session: a contender may have started processes of its own.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Ends the process if it still runs, closes its streams and removes its files."""
        self.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._close_files()

    def _close_files(self) -> None:
        self._stderr.close()
        if self._go_fd is not None:
            os.close(self._go_fd)
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
                # A contender may have written this text. It is shown, and kept in a record.
                event["message"] = worker.clean(str(event.get("message")))
            if name != "alive":
                yield event
            if name == "done":
                return

    def _lines(self) -> Iterator[bytes]:
        """Yields whole lines; raises WorkerError if the worker is silent for too long."""
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
        """Returns the error for a process that ended before it was done."""
        try:
            status = self._process.wait(timeout=self._silence_s)
        except subprocess.TimeoutExpired:
            return self.failure("hang", "its worker closed its output but kept running")
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
        """Makes an error with the worker's current position."""
        group, contender = worker.POSITION.unpack_from(self._position_file.read_bytes())
        return WorkerError(kind, message, *(at if at >= 0 else None for at in (group, contender)))

    def garbage(self, answer: object) -> WorkerError:
        """Makes the error for a malformed answer.

        It names only the group, because the worker may be at the next contender by now.
        """
        error = self.failure("garbage", f"a call made its worker answer {str(answer)[:60]}")
        error.contender = None
        return error


def limit_of(silence_s: float) -> int:
    """Returns how many seconds without an answer a worker may run before it ends itself."""
    return math.ceil(2 * silence_s) + 1


def pin(pid: int, cpu: int | None) -> str | None:
    """Binds a process to one CPU; returns the reason if that fails.

    The coordinator does this, because not every interpreter can do it itself.
    """
    if not hasattr(os, "sched_setaffinity"):
        return f"{sys.platform} does not support it"
    if cpu is None:
        return "no CPU was chosen"
    try:
        os.sched_setaffinity(pid, {cpu})
    except OSError as error:
        return error.strerror or repr(error)
    return None


@contextlib.contextmanager
def bound(cpu: int | None) -> Iterator[str | None]:
    """Binds this thread, and the processes that it starts, to one CPU inside a `with`.

    Yields the reason if that fails.
    """
    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    try:
        yield pin(0, cpu)
    finally:
        if before is not None:
            os.sched_setaffinity(0, before)


def worker_environment(hash_seed: int, packages: str = "") -> dict[str, str]:
    """Returns the environment variables, without those that change the measured interpreter.

    The worker finds packages in the folder `packages` first.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON") or name in KEPT_VARIABLES
    }
    if packages:
        kept["PYTHONPATH"] = os.pathsep.join(filter(None, (packages, kept.get("PYTHONPATH"))))
    # Unbuffered, including C's stdio: the worker then sees at once what a contender writes.
    return {**kept, "PYTHONHASHSEED": str(hash_seed), "PYTHONUNBUFFERED": "1"}
