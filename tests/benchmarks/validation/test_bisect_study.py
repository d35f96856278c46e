"""The histories of the study hold what they should; its table counts what was found."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

from callcost.benchmarks.publish import gate_tables
from callcost.benchmarks.validation import bisect


def test_a_history_has_one_plant_and_ten_commits_that_move_code(tmp_path: Path) -> None:
    truth = bisect.make_history(tmp_path / "project", random.Random(3), 15)
    command = ["git", "log", "--reverse", "--format=%s", "begin..main"]
    done = subprocess.run(
        command, cwd=tmp_path / "project", capture_output=True, text=True, check=True
    )
    subjects = done.stdout.splitlines()
    assert len(subjects) == 64
    assert subjects[truth["planted"] - 1] == f"{truth['planted']}: Plant a delay"
    moving = [number for number, name in enumerate(subjects, 1) if "unused function" in name]
    assert moving == truth["noops"] and len(moving) == 10
    source = (tmp_path / "project" / "module.c").read_text()
    assert "static int chosen = 15;" in source
    assert source.count("static void unused_") == 10


def test_trials_are_counted() -> None:
    trial = {"planted": 3, "found": 3, "comparisons": 8, "change": [0.019, 0.018, 0.02],
             "wall_s": 100.0, "load_1min": 0.5}  # fmt: skip
    record = {
        "commits": 64,
        "noops": 10,
        "share_timed_in_c": 0.0196,
        "threshold_percent": 1,
        "machine": {"cpu_count": 2},
        "trials": [
            trial,
            trial | {"change": [0.021, 0.02, 0.022], "comparisons": 9},
            trial | {"found": 4},
            trial | {"found": None, "change": None, "comparisons": 1},
        ],
    }
    table = gate_tables.bisect_table(record)
    assert "| 4 | 2 of 4 | 1 | 1 | +1.90% to +2.10% | 8 (1 to 9) | 100 |" in table
    assert "One adds 1.96% to a call" in table
