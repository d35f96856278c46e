"""What several tests share: the command `callcost` as it is installed, in its own process."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType


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


def in_terminal(
    *arguments: str, columns: int = 80, variables: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Returns what the command writes to a terminal of some width."""
    main, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm", **variables}
    with subprocess.Popen(
        [str(Path(sys.executable).with_name("callcost")), *arguments],
        stdin=other, stdout=other, stderr=other, env=environment,
    ) as process:  # fmt: skip
        os.close(other)
        said = b""
        # Linux reports an error when the last writer has gone; other systems an end.
        with contextlib.suppress(OSError):
            while part := os.read(main, 65536):
                said += part
        process.wait(timeout=600)
    os.close(main)
    return said.decode()


def words(done: subprocess.CompletedProcess[str]) -> str:
    """What was printed by a command that succeeded, on one line: tables wrap."""
    assert done.returncode == 0, done.stderr
    return " ".join(done.stdout.split())
