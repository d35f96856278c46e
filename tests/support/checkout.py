"""Where the checkout, its records and the files beside this one are."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SUPPORT = Path(__file__).resolve().parent
ROOT = SUPPORT.parents[1]
RESULTS = ROOT / "results"


def copy_checkout(folder: Path, wanted: Callable[[str], bool]) -> list[str]:
    """Copies the files that git knows or would add, and returns their names; skips without git."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=600, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    known = filter(None, os.fsdecode(listed.stdout).split("\0"))
    names = [name for name in known if (ROOT / name).is_file() and wanted(name)]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return names
