"""The cases of docs/cases.md: what to run, and what it said."""

from __future__ import annotations

import math
import shlex
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callcost.compare.outcome import Counts
from callcost.compare.table import instructions_text, spread_text
from callcost.console.markdown import markdown_table
from callcost.console.numbers import cost_text, percent, percent_interval
from callcost.model.interval import Interval

FILE = Path(__file__).with_name("cases.toml")
HEADINGS = ("the call", "before (ns)", "after (ns)", "change", "interval", "layouts", "verdict",
            "instructions")  # fmt: skip


@dataclass(frozen=True)
class Case:
    """Two releases of a package, and the pyproject.toml that says what to call."""

    name: str
    base: str
    head: str
    pyproject: str

    @property
    def command(self) -> list[str]:
        """What a user runs in the folder of the pyproject.toml."""
        return ["callcost", "compare", f".+{self.base}", f".+{self.head}"]

    @property
    def calls(self) -> dict[str, str]:
        """The calls, by their workloads."""
        tables = tomllib.loads(self.pyproject)["tool"]["callcost"]["contender"]
        return {table["workload"]: table["call"] for table in tables}


def read() -> dict[str, Case]:
    """Returns all cases by their names."""
    cases = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {name: Case(name, **facts) for name, facts in cases.items()}


def case_part(case: Case, record: dict[str, Any]) -> str:
    """Writes a case: the lines that measure it, and the recorded table."""
    found = record["cases"][case.name]
    lines = [
        f"mkdir {case.name} && cd {case.name} && cat > pyproject.toml <<'END'",
        *case.pyproject.strip().splitlines(),
        "END",
        shlex.join(case.command),
    ]
    order = list(case.calls)
    rows = sorted(found["rows"], key=lambda row: order.index(row["workload"]))
    table = markdown_table(HEADINGS, [_row(case, row) for row in rows])
    title = f"<details><summary><code>{lines[-1]}</code>: the lines to paste</summary>"
    return "\n".join([title, "", "```sh", *lines, "```", "</details>", "", table, "", _how(found)])


def _row(case: Case, row: dict[str, Any]) -> list[str]:
    change = Interval(*map(_number, row["change"]))
    counts = row["instructions"] and Counts(**row["instructions"])
    return [
        f"`{case.calls[row['workload']]}`",
        *(cost_text(_number(row[name])) for name in ("base_ns", "head_ns")),
        percent(change.value, signed=True),
        percent_interval(change).strip("()").replace(" .. ", " to "),
        spread_text(_number(row["spread"])) or "one",
        row["verdict"],
        instructions_text(counts).replace("->", "→"),
    ]


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _how(found: dict[str, Any]) -> str:
    if found["layouts"] > 1:
        how = f"Built from its sources, in {found['layouts']} layouts."
    else:
        how = "The wheels of the index, in one layout."
    doubts = [f"In doubt: {text}." for text in found["moved"]]
    return " ".join(
        [
            how,
            *doubts,
            f"CPython {found['python']}, {found['date']}; {found['measuring_s']:.0f} s of measuring"
            f", load {found['load_1min']:.1f}.",
        ]
    )
