"""Tables in narrow terminals: columns may go, digits may not."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from callcost.console.tables import PlainTable
from callcost.estimate.sheet import Sheet, SheetRow
from callcost.model.interval import Interval
from callcost.pytest_plugin.summary import group_table

NS = Interval(1234.5, 1230.1, 1240.2), Interval(451.8, 450.2, 453.4), Interval(25.4, 25.3, 25.5)
LONG = "a mechanism, with quite a long name"


def shown(table: PlainTable, width: int) -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=width).print(table)
    return stream.getvalue().splitlines()


def sheet() -> PlainTable:
    rows = [
        SheetRow(
            number, f"row {number}", f"{LONG} {number}", net_ns, net_ns, str(number + 1),
            Interval(net_ns.value / 25.4, 1, 60), "KRT*", is_floor=False, is_fastest=False,
        )
        for number, net_ns in enumerate(NS)
    ]  # fmt: skip
    return group_table(Sheet("calls", "calls", tuple(rows), 0.2, inconclusive=False))


@pytest.mark.parametrize("width", [24, 40, 60, 80, 100, 140])
def test_no_digit_is_cut_at_any_width(width: int) -> None:
    lines = shown(sheet(), width)
    assert max(map(len, lines)) <= width
    assert "…" not in "".join(lines)
    found = re.findall(r"[\d,]+\.\d+", "\n".join(lines))
    assert set(found) >= {"1,234", "451.8", "25.4", "48.60", "17.79", "1.00"} - {"1,234"}
    # From a thousand on, figures have no decimals.
    assert any("1,234" in line for line in lines)
    assert set(found) <= set(re.findall(r"[\d,]+\.\d+", "\n".join(shown(sheet(), 200))))


def test_a_wide_terminal_shows_every_column() -> None:
    (heading,) = (line for line in shown(sheet(), 140) if "rank" in line)
    assert heading.split() == (
        ["rank", "contender", "does", "gross", "net", "95%", "interval", "ratio", "95%", "interval"]
    )


def test_the_least_important_columns_go_first() -> None:
    def headings(width: int) -> str:
        return next(line for line in shown(sheet(), width) if "rank" in line)

    assert "gross" not in headings(115) and headings(115).count("95%") == 2
    assert headings(60).split() == ["rank", "contender", "net", "ratio"]


def test_figures_without_room_follow_below_with_their_names() -> None:
    table = PlainTable("name", *(f">at {n}" for n in range(9)), title="calls")
    table.add("first", *(f"{n},{n}{n}{n}.5" for n in range(1, 10)))
    lines = shown(table, 40)
    assert max(map(len, lines)) <= 40
    assert sum("calls" in line for line in lines) > 1
    assert sum("first" in line for line in lines) == sum("calls" in line for line in lines)
    assert re.findall(r"\d,\d+\.5", "\n".join(lines)) == [f"{n},{n}{n}{n}.5" for n in range(1, 10)]


def test_a_table_of_text_alone_is_folded() -> None:
    table = PlainTable("name", "why")
    table.add("first", "because " * 20)
    lines = shown(table, 50)
    assert max(map(len, lines)) <= 50
    assert "".join(lines).count("because") == 20
