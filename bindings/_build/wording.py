"""Texts for the manifest: reasons, commands and versions, with local paths removed."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shlex
import subprocess
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from setuptools.errors import PlatformError

from .places import ROOT

BUILD_TOOLS = (
    "setuptools",
    "cffi",
    "Cython",
    "pybind11",
    "nanobind",
    "swig",
    "hpy",
    "mypy",
    "setuptools-rust",
)
NOT_INSTALLED = "not installed"
# The version that a Cargo.toml asks for.
PYO3 = re.compile(r'^pyo3 = (?:\{ version = )?"=?([\d.]+)"', re.MULTILINE)
# A path from the root or from home, up to its last part; within quotes it may hold spaces. A
# slash after a word belongs to a relative path, unless the word is a compiler's -I or -L.
FOLDERS = re.compile(
    r"""(?<=['"]) ~?/[^'"\n]*/ | (?:(?<![\w.])|(?<=-[IL])) ~?/(?=\S)(?:[^\s'"/]*/)*""", re.VERBOSE
)


def reason(what: str, error: BaseException) -> str:
    """Says in one line, without local paths, what failed and which exception it raised.

    A PlatformError's own text is enough: it says what this platform lacks.
    """
    if isinstance(error, PlatformError):
        return without_folders(str(error)).partition("\n")[0]
    failed = subprocess.CalledProcessError
    cause = error.args[0] if error.args and not isinstance(error, failed) else error
    if isinstance(cause, failed):
        # Its text is the whole command; the compiler reported the problem on the terminal.
        text = f"{Path(cause.cmd[0]).name} ended with exit status {cause.returncode}"
    else:
        text = without_folders(str(error))
    first_line = text.strip().partition("\n")[0]
    return f"{what} ({type(error).__name__}: {first_line})"


def without_folders(text: str) -> str:
    """Shortens paths: in the checkout to their part below it, others to their last part."""
    text = text.replace(f"{ROOT}/", "")
    # The last part of a home folder is the user's name. In a container, it may be "/".
    if home := os.environ.get("HOME", "").rstrip("/"):
        text = text.replace(home, "~")
    return FOLDERS.sub("", text)


def without_path_tokens(command: Sequence[str]) -> list[str]:
    """Leaves out arguments with a path: they say where a file was compiled, not how."""
    return [token for token in command if "/" not in token]


def tool_versions() -> dict[str, str]:
    """Returns the version of each Python package that may take part in the build."""
    return {name: _package_version(name) for name in BUILD_TOOLS}


def _package_version(name: str) -> str:
    """Returns the version of a package.

    pip's finder for this folder, where the backend is, ignores the name that it is asked for, and
    answers with callcost. So what is found must have the name.
    """
    for found in importlib.metadata.distributions(name=name):
        if _normal(found.metadata["Name"]) == _normal(name):
            return found.version
    return NOT_INSTALLED


def _normal(name: str) -> str:
    """Normalises the name of a package, as the standard for names of packages says."""
    return re.sub("[-_.]+", "-", name).lower()


def library_versions() -> dict[str, str]:
    """Returns the version of each library for the build that is not a Python package."""
    named = "#include <boost/version.hpp>\nBOOST_LIB_VERSION\n"
    compiler = shlex.split(os.environ.get("CXX") or sysconfig.get_config_var("CXX") or "c++")
    boost = _last_line([*compiler, "-E", "-P", "-x", "c++", "-"], named).strip('"')
    pinned = (path.read_text(encoding="utf-8") for path in (ROOT / "bindings").glob("*/Cargo.toml"))
    pyo3 = {version for text in pinned for version in PYO3.findall(text)}
    found = {
        "Boost": boost.replace("_", "."),
        "libffi": _last_line(["pkg-config", "--modversion", "libffi"]),
        "PyO3": ", ".join(sorted(pyo3)),
    }
    return {name: version or NOT_INSTALLED for name, version in found.items()}


def _last_line(command: Sequence[str], text: str = "") -> str:
    """Returns the last line that a program writes; empty if it fails."""
    try:
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip().rpartition("\n")[2]


def compiler_version(command: Sequence[str]) -> str:
    """Returns the first line that a compiler prints about itself, or "none" if it prints nothing.

    This runs the whole command: its first word may be ccache.
    """
    try:
        shown = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, timeout=60, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return "none"
    return without_folders(shown.partition("\n")[0])
