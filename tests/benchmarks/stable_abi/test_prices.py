"""The price of the stable ABI: pairs of mechanisms, their chart, and the functions that differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from callcost.benchmarks.publish import abi_tables, publishing
from callcost.benchmarks.stable_abi import chart
from callcost.benchmarks.stable_abi.prices import Price, here, latest, prices, stable_abi
from callcost.benchmarks.validation.stable_abi.__main__ import OWN_CODE, differences
from callcost.estimate.record import Record
from callcost.model.contender import Binary, Contender
from callcost.model.instructions import Frame, Spent
from callcost.model.interval import Interval


def price(place: str, tag: str, share: float, workload: str = "new_tally") -> Price:
    return Price(
        workload, place, tag, "cython_limited", Interval(20 * (1 + share), 1, 99),
        "cython_def", Interval(20, 19, 21), Interval(share, share - 0.01, share + 0.01), True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("names", "tag"),
    [
        (["_x.abi3.so"], "abi3"),
        (["_x.abi3t-x86_64-linux-gnu.so"], "abi3t"),
        (["_x.abi3.so", "_y.cpython-315-x86_64-linux-gnu.so"], None),
        ([], None),
    ],
)
def test_the_files_say_for_which_abi_they_are(names: list[str], tag: str | None) -> None:
    files = [Binary(f"callcost/{name}", name, "", name.partition(".")[0]) for name in names]
    core = Binary("callcost/core.abi3.so", "core", "")
    assert stable_abi(Contender("x", "", "x()", binaries=(*files, core))) == tag


def test_a_call_is_compared_with_the_native_form_in_the_same_interpreter() -> None:
    if not publishing.REFERENCE.exists():
        pytest.skip("not a checkout")
    record = Record.load(publishing.REFERENCE)
    found = list(prices(record.estimates, here(record.document)))
    assert {each.stable for each in found} >= {"cpython_limited", "cython_limited"}
    for one in found:
        estimate = record.estimates[one.workload]
        if one.native is not None:
            assert one.share is not None and one.native_ns is not None
            assert one.native_ns == estimate.net_ns(estimate.names.index(one.native))
            ratio = one.stable_ns.value / one.native_ns.value
            assert 1 + one.share.value == pytest.approx(ratio, rel=0.05)


def test_only_the_newest_python_of_each_abi_is_shown() -> None:
    found = [price("3.12", "abi3", 0.1), price("3.15", "abi3", 0.2), price("3.15t", "abi3t", 0.3)]
    assert [each.place for each in latest(found)] == ["3.15", "3.15t"]
    # As in a run whose command line named 3.9 last.
    found = [price("3.15", "abi3", 0.2), price("3.9", "abi3", 0.1)]
    assert [each.place for each in latest(found)] == ["3.15"]


def test_both_abis_are_drawn_with_their_figures(tmp_path: Path) -> None:
    found = [price("3.15", "abi3", 0.5), price("3.15t", "abi3t", 2.0)]
    (path,) = chart.draw(found, "made", ["cython_limited"], tmp_path / "abi")
    text = path.read_text(encoding="utf-8")
    for said in ("20.0 to 30.0 ns, +50.0%", "20.0 to 60.0 ns, +200.0%", "ollow: abi3t"):
        assert said in text


def test_functions_are_compared_and_an_extensions_own_code_is_one() -> None:
    own = "/x/bindings/cython_def/_def.so", "/x/bindings/cython_limited/_limited.abi3.so"
    before: Spent = {
        (Frame(own[0], "f"),): 10.0,
        (Frame("/usr/bin/python3", "PyLong_AsLong"),): 24.0,
    }
    after: Spent = {
        (Frame(own[1], "f"),): 8.0,
        (Frame(own[1], "g"),): 5.0,
        (Frame("/usr/bin/python3", "PyTuple_Size"),): 30.0,
        (Frame("/usr/bin/python3", "PyLong_AsLong"),): 24.5,
    }
    assert differences(before, after) == [("PyTuple_Size", 30.0), (OWN_CODE, 3.0)]


def test_published_figures_are_explained_by_the_calls_that_reach_them() -> None:
    found = [price("3.15", "abi3", 0.5), price("3.15", "abi3", 0.1, "fibonacci")]
    text = abi_tables.explained(found, {"rows": []})
    assert "`new_tally` 1.50 times (of 2 calls)" in text
    assert "fibonacci" not in text
