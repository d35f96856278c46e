"""The supervisor: a process that makes one environment, or resolves, and leaves nothing behind.

`python -m callcost.revisions.builder JOBFILE` is started in a session of its own with a pipe for
its standard input, to which nothing is ever written: when that closes, because the caller was
interrupted or died, the supervisor ends every process that it has started, removes its worktree
and the half-built environment, and ends. It answers with JSON lines: {"say": ...} for progress,
and last {"done": ...} or {"failed": ...}. It has inherited the locks of what it works on.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import psutil
from pyproject_hooks import BackendUnavailable, BuildBackendHookCaller

from callcost.console.files import write_atomically
from callcost.revisions import install, reasons
from callcost.revisions.cache import LOCK, PRIVATE, Entry, concerns, describe
from callcost.revisions.errors import BuildError, SpecError
from callcost.revisions.interpreter import ask, clean_variables
from callcost.revisions.removal import remove_tree
from callcost.revisions.source import GitError, Repository, git_variables

MARK = "CALLCOST_SUPERVISOR"
# The time that files of a build have, for whatever writes it into them: 2020-01-01.
SOURCE_DATE, BUILD_TIME = "SOURCE_DATE_EPOCH", "1577836800"
POLL_S = 0.05
TAIL_LINES = 15
SWEEPS = 20


class AbandonedError(Exception):
    """Nobody waits for the result any more."""


class Runner:
    """Runs commands one after the other, each in a group of processes that can be ended."""

    def __init__(self, token: str, log: Path) -> None:
        self._token = token
        self._log = log

    def run(
        self, command: Sequence[str], cwd: Path, variables: Mapping[str, str] | None = None
    ) -> None:
        """Waits for a command to succeed; raises CalledProcessError, OSError, AbandonedError."""
        with self._log.open("ab") as log:
            log.write(f"$ {' '.join(command)}\n".encode(errors="replace"))
            log.flush()
            process = subprocess.Popen(
                command,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**clean_variables(), **(variables or {}), MARK: self._token},
                process_group=0,
            )
            try:
                self._wait(process)
            finally:
                self._end(process)
        if process.returncode != 0:
            raise subprocess.CalledProcessError(process.returncode, list(command))

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None:
            if select.select([0], [], [], POLL_S)[0]:
                raise AbandonedError

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Ends the command, if it still runs, and whatever it has left running."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        end_marked(self._token)


def end_marked(token: str) -> None:
    """Ends every process that bears a supervisor's mark, also in groups of their own."""
    for _ in range(SWEEPS):
        found = [process for process in psutil.process_iter() if _bears(process, token)]
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.kill()
        if not found:
            return
        psutil.wait_procs(found, timeout=POLL_S)


def _bears(process: psutil.Process, token: str) -> bool:
    try:
        if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
            return False
        # Root can read the marks of other users' processes, which are theirs to end.
        if process.uids().real != os.getuid():
            return False
        return bool(process.environ().get(MARK) == token)
    except (psutil.Error, OSError):
        return False


def answer(**event: Any) -> None:
    """Sends one line to the caller, as long as there is one."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(event).encode() + b"\n")


class Build:
    """The steps from a commit to an environment in which the project is installed."""

    def __init__(self, job: Mapping[str, Any], staging: Path) -> None:
        self._job = job
        self._entry = Entry(Path(job["entry"]))
        self._staging = staging
        self._repository = Repository(Path(job["repository"]), job["prefix"])
        self._worktree = staging / "worktree"
        self._project = self._worktree / job["prefix"]
        self._installer = install.Installer(job["installer"][0], tuple(job["installer"][1]))
        self._limits = staging / "pins.txt"
        self._entry.folder.mkdir(mode=PRIVATE)
        self._runner = Runner(staging.name, self._entry.log)
        self._python = ""

    def make(self) -> dict[str, Any]:
        """Makes everything but environment.json; returns what is to be written to it."""
        write_atomically(self._limits, "\n".join(self._job["pins"]) + "\n")
        answer(say="checking out")
        self._check_out()
        answer(say="making a virtual environment")
        self._make_venv()
        answer(say=f"installing {len(self._job['pins'])} packages that it needs")
        # uv refuses a file without a requirement.
        if self._job["pins"]:
            self._install("--no-deps", "-r", str(self._limits))
        self._install_backend_requirements()
        answer(say="compiling and installing")
        command = self._installer.install_project(self._python, self._limits)
        self._runner.run(command, self._project, self._variables())
        facts = {"python": self._python, "worktree": str(self._worktree)}
        return {**self._job["facts"], **facts, **_kept(ask(self._python))}

    def remove_worktree(self) -> None:
        """Removes the worktree, from the repository's books too."""
        self._repository.remove_worktree(self._worktree)

    def keep_log(self) -> None:
        """Puts the log of a failure where it can be read afterwards."""
        with contextlib.suppress(OSError):
            self._entry.log.replace(self._job["failure_log"])

    def discard(self) -> None:
        """Removes the half-built environment."""
        self._entry.discard()

    def _check_out(self) -> None:
        try:
            self._repository.add_worktree(self._worktree, self._job["checkout"])
        except GitError as error:
            raise BuildError(f"git cannot check it out: {error}") from error
        if (self._worktree / ".gitmodules").is_file():
            command = ["git", "submodule", "update", "--init", "--recursive"]
            self._runner.run(command, self._worktree, git_variables())

    def _make_venv(self) -> None:
        venv = self._entry.venv
        if self._installer.name == "uv":
            uv = self._installer.command[0]
            make = [uv, "venv", "--quiet", "--no-project", "--python", self._job["python"]]
        else:
            # pip works on it from outside, and takes longer to install than the environment.
            make = [self._job["python"], "-m", "venv", "--without-pip"]
        try:
            self._runner.run([*make, str(venv)], self._staging)
        except subprocess.CalledProcessError as error:
            raise BuildError(
                f"{self._job['python']} makes no virtual environment: install its module venv "
                "(python3-venv on Debian), or uv"
            ) from error
        self._python = str(self._entry.python)

    def _install(self, *arguments: str) -> None:
        self._runner.run(self._installer.install(self._python, *arguments), self._staging)

    def _install_backend_requirements(self) -> None:
        """Installs what only the build backend knows that it needs (cmake, ninja, ...)."""

        def run(
            cmd: Sequence[str],
            cwd: str | None = None,
            extra_environ: Mapping[str, str] | None = None,
        ) -> None:
            folder = Path(cwd) if cwd else self._project
            self._runner.run(cmd, folder, {**self._variables(), **(extra_environ or {})})

        hooks = BuildBackendHookCaller(
            str(self._project),
            self._job["backend"],
            backend_path=self._job["backend_path"] or None,
            runner=run,
            python_executable=self._python,
        )
        try:
            wanted = list(hooks.get_requires_for_build_wheel())
        except BackendUnavailable as error:
            name = self._job["backend"]
            why = (error.traceback or "").strip().splitlines()[-1:]
            raise BuildError(
                ": ".join([f"its build backend {name} cannot be imported", *why])
            ) from error
        if wanted:
            self._install("-c", str(self._limits), *wanted)

    def _variables(self) -> dict[str, str]:
        """Puts the programs of the environment first: what it is built with is among them.

        The time is always the same, so that equal sources make equal files.
        """
        path = os.environ.get("PATH", os.defpath)
        epoch = os.environ.get(SOURCE_DATE, BUILD_TIME)
        return {"PATH": f"{Path(self._python).parent}{os.pathsep}{path}", SOURCE_DATE: epoch}


def _kept(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: facts[name] for name in ("site", "versions", "interpreter")}


def build(job: Mapping[str, Any], staging: Path) -> dict[str, Any]:
    """Makes an environment whole, or not at all."""
    making = Build(job, staging)
    whole = False
    try:
        facts = _made(making)
        write_atomically(Entry(Path(job["entry"])).facts_file, json.dumps(facts, indent=1) + "\n")
        whole = True
    finally:
        if not whole:
            making.discard()
    return {}


def _made(making: Build) -> dict[str, Any]:
    try:
        return making.make()
    except AbandonedError:
        raise
    except Exception:
        making.keep_log()
        raise
    finally:
        making.remove_worktree()


def resolve(job: Mapping[str, Any], staging: Path) -> dict[str, Any]:
    """Finds the versions that requirements come to."""
    installer = install.Installer(job["installer"][0], tuple(job["installer"][1]))
    wanted, limits, found = (staging / name for name in ("wanted.txt", "pins.txt", "found"))
    write_atomically(wanted, "\n".join(job["texts"]) + "\n")
    write_atomically(limits, "\n".join(job["limits"]) + "\n")
    command = installer.resolve(job["python"], wanted, limits, found)
    Runner(staging.name, staging / "build.log").run(command, staging)
    return {"pins": installer.pins(found)}


def main() -> None:
    """Does the one job that the command line names, and cleans up whatever happens."""
    staging = Path(sys.argv[1]).parent
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for fd in job["locks"]:
        # Held by this process, and not by what it starts.
        os.set_inheritable(fd, False)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _abandon)
    log = Path(job["failure_log"]) if job["kind"] == "build" else staging / "build.log"
    try:
        answer(done={"build": build, "resolve": resolve}[job["kind"]](job, staging))
    except AbandonedError:
        answer(failed="abandoned", message="", log=[])
    except Exception as error:
        kind, message = _explain(error, log, job)
        answer(failed=kind, message=message, log=_lines(log)[-TAIL_LINES:])
    finally:
        # Its caller may be there no more to do it.
        remove_tree(staging)
        staging.with_name(staging.name + LOCK).unlink(missing_ok=True)


def _abandon(number: int, _: object) -> NoReturn:
    # Once is enough: cleaning up must not be interrupted.
    signal.signal(number, signal.SIG_IGN)
    raise AbandonedError


def _explain(error: Exception, log: Path, job: Mapping[str, Any]) -> tuple[str, str]:
    """Returns what kind of failure it is, and a sentence."""
    said = "\n".join(_lines(log))
    match error:
        case subprocess.CalledProcessError() if reason := install.objection(said):
            kind = "network" if install.unreachable(said) else "contradiction"
            return kind, reason
        case subprocess.CalledProcessError() if install.NO_SPACE.search(said):
            return "build", describe(OSError(errno.ENOSPC, ""), Path(job["cache"]))
        case subprocess.CalledProcessError() if reason := _own_error(said):
            return "build", reason
        case subprocess.CalledProcessError() if install.unreachable(said):
            return "network", "the package index cannot be reached"
        case subprocess.CalledProcessError() if reason := reasons.last_error(said):
            return "build", reason
        case subprocess.CalledProcessError():
            command = " ".join(map(str, error.cmd[:1])).rpartition("/")[2]
            return "build", f"{command} ended with exit code {error.returncode}"
        case OSError() if concerns(error, Path(job["cache"])):
            return "build", describe(error, Path(job["cache"]))
        case OSError():
            return "build", f"{error.strerror or error} ({error.filename})"
        case SpecError() | BuildError() | GitError():
            return "build", str(error)
        case _:
            return "build", f"{type(error).__name__}: {error}"


def _own_error(said: str) -> str | None:
    """Returns a build's own error, unless it is that of a network."""
    reason = reasons.find(said)
    return None if reason is None or install.NO_NETWORK.search(reason) else reason


def _lines(log: Path) -> list[str]:
    try:
        return log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


if __name__ == "__main__":
    main()
