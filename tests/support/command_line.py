"""What several tests share: the command `callcost` as it is installed, in its own process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def callcost(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the command, and waits for it."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("callcost")), *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=600,
        check=False,
    )


def words(done: subprocess.CompletedProcess[str]) -> str:
    """What was printed by a command that succeeded, on one line: tables wrap."""
    assert done.returncode == 0, done.stderr
    return " ".join(done.stdout.split())
