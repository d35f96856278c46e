"""The command callcost matrix refuses bad input before it builds, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT

needs_checkout = pytest.mark.skipif(
    not (ROOT / "pyproject.toml").exists(), reason="not a checkout: nothing can be built from it"
)
# Measures in vain: it is interrupted once it has begun.
INTERRUPTED = """
import os, signal, sys, threading, time
from pathlib import Path
from callcost.benchmarks.commands.running import code_of

CHILD = '''
import sys, time
from pathlib import Path
try:
    Path(sys.argv[1]).touch()
    time.sleep(600)
except KeyboardInterrupt:
    time.sleep(1)  # It cleans up.
    Path(sys.argv[1]).unlink()
'''
begun = Path(sys.argv[1])

def interrupt():
    while not begun.exists():
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Thread(target=interrupt, daemon=True).start()
try:
    code_of([sys.executable, "-c", CHILD, str(begun)], sys.stdout)
except KeyboardInterrupt:
    print("interrupted")
"""


def run(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the command, with a cache and a folder for results that do not exist yet."""
    variables = {"HOME": str(tmp_path), "CALLCOST_CACHE": str(tmp_path / "cache")}
    return subprocess.run(
        [sys.executable, "-m", "callcost", "matrix", *arguments],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", **variables},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@needs_checkout
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--workload", "nothing"], "--workload nothing matches nothing here: there is: add_"),
        (["--mechanism", "cffi_apy"], "--mechanism cffi_apy matches nothing here: did you mean"),
    ],
)
def test_an_unknown_name_is_refused_before_anything_is_built(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    done = run(tmp_path, sys.executable, *arguments)
    assert done.returncode == 2
    assert said in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "cache").exists()
    assert list(tmp_path.iterdir()) == []


@needs_checkout
def test_all_missing_interpreters_are_named_before_anything_is_built(tmp_path: Path) -> None:
    done = run(tmp_path, "3.98", sys.executable, "3.99t")
    assert done.returncode == 2
    (sentence,) = (line for line in done.stderr.splitlines() if "Cannot find" in line)
    assert "the interpreters 3.98 and 3.99t on PATH, in pyenv or in uv. Found: 3." in sentence
    assert sentence.endswith("Install them (`uv python install 3.98 3.99t`), or pass paths.")
    assert not list((tmp_path / "cache" / "environments").glob("*"))
    assert not (tmp_path / "results").exists()


def test_results_that_could_not_be_saved_are_not_measured(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run(tmp_path, sys.executable, "--results", "file/results")
    assert done.returncode == 2
    assert "the run could not be saved: file/results cannot be written (Not a dir" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_interrupt_waits_until_everything_is_cleaned_up(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(begun)], capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "interrupted\n", done.stderr
    assert not begun.exists()
