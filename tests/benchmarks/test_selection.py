"""The options that select rows: by name, with a sentence for an unknown name."""

from __future__ import annotations

import subprocess
import sys

import pytest
from checkout import ROOT

pytestmark = pytest.mark.skipif(not (ROOT / "benchmarks").exists(), reason="not a checkout")


def collect(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "benchmarks", "--collect-only", "-q", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def rows(done: subprocess.CompletedProcess[str]) -> set[str]:
    assert done.returncode == 0, done.stdout + done.stderr
    return {line.partition("[")[2].rstrip("]") for line in done.stdout.splitlines() if "[" in line}


def test_names_and_patterns_select_rows() -> None:
    found = rows(
        collect("--mechanism", "ctypes_*", "--workload", "fibonacci", "--workload", "add_two")
    )
    mechanisms = ("ctypes_cdll", "ctypes_pydll", "ctypes_untyped")
    assert found == {f"{w}-{m}" for w in ("fibonacci", "add_two") for m in mechanisms}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--mechanism", "cffi_apy"],
            "--mechanism cffi_apy matches nothing here: did you mean",
        ),
        (["--workload", "zzz*"], "--workload zzz* matches nothing here: there is:"),
    ],
)
def test_an_unknown_name_gets_a_sentence(options: list[str], said: str) -> None:
    done = collect(*options)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert said in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout
