"""The commits of the study change every source, and no call; its table counts alarms."""

from __future__ import annotations

import re
from typing import Any

import pytest

from callcost.benchmarks.publish import gate_tables
from callcost.benchmarks.validation import noops
from callcost.bindings.registry import FOLDER


@pytest.mark.parametrize("name", noops.COMMITS)
@pytest.mark.parametrize("mechanism", noops.SOURCES)
def test_a_commit_changes_each_source(mechanism: str, name: str) -> None:
    source = (FOLDER / mechanism / noops.SOURCES[mechanism]).read_text()
    changed = noops.COMMITS[name](source)
    assert changed != source
    # What Python calls keeps its name.
    strings = re.compile(r'"[^"\n]*"')
    assert strings.findall(source) == [
        text for text in strings.findall(changed) if ".rept" not in text
    ]


def run(slower: list[str], faster: list[str], *changes: float) -> dict[str, Any]:
    rows = {f"row-{number}": [change, 0.0, 0.0] for number, change in enumerate(changes)}
    return {"slower": slower, "faster": faster, "changes": rows, "load_1min": 0.5}


def test_alarms_are_counted_by_commit_and_layouts() -> None:
    record = {
        "threshold_percent": 0.5,
        "mechanisms": ["x", "y"],
        "machine": {"cpu_count": 2},
        "commits": {
            "unused": {
                "layouts": [run([], [], 0.001, -0.002), run([], [], 0.003, 0.0)],
                "one_layout": [run(["row-0"], ["row-1"], 0.04, -0.05)],
            }
        },
    }
    table = gate_tables.noops_table(record)
    assert "| unused | in many layouts | 4 | 0 | 0 | -0.2% to +0.3% |" in table
    assert "| unused | as built | 2 | 1 | 1 | -5.0% to +4.0% |" in table
    assert "4 rows in many layouts" in table
    assert "Load 0.5 to 0.5 on 2 CPUs" in table
