"""The cases of docs/cases.md: what is measured, and what the document shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from callcost.benchmarks.publish.case_tables import Case, case_part, read
from callcost.benchmarks.validation import cases, study
from callcost.paired.suite import find_suite

CASE = Case(
    "toy",
    "toy==1",
    "toy==2",
    """
[[tool.callcost.contender]]
workload = "two"
call = "f(2)"

[[tool.callcost.contender]]
workload = "one"
call = "f(1)"
""",
)


def row(workload: str, verdict: str, base: float | None, spread: float | None) -> dict[str, Any]:
    counts = {"base": base, "head": 120.0, "changed": base != 120.0, "why_not": ""}
    change = [0.2, 0.1, None]
    return {"workload": workload, "verdict": verdict, "change": change, "spread": spread,
            "base_ns": 10.0, "head_ns": 12.0, "instructions": counts, "passes": [1]}  # fmt: skip


def document(layouts: int) -> dict[str, Any]:
    rows = [row("one", "slower", 100.0, 0.03), row("two", "same", 120.0, None)]
    interpreter = {"python_version": "3.11.7"}
    return {"base": {"interpreter": interpreter}, "exit_code": 1, "moved": ["a twin moved"],
            "failures": [], "changed_versions": {"toy": ["1", "2"]}, "layouts": layouts,
            "unmoved": {}, "rows": rows, "state": {"load_1min": 0.5},
            "measuring_s": 6.4}  # fmt: skip


@pytest.mark.parametrize("case", read().values(), ids=lambda case: case.name)
def test_each_case_says_what_to_call(case: Case, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(case.pyproject)
    names = {cell.workload for cell in find_suite(tmp_path).names(())}
    assert names == case.calls.keys()


def test_a_case_is_measured_in_a_new_folder_and_the_others_keep_their_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compare(folder: Path, *words: str) -> tuple[dict[str, Any], float]:
        assert [path.name for path in folder.iterdir()] == ["pyproject.toml"]
        assert words == (".+xxhash==3.4.1", ".+xxhash==3.5.0")
        return document(1), 9.0

    monkeypatch.setattr(study, "compare", compare)
    path = tmp_path / "cases.json"
    path.write_text(json.dumps({"cases": {"ujson": {"kept": True}}}))
    done = CliRunner().invoke(cases.main, ["--json", str(path), "--case", "xxhash"])
    assert done.exit_code == 0, done.output
    found = json.loads(path.read_text())["cases"]
    assert found["ujson"] == {"kept": True}
    assert found["xxhash"]["python"] == "3.11.7"
    assert "passes" not in found["xxhash"]["rows"][0]


def test_a_part_has_what_to_paste_and_what_it_said() -> None:
    facts = {**document(17), "python": "3.11.7", "date": "2026-11-26", "load_1min": 0.5}
    text = case_part(CASE, {"cases": {"toy": facts}})
    assert "```sh\nmkdir toy && cd toy && cat > pyproject.toml <<'END'\n[[tool" in text
    assert "\nEND\ncallcost compare .+toy==1 .+toy==2\n```\n" in text
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert [line.split(" | ")[0] for line in rows] == ["| `f(2)`", "| `f(1)`"]
    assert "| +20.0% | +10.0% to unknown | ±3.00% | slower | 100 → 120 |" in rows[1]
    assert "| one | same | 120 |" in rows[0]
    assert "in 17 layouts. In doubt: a twin moved. CPython 3.11.7, 2026-11-26; 6 s" in text
    alone = case_part(CASE, {"cases": {"toy": {**facts, "layouts": 1}}})
    assert "The wheels of the index, in one layout." in alone
