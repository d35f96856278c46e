"""Starts supervisors and listens to them, and repairs what a killed one has left."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from callcost.console.files import write_atomically
from callcost.revisions.builder import end_marked
from callcost.revisions.cache import LOCK, Cache, Entry, Lock
from callcost.revisions.errors import BuildError, CancelledError, ContradictionError
from callcost.revisions.folders import remove_tree


class Supervision:
    """Runs the supervisors of one comparison; `stopped` is set once they are given up."""

    def __init__(self, cache: Cache) -> None:
        self.stopped = threading.Event()
        self._cache = cache
        self._pipes: list[IO[bytes]] = []

    def stop(self) -> None:
        """Makes all supervisors clean up and end, now and from now on."""
        self.stopped.set()
        for pipe in self._pipes:
            pipe.close()

    def run(
        self, job: Mapping[str, Any], say: Callable[[str], None], locks: Sequence[Lock] = ()
    ) -> dict[str, Any]:
        """Has a supervisor do a job (builder.py) and returns its answer.

        The supervisor inherits the locks. Raises BuildError, ContradictionError, or
        CancelledError after `stop`.
        """
        with self._cache.staged(job["kind"]) as (folder, lock):
            fds = [each.fd for each in (lock, *locks)]
            job_file = folder / "job.json"
            whole = {**job, "cache": str(self._cache.folder), "locks": fds}
            write_atomically(job_file, json.dumps(whole))
            # Leaving closes its standard input, and waits until it has cleaned up.
            with subprocess.Popen(
                [sys.executable, "-P", "-m", "callcost.revisions.builder", str(job_file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=fds,
                cwd=folder,
                # Its own session: Ctrl-C reaches the caller alone, which then closes the pipe.
                start_new_session=True,
            ) as process:
                assert process.stdin is not None and process.stdout is not None
                self._pipes.append(process.stdin)
                if self.stopped.is_set():
                    process.stdin.close()
                last = _listen(process.stdout, say)
            if last is None:
                _mend_staging(folder)
                raise BuildError(f"its supervisor {_end_of(process)}")
        return _judged(last)


def _listen(lines: Iterable[bytes], say: Callable[[str], None]) -> dict[str, Any] | None:
    """Passes progress on and returns the last answer; None if there was none."""
    last = None
    for event in map(json.loads, lines):
        if "say" in event:
            say(event["say"])
        else:
            last = event
    return last


def _end_of(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    return f"died of {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _judged(last: Mapping[str, Any]) -> dict[str, Any]:
    if "done" in last:
        return dict(last["done"])
    match last["failed"]:
        case "cancelled":
            raise CancelledError
        case "contradiction":
            raise ContradictionError(last["message"])
        case _:
            raise BuildError(last["message"], last["log"])


def mend(cache: Cache) -> list[Path]:
    """Removes what killed supervisors have left: processes, worktrees and half-built entries.

    Returns their folders. A repository lists a lost worktree until the next comparison there:
    only a file says which repository it was, and no file is trusted here.
    """
    mended = []
    for folder in cache.stagings():
        lock_file = folder.with_name(folder.name + LOCK)
        lock = Lock.attempt(lock_file)
        if lock is None:
            continue
        with lock:
            _mend_staging(folder)
            lock_file.unlink(missing_ok=True)
        mended.append(folder)
    if mended:
        for entry in cache.entries():
            _discard_half_built(entry)
    return mended


def _mend_staging(folder: Path) -> None:
    end_marked(folder.name)
    remove_tree(folder)


def _discard_half_built(entry: Entry) -> None:
    lock = Lock.attempt(entry.lock_file)
    # If another process has the lock, it builds the entry anew or discards it.
    if lock is not None:
        with lock:
            if entry.read() is None:
                entry.discard()
