"""What is said of a run above and beside its tables."""

from __future__ import annotations

from callcost.benchmarks.facts.marks import Marks
from callcost.benchmarks.summary import answers, wording_of
from callcost.benchmarks.tools import title_of
from callcost.estimate.sheet import Sheet, SheetRow
from callcost.model.interval import Interval


def row(name: str, net_ns: float, marks: str = "", floor: bool = False) -> SheetRow:
    cost_ns = Interval(net_ns, net_ns - 0.1, net_ns + 0.1)
    return SheetRow(
        0, name, f"the {name}", cost_ns, cost_ns, "1", None, marks,
        is_floor=floor, is_fastest=False,
    )  # fmt: skip


def sheet(group: str, *rows: SheetRow, inconclusive: bool = False) -> Sheet:
    return Sheet(group, group, rows, 0.2, inconclusive)


def test_an_answer_ranks_only_what_calls_the_c() -> None:
    rows = [
        row("python_reference", 3.0),
        row("quick", 5.0, marks="K *"),
        row("lean", 10.0),
        row("dear", 45.0),
        row("direct", 1.0, floor=True),
    ]
    (said,) = answers([sheet("fibonacci", *rows)], 0.004)
    assert said == (
        "1 int -> int   10.0 ns ± 0.1 per call through the lean; 4.5 times that through the dear "
        "(trust differences above 0.5%)"
    )


def test_answers_are_aligned_and_say_once_how_far_to_trust_them() -> None:
    found = [sheet("fibonacci", row("lean", 9.0)), sheet("bytes_16", row("lean", 1234.0))]
    first, second = answers(found, 0.012)
    assert first.index(" per call") == second.index(" per call")
    assert first.endswith("(trust differences above 1.2%)") and "trust" not in second


def test_no_answer_where_there_is_none() -> None:
    found = [
        sheet("fibonacci", row("lean", 9.0), inconclusive=True),
        sheet("bytes_16", row("python_reference", 9.0)),
    ]
    assert list(answers(found, 0.0)) == []


def test_no_multiple_of_a_cost_that_may_be_nothing() -> None:
    (said,) = answers([sheet("fibonacci", row("lean", 0.05), row("dear", 9.0))], 0.0)
    assert "times" not in said


def test_a_title_has_the_label_and_the_name() -> None:
    assert title_of("fibonacci") == "1 int -> int (fibonacci)"
    assert title_of("fibonacci @ 3.15") == "1 int -> int (fibonacci) @ 3.15"
    assert title_of("no workload") == "no workload"


def test_rows_are_called_by_their_labels() -> None:
    words = wording_of("fibonacci", {"": {"cffi_api": {}}}, Marks({"cffi_api": {"fibonacci": "*"}}))
    assert words.labels["cffi_api"] == "cffi, API mode"
    assert words.marks["cffi_api"].endswith("*")
