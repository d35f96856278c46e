"""What the study of links says of runs with known ratios, and how documents show it."""

from __future__ import annotations

import pytest

from callcost.benchmarks.publish import layout_tables
from callcost.benchmarks.validation.relinks import agreement

FOUND = {
    "steady": [[1.0, 0.9, 1.1], [1.005, 0.9, 1.1], [1.0, 0.9, 1.1]],
    "moved": [[2.0, 1.99, 2.01], [2.2, 2.19, 2.21], [2.0, 1.99, 2.01]],
}


def test_runs_of_different_links_are_compared_row_by_row() -> None:
    found = agreement(FOUND)
    assert found["rows"] == 2
    assert found["rows_within_1_percent"] == 0.5
    assert found["largest_difference"] == pytest.approx(0.1)
    # Two of the three pairs of links differ, in each row.
    assert found["pair_difference_median"] == pytest.approx(0.005)
    # All three steady intervals cover the mean of the other links, and none of the others.
    assert found["covered"] == 0.5
    assert found["half_width_median"] == pytest.approx((0.1 + 0.005) / 2, rel=0.05)


def test_documents_show_both_kinds() -> None:
    kinds = {"one_layout": agreement(FOUND), "layouts": agreement({"steady": FOUND["steady"]})}
    about = {"workloads": ["fibonacci"], "mechanisms": ["cffi_api"], "links": 3}
    machine = {"state": {"load_1min": 0.5}, "machine": {"cpu_count": 2}}
    lines = layout_tables.relinks_table({**kinds, **about, **machine}).splitlines()
    one, many = lines[2:4]
    assert one.startswith("| 3 links, one layout each | 0.5% | 10.0% | 10.0% | 50% | ")
    assert many.startswith("| 3 links, many layouts each | 0.5% | 0.5% | 0.5% | 100% | ")
    assert lines[-1].endswith(
        ": 1 row: `fibonacci` through `cffi_api`. Load 0.5 at the end, on 2 CPUs."
    )
