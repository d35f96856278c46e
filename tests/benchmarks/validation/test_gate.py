"""The study of the gate still works: its plant fits the source, and its sums are right."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from callcost.benchmarks.publish import gate_tables
from callcost.benchmarks.validation import planted
from callcost.bindings.registry import FOLDER


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    target = tmp_path / "bindings" / planted.MECHANISM
    shutil.copytree(FOLDER / planted.MECHANISM, target)
    return tmp_path


def source(checkout: Path) -> str:
    (path,) = (checkout / "bindings" / planted.MECHANISM).glob("*.cpp")
    return path.read_text()


def test_the_plant_fits_the_source_of_the_mechanism(checkout: Path) -> None:
    before = source(checkout)
    planted.plant(checkout, planted.CHOICES.index(250))
    after = source(checkout)
    assert "static int chosen = 10;" in after
    assert '".rept 250\\n\\tnop\\n\\t.endr"' in after
    assert 'm.def("sum_ends_list", &planted::sum,' in after
    # It calls a function that is defined above.
    assert after.index("sum_vector(") < after.index("namespace planted")
    assert len(after) > len(before)


def test_the_cost_of_the_chosen_steps_is_the_nearest() -> None:
    assert planted.choose({0: 0.0, 25: 0.004, 50: 0.011, 75: 0.019}, 0.01) == 50


def run(slower: list[str], exit_code: int, spread: float = 0.001) -> dict[str, Any]:
    changes = {"a-x": [0.0, -spread, spread], "b-y": [0.0, -0.001, 0.001]}
    return {"exit_code": exit_code, "slower": slower, "moved": [], "changes": changes,
            "measuring_s": 30.0, "wall_s": 33.0}  # fmt: skip


def test_alarms_are_counted_by_kind() -> None:
    record = {
        "planted_row": "b-y",
        "planted": {"2%": {}},
        "runs": {
            "same": [run([], 3), run(["a-x"], 1), run(["b-y"], 1, 0.5)],
            "2%": [run(["b-y"], 1), run(["a-x", "b-y"], 1), run([], 0)],
        },
        "mechanisms": ["x", "y"],
        "workloads": ["a"],
        "threshold_percent": 0.5,
        "cold": {"wall_s": 100.0},
    }
    table = gate_tables.runs_table(record)
    assert "| same | 3 | 0 | 2 | 1 | – | 2 of 6 | 30 | 33 |" in table
    assert "| planted to be 2% slower | 3 | 1 | 2 | 0 | 2 of 3 | 1 of 6 | 30 | 33 |" in table
    assert "In 2 of the 3 runs without a plant" in table


def test_the_alarms_of_peers_are_counted_by_the_same_rules() -> None:
    record = {
        "planted_row": "b-y",
        "mechanisms": ["x", "y"],
        "workloads": ["a"],
        "peers": {
            "other, same": [{"failed": True, "slower": ["a-x"]}, {"failed": False, "slower": []}],
            "other, 2%": [{"failed": True, "slower": ["a-x", "b-y"]}],
        },
    }
    assert "| `other` | 2 | 1 of 2 | 1 of 4 | 1 of 1 | 1 of 1 |" in gate_tables.peers_table(record)
