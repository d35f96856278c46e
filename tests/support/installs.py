"""What several tests share: copies of the sources, and what is built and installed from them."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from checkout import copy_checkout
from uv import find_uv_bin

# What uv says about an index that it cannot reach.
OFFLINE = "Failed to fetch"
# No build needs records, documents or tests.
NO_SOURCES = ("results/", "tests/", "docs/", ".")


def copy_sources(folder: Path) -> Path:
    """Copies what a build needs into a folder, which it returns; skips without git."""
    copy_checkout(folder, lambda name: not name.startswith(NO_SOURCES))
    return folder


def run_uv(
    *arguments: str | Path, cwd: Path | None = None, environ: Mapping[str, str] = os.environ
) -> subprocess.CompletedProcess[str]:
    """Runs uv and waits for it; skips the test if uv cannot reach the package index."""
    done = subprocess.run(
        [find_uv_bin(), *map(str, arguments)],
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode and OFFLINE in done.stderr:
        pytest.skip("cannot reach the package index")
    return done


def uv(*arguments: str | Path, environ: Mapping[str, str] = os.environ) -> None:
    """Runs uv, which must succeed."""
    done = run_uv(*arguments, environ=environ)
    assert done.returncode == 0, done.stdout + done.stderr


@dataclass(frozen=True)
class Environment:
    """A fresh virtual environment, used without a compiler and away from the checkout."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> Environment:
        """Makes an environment for the running interpreter."""
        uv("venv", "--python", sys.executable, folder)
        return cls(folder)

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        """The folder that packages are installed into."""
        base = str(self.folder)
        return Path(sysconfig.get_path("purelib", vars={"base": base, "platbase": base}))

    def install(self, *arguments: str | Path) -> None:
        """Installs with uv, which links files from its cache."""
        uv("pip", "install", "--python", self.python, *arguments, environ=without_programs())

    def run(
        self, program: str, *arguments: str | Path, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program of the environment in its folder, and waits for it."""
        return subprocess.run(
            [str(self.folder / "bin" / program), *map(str, arguments)],
            cwd=self.folder,
            env={**without_programs(), "HOME": str(self.folder), **variables},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )


def without_programs() -> dict[str, str]:
    """Returns the variables of this process, changed so that no compiler is found."""
    kept = {name: value for name, value in os.environ.items() if name not in ("CC", "CXX")}
    return {**kept, "PATH": "/nowhere"}
