"""The commands of uv and of pip that environments are made with, and how they say no.

uv is used where it is installed, pip otherwise; CALLCOST_INSTALLER=uv or pip decides it. Either
works on another interpreter from outside, so that an environment holds no installer of its own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from callcost.revisions.errors import SpecError
from callcost.revisions.interpreter import PROBE_S, Interpreter, clean_variables

VARIABLE = "CALLCOST_INSTALLER"
# What pip and uv say when it is the network that fails them.
NO_NETWORK = re.compile(
    "NewConnectionError|connection broken|[Nn]ame or service not known|Name resolution|"
    "name resolution|Network is unreachable|ProxyError|ConnectTimeout|Read timed out|dns error|"
    "error sending request|tcp connect error|Connection refused|are you offline|"
    "network was disabled|Failed to fetch|Could not connect"
)
# uv's reason may run over many lines, and the form of its errors has changed.
UV_REASON = re.compile(
    r"No solution found when resolving[^\n]*\n\s*(?:╰─▶|cause:)(?P<words>.*?)"
    r"(?=\n\s*\n|\n\s*hint:|\n\s*cause:|\Z)",
    re.DOTALL,
)
PIP_CONFLICT = re.compile(r"The conflict is caused by:\n(?P<lines>(?: {4}.*\n)+)")
PIP_REASON = re.compile(
    r"^ERROR: (?P<words>No matching distribution found .*|Cannot install .*|"
    r"Package '.*' requires a different Python.*|ResolutionImpossible.*)$",
    re.MULTILINE,
)
NO_SPACE = re.compile("No space left on device|Disk quota exceeded|os error 28")


@dataclass(frozen=True)
class Installer:
    """One of the two programs, ready to be given a subcommand."""

    name: str
    command: tuple[str, ...]

    def resolve(self, python: str, wanted: Path, limits: Path, answer: Path) -> list[str]:
        """Makes the command that writes the versions that requirements come to."""
        files = ["-c", str(limits)]
        if self.name == "uv":
            shape = ["--no-header", "--no-annotate", "--output-file", str(answer)]
            return [*self.command, "compile", str(wanted), "--python", python, *files, *shape]
        shape = ["--dry-run", "--ignore-installed", "--report", str(answer)]
        return [*self.command, "--python", python, "install", *shape, "-r", str(wanted), *files]

    def install(self, python: str, *arguments: str) -> list[str]:
        """Makes the command that installs something into a virtual environment."""
        # Byte code is left for the first import: much of what is installed is never imported.
        if self.name == "uv":
            return [*self.command, "install", "--python", python, *arguments]
        return [*self.command, "--python", python, "install", "--no-compile", *arguments]

    def install_project(self, python: str, limits: Path) -> list[str]:
        """Makes the command that installs the project in the current folder."""
        options = ["--no-build-isolation", "-c", str(limits)]
        # Both find a project's own versions: uv's table of sources would be for uv alone.
        own = ["--no-sources"] if self.name == "uv" else ["--use-pep517"]
        return self.install(python, *options, *own, ".")

    def pins(self, answer: Path) -> list[str]:
        """Reads what `resolve` wrote: requirements with exactly one version each, sorted."""
        text = answer.read_text(encoding="utf-8")
        if self.name == "pip":
            return sorted(map(_pin, json.loads(text)["install"]))
        lines = (line.strip() for line in text.splitlines())
        return sorted(line for line in lines if line and not line.startswith(("#", "-")))


def _pin(item: dict[str, Any]) -> str:
    name = canonicalize_name(item["metadata"]["name"])
    if not item.get("is_direct"):
        return f"{name}=={item['metadata']['version']}"
    info = item["download_info"]
    if "vcs_info" in info:
        return f"{name} @ {info['vcs_info']['vcs']}+{info['url']}@{info['vcs_info']['commit_id']}"
    return f"{name} @ {info['url']}"


def choose(interpreter: Interpreter) -> Installer:
    """Finds uv or pip for an interpreter; raises SpecError if there is neither."""
    chosen = os.environ.get(VARIABLE, "")
    if chosen not in ("", "uv", "pip"):
        raise SpecError(f"{VARIABLE}={chosen} is not known: say uv or pip")
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv and chosen != "pip":
        return Installer("uv", (uv, "pip"))
    if chosen == "uv":
        raise SpecError(f"{VARIABLE}=uv, but there is no uv: install it")
    return Installer("pip", _pip(interpreter))


def _pip(interpreter: Interpreter) -> tuple[str, ...]:
    """Finds a pip that can work on the interpreter: the running one's, or its own."""
    ours = (sys.executable, "-m", "pip")
    theirs = (interpreter.executable, "-m", "pip")
    same = interpreter.facts["python_version"].split(".")[:2] == list(
        map(str, sys.version_info[:2])
    )
    # Not by find_spec("pip"): setuptools takes that for pip itself, and lets go of its distutils.
    if any(distributions(name="pip")) and (same or _works(ours, interpreter.executable)):
        return ours
    if _works(theirs, interpreter.executable):
        return theirs
    raise SpecError(
        f"neither uv nor a pip for {interpreter.label} was found: install uv (it serves every "
        f"interpreter), or run {interpreter.executable} -m ensurepip"
    )


def _works(pip: tuple[str, ...], python: str) -> bool:
    """Tells whether a pip is there, knows --python (from 22.3 on) and runs in the interpreter."""
    command = [*pip, "--python", python, "--version"]
    try:
        done = subprocess.run(
            command, capture_output=True, env=clean_variables(), timeout=PROBE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def settings() -> dict[str, str]:
    """Returns the settings of pip and uv that decide which versions there are."""
    kept = clean_variables()
    return {name: kept[name] for name in sorted(kept) if name.startswith(("PIP_", "UV_"))}


def objection(log: str) -> str | None:
    """Returns the resolver's reason why requirements cannot be fulfilled; None if it had none."""
    if found := UV_REASON.search(log):
        return " ".join(found["words"].split()).rstrip(".")
    if found := PIP_CONFLICT.search(log):
        return "; ".join(line.strip() for line in found["lines"].splitlines() if line.strip())
    found = PIP_REASON.search(log)
    return found["words"].rstrip(".") if found else None


def unreachable(log: str) -> bool:
    """Tells whether it was the network that failed; one hitch before a sound answer is none."""
    return bool(NO_NETWORK.search(log)) and not PIP_CONFLICT.search(log)
