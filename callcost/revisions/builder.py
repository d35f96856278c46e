"""The supervisor: a process that makes one environment, or resolves, and leaves nothing behind.

`python -m callcost.revisions.builder JOBFILE` runs in its own session. Nothing is ever written to
its standard input. When that closes, because the caller was interrupted or died, the supervisor
ends every process that it has started, removes its worktree and the half-built environment, and
ends. It answers with JSON lines: {"say": ...} for progress, and last {"done": ...} or
{"failed": ...}. It inherits the locks of what it works on.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import psutil
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pyproject_hooks import BackendUnavailable, BuildBackendHookCaller
from uv import find_uv_bin

from callcost.console.files import write_atomically
from callcost.console.numbers import count
from callcost.layouts import installed
from callcost.layouts.builds import Layouts
from callcost.revisions import reasons
from callcost.revisions.cache import LOCK, PRIVATE, Entry, concerns, describe
from callcost.revisions.errors import BuildError, CancelledError, SpecError
from callcost.revisions.folders import remove_tree
from callcost.revisions.interpreter import ask, clean_variables
from callcost.revisions.source import GitError, Repository, git_variables

MARK = "CALLCOST_SUPERVISOR"
BUILD_LOG = "build.log"
# What build tools write into files as the time of the build: 2020-01-01.
SOURCE_DATE, BUILD_TIME = "SOURCE_DATE_EPOCH", "1577836800"
NO_SPACE_LEFT = re.compile("No space left on device|Disk quota exceeded|os error 28")
NO_NETWORK = "Failed to fetch"
OFFLINE = " (without a network, UV_OFFLINE=1 uses the versions in uv's cache)"
POLL_S = 0.05
TAIL_LINES = 15
SWEEPS = 20


class Runner:
    """Runs commands one after the other, each in its own process group."""

    def __init__(self, token: str, log: Path) -> None:
        self._token = token
        self._log = log

    def run(
        self, command: Sequence[str], cwd: Path, variables: Mapping[str, str] | None = None
    ) -> None:
        """Waits for a command to succeed; raises CalledProcessError, OSError, CancelledError."""
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
                while process.poll() is None:
                    if select.select([0], [], [], POLL_S)[0]:
                        raise CancelledError
            finally:
                self._end(process)
        if process.returncode != 0:
            raise subprocess.CalledProcessError(process.returncode, list(command))

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Ends the command, if it still runs, and whatever it has left running."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        end_marked(self._token)


def end_marked(token: str) -> None:
    """Ends every process with a supervisor's mark in its variables, in any session."""
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
        # Root can read the marks of other users' processes, but must not end them.
        if process.uids().real != os.getuid():
            return False
        return bool(process.environ().get(MARK) == token)
    except (psutil.Error, OSError):
        return False


def answer(**event: Any) -> None:
    """Sends one line to the caller, if it is still there."""
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
        self._limits = staging / "pins.txt"
        self._entry.folder.mkdir(mode=PRIVATE)
        self._runner = Runner(staging.name, self._entry.log)
        self._python = str(self._entry.python)
        self._layouts = Layouts(self._entry.layouts, job["layouts"], aligned=job["aligned"])
        self._linking: Mapping[str, str] = {}
        # Why requirements could not be installed, by their names.
        self._left_out: dict[str, str] = {}

    def run(self) -> None:
        """Makes the environment whole, or not at all."""
        try:
            try:
                facts = self._make()
            except Exception as error:
                if not isinstance(error, CancelledError):
                    with contextlib.suppress(OSError):
                        self._entry.log.replace(self._job["failure_log"])
                raise
            finally:
                if self._job["backend"]:
                    self._repository.remove_worktree(self._worktree)
            write_atomically(self._entry.facts_file, json.dumps(facts, indent=1) + "\n")
        except BaseException:
            self._entry.discard()
            raise

    def _make(self) -> dict[str, Any]:
        """Makes everything but environment.json; returns what to write there."""
        write_atomically(self._limits, "\n".join(self._job["pins"]) + "\n")
        if self._job["backend"]:
            answer(say="checking out")
            self._check_out()
        answer(say="making a virtual environment")
        options = ["--quiet", "--no-project", "--python", self._job["python"]]
        command = [find_uv_bin(), "venv", *options, str(self._entry.venv)]
        self._runner.run(command, self._staging)
        self._install_requirements()
        if self._job["backend"]:
            self._install_backend_requirements()
            answer(say="compiling and installing")
            # The project's table of uv sources would override the versions that were asked for.
            options = ["--no-build-isolation", "--no-sources", "-c", str(self._limits)]
            self._runner.run(self._install(*options, "."), self._project, self._variables())
        found = ask(self._python)
        site = Path(found["site"])
        built = self._job["from_source"]
        layouts = installed.arrange(
            self._layouts, self._entry.venv, site, str(self._worktree), built
        )
        return {
            **self._job["facts"],
            "python": self._python,
            "worktree": str(self._worktree),
            "layouts": layouts,
            "left_out": self._left_out,
            **{name: found[name] for name in ("site", "versions", "interpreter")},
        }

    def _install_requirements(self) -> None:
        """Installs packages as the index has them, except for those that are built here."""
        pins = {canonicalize_name(Requirement(pin).name): pin for pin in self._job["pins"]}
        here = self._job["from_source"]
        if unknown := sorted(set(here) - pins.keys()):
            raise BuildError(f"from-source names {unknown[0]}, which nothing requires")
        ready = [pin for name, pin in pins.items() if name not in here]
        answer(say=f"installing {count(len(ready), 'required package')}")
        if ready:
            self._install_ready(ready)
        if self._job["layouts"]:
            chosen = {**os.environ, **self._variables()}
            self._linking = self._layouts.variables(chosen, self._job["compilers"])
        for name in here:
            answer(say=f"compiling {pins[name]}")
            # The cache may have a wheel that was built without layouts.
            options = ["--no-deps", "--no-cache", "--no-binary", name]
            self._runner.run(self._install(*options, pins[name]), self._staging, self._variables())

    def _install_ready(self, pins: Sequence[str]) -> None:
        """Installs packages as the index has them; leaves out what fails if that is allowed."""
        try:
            self._runner.run(self._install("--no-deps", *pins), self._staging)
        except subprocess.CalledProcessError:
            if not self._job["lenient"]:
                raise
            for pin in pins:
                self._try_to_install(pin)
            if len(self._left_out) == len(pins):
                raise

    def _try_to_install(self, pin: str) -> None:
        try:
            self._runner.run(self._install("--no-deps", pin), self._staging)
        except subprocess.CalledProcessError:
            log = "\n".join(_lines(self._entry.log))
            name = canonicalize_name(Requirement(pin).name)
            self._left_out[name] = reasons.find(log) or f"{pin} cannot be installed"

    def _check_out(self) -> None:
        try:
            self._repository.add_worktree(self._worktree, self._job["checkout"])
        except GitError as error:
            raise BuildError(f"git cannot check it out: {error}") from error
        if (self._worktree / ".gitmodules").is_file():
            command = ["git", "submodule", "update", "--init", "--recursive"]
            self._runner.run(command, self._worktree, git_variables())

    def _install(self, *arguments: str) -> list[str]:
        return [find_uv_bin(), "pip", "install", "--python", self._python, *arguments]

    def _install_backend_requirements(self) -> None:
        """Installs what only the build backend knows to be required (cmake, ninja, ...)."""

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
            self._runner.run(self._install("-c", str(self._limits), *wanted), self._staging)

    def _variables(self) -> dict[str, str]:
        """Adds the project's own, puts the environment's programs first, and fixes the time.

        Equal sources then make equal files.
        """
        path = os.environ.get("PATH", os.defpath)
        epoch = os.environ.get(SOURCE_DATE, BUILD_TIME)
        first = f"{Path(self._python).parent}{os.pathsep}{path}"
        return {**self._job["variables"], "PATH": first, SOURCE_DATE: epoch, **self._linking}


def build(job: Mapping[str, Any], staging: Path) -> dict[str, Any]:
    """Makes an environment."""
    Build(job, staging).run()
    return {}


def resolve(job: Mapping[str, Any], staging: Path) -> dict[str, Any]:
    """Has uv choose versions; returns requirements with exactly one version each."""
    return {"pins": _chosen(job["python"], job["texts"], job["limits"], staging)}


def releases(job: Mapping[str, Any], staging: Path) -> dict[str, Any]:
    """Has uv choose the newest version below the last one, until there is none; returns them all.

    uv has no command that lists what an index offers.
    """
    found: list[str] = []
    while True:
        highest = (found or [job["high"]])[-1]
        text = f"{job['package']}>{job['low']},<{highest}"
        try:
            (pin,) = _chosen(job["python"], [text], [], staging, "--no-deps")
        except subprocess.CalledProcessError:
            if reasons.objection("\n".join(_lines(staging / BUILD_LOG))):
                return {"versions": found}
            raise
        found += [each.version for each in Requirement(pin).specifier]


def _chosen(
    python: str, texts: Sequence[str], limits: Sequence[str], staging: Path, *more: str
) -> list[str]:
    """Returns the versions that uv chooses, as requirements."""
    wanted, limited, found = (staging / name for name in ("wanted.txt", "pins.txt", "found.txt"))
    write_atomically(wanted, "\n".join(texts) + "\n")
    write_atomically(limited, "\n".join(limits) + "\n")
    # uv prefers the versions of an earlier answer.
    found.unlink(missing_ok=True)
    options = ["--python", python, "-c", str(limited), "--no-header", "--no-annotate", *more]
    command = [find_uv_bin(), "pip", "compile", str(wanted), *options, "--output-file", str(found)]
    Runner(staging.name, staging / BUILD_LOG).run(command, staging)
    lines = map(str.strip, found.read_text(encoding="utf-8").splitlines())
    return sorted(line for line in lines if line and not line.startswith(("#", "-")))


KINDS = {"build": build, "resolve": resolve, "releases": releases}


def main() -> None:
    """Does the job that the command line names, and always cleans up."""
    staging = Path(sys.argv[1]).parent
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for fd in job["locks"]:
        # This process holds them, and nothing that it starts.
        os.set_inheritable(fd, False)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _cancel)
    log = Path(job["failure_log"]) if job["kind"] == "build" else staging / BUILD_LOG
    try:
        answer(done=KINDS[job["kind"]](job, staging))
    except CancelledError:
        answer(failed="cancelled", message="", log=[])
    except Exception as error:
        kind, message = _explain(error, log, job)
        answer(failed=kind, message=message, log=_lines(log)[-TAIL_LINES:])
    finally:
        # The caller may be gone.
        remove_tree(staging)
        staging.with_name(staging.name + LOCK).unlink(missing_ok=True)


def _cancel(number: int, _: object) -> NoReturn:
    # Once only: nothing may interrupt the cleaning up.
    signal.signal(number, signal.SIG_IGN)
    raise CancelledError


def _explain(error: Exception, log: Path, job: Mapping[str, Any]) -> tuple[str, str]:
    """Returns what kind of failure it is, and a sentence."""
    said = "\n".join(_lines(log))
    cache = Path(job["cache"])
    match error:
        case subprocess.CalledProcessError() if reason := reasons.objection(said):
            return "contradiction", reason
        case subprocess.CalledProcessError() if NO_SPACE_LEFT.search(said):
            return "build", describe(OSError(errno.ENOSPC, ""), cache)
        case subprocess.CalledProcessError() if reason := reasons.find(said):
            return "build", f"{reason}{OFFLINE}" if NO_NETWORK in reason else reason
        case subprocess.CalledProcessError():
            command = " ".join(map(str, error.cmd[:1])).rpartition("/")[2]
            return "build", f"{command} ended with exit code {error.returncode}"
        case OSError() if concerns(error, cache):
            return "build", describe(error, cache)
        case OSError():
            return "build", f"{error.strerror or error} ({error.filename})"
        case SpecError() | BuildError() | GitError():
            return "build", str(error)
        case _:
            return "build", f"{type(error).__name__}: {error}"


def _lines(log: Path) -> list[str]:
    try:
        return log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


if __name__ == "__main__":
    main()
