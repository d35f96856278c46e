"""What the study of layouts keeps of a run, and refuses."""

from __future__ import annotations

from pathlib import Path

import made_records
import pytest

from callcost.benchmarks.publish import layout_tables
from callcost.benchmarks.validation.layouts import summary
from callcost.errors import CallcostError
from callcost.estimate.record import Record


def record(layouts: list[int]) -> Record:
    document = made_records.record()
    groups = document["callcost"]["groups"]
    groups["fibonacci"] = groups.pop("work")
    for row in document["benchmarks"]:
        facts = row["extra_info"]["callcost"]
        facts["group"] = facts["group"].replace("work", "fibonacci")
    for group in groups.values():
        group["layouts"] = layouts
    return Record(Path("made-up.json"), document)


def test_each_row_has_its_luck_and_each_layout_a_dot() -> None:
    found = summary(record([1, 1, 2, 2, 3, 3, 4, 4, 5, 5]))
    assert {len(percent) for percent in found["moved"].values()} == {5}
    assert found["luck"].keys() >= found["moved"].keys() == {"one", "two"}
    lines = layout_tables.luck_table(found).splitlines()
    assert any(line.startswith("| `one` | ") for line in lines)
    assert "from a run of 20" in lines[-1]


def test_a_run_without_layouts_is_refused() -> None:
    with pytest.raises(CallcostError, match=r"made-up.json has no fibonacci that was measured in"):
        summary(record([]))
