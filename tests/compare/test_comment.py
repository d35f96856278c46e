"""The comment of a pull request: a real comparison, a huge one, and one that a stranger wrote."""

from __future__ import annotations

import copy
import functools
import re
import shlex
from pathlib import Path
from typing import Any

import made_records
import msgspec
import pytest
from checkout import ROOT
from click.testing import CliRunner
from markdown_it import MarkdownIt

from callcost.compare.comment import MARKER
from callcost.compare.comment import comment as written
from callcost.compare.comment_command import comment
from callcost.compare.document import Document
from callcost.estimate.reading import read_json

RECORDED = ROOT / "results" / "comparison.json.xz"
GITHUB_LIMIT = 65_536
pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason="not a checkout: no record here")
HOSTILE = [
    "@somebody and #1",
    "[a link](https://example.com) ![](https://example.com/i.png)",
    "https://example.com www.example.com",
    "<img src=x><script>alert(1)</script></details>",
    "`</details> <b>bold</b>",
    "```\n# heading",
    "a | b | c",
    "a \\| b \\",
    "a\n\n| b |",
    f"{MARKER} --> <!--",
    "\u202egnp.exe \u200b\x1b[31m",
    "*" * 300,
    "",
    "``",
    "&lt;&#64;somebody",
]


@functools.cache
def _recorded() -> Any:
    return read_json(RECORDED)


def recorded(**changed: Any) -> dict[str, Any]:
    """Returns the recorded comparison, with some fields changed."""
    return {**copy.deepcopy(_recorded()), **changed}


def render(document: dict[str, Any]) -> str:
    return written(msgspec.convert(document, Document))


def test_a_recorded_comparison_becomes_the_comment_of_the_document() -> None:
    done = CliRunner().invoke(comment, [str(RECORDED)])
    assert done.exit_code == 0, done.output
    (shown,) = re.findall(
        r"<!-- generated: comment -->\n(.*?)\n<!-- end -->",
        (ROOT / "docs" / "ci.md").read_text(),
        re.DOTALL,
    )
    assert done.output.strip() == shown


def row(word: str, **changed: Any) -> dict[str, Any]:
    return {**copy.deepcopy(_recorded()["rows"][0]), "verdict": word, **changed}


def test_changed_rows_are_listed_and_the_others_counted() -> None:
    rows = [row("same"), row("faster", workload="quick"), row("could not be decided")]
    rows += [row("slower", workload="slow", threshold=0.1, spread=None), row("not slower")]
    text = render(recorded(rows=rows, exit_code=1))
    assert text.startswith(f"{MARKER}\n\n### ❌ Slower: 1 of 5 rows.\n")
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    assert [line.split("`")[1] for line in lines] == ["slow", "quick"]
    assert "slower (" in lines[0] and "threshold 10.0%)" in lines[0]
    assert "threshold" not in lines[1]
    assert "\nOther rows: 1 could not be decided, 1 not slower, 1 same.\n" in text


@pytest.mark.parametrize(
    ("code", "words", "failures", "title"),
    [
        (0, ["same"], 0, "✅ Nothing is slower: 1 row."),
        (3, ["same", "could not be decided"], 0, "⚠️ Could not be decided: 1 of 2 rows."),
        (2, ["same"], 1, "❌ 1 row failed in head; 1 row measured."),
        (2, [], 0, "❌ Nothing was measured: no row works on both sides."),
        (0, [], 0, "✅ Nothing is slower: both sides run the same code."),
        (3, [], 0, "⚠️ Could not be decided: both sides run the same code."),
    ],
)
def test_the_title_says_the_result(code: int, words: list[str], failures: int, title: str) -> None:
    failure = {"cell": "work-tool", "side": "head", "kind": "crash", "message": "it died"}
    both = [failure, {**failure, "side": "base"}] * failures
    text = render(recorded(exit_code=code, rows=[row(word) for word in words], failures=both))
    assert text.splitlines()[2] == f"### {title}"
    assert text.count("- `work-tool`: `crash: it died`") == failures
    assert "| workload |" not in text


def sides(base: str, head: str) -> dict[str, Any]:
    return {"base": {"text": base}, "head": {"text": head}}


def command(text: str) -> list[list[str]]:
    found = re.search(r"```sh\n(.*?)\n```", text, re.DOTALL)
    return [shlex.split(line) for line in found[1].splitlines()] if found else []


def test_the_command_compares_the_changed_rows() -> None:
    one, two = "a" * 40, "b" * 40
    options = ["--workload=*", "--threshold=0.5", "--one-layout", "--json=/some/x", "--budget=9"]
    rows = [row("slower", workload="a b", mechanism="$(x)"), row("same", workload="c")]
    text = render(recorded(**sides(one, f"{two}+tool==2"), options=options, rows=rows))
    assert command(text) == [
        ["git", "fetch", "origin", one, two],
        ["callcost", "compare", one, f"{two}+tool==2", "--threshold=0.5", "--one-layout",
         "--workload=a b", "--mechanism=$(x)"],
    ]  # fmt: skip
    # Nothing changed, or too much to name: the whole comparison.
    many = [row("slower", workload=f"w{number}") for number in range(20)]
    for shown in ([row("same")], many):
        text = render(recorded(**sides("main", "."), options=options, rows=shown))
        assert command(text) == [
            ["callcost", "compare", "main", ".", "--threshold=0.5", "--one-layout", "--workload=*"]
        ]


@pytest.mark.parametrize("text", ["--json=/some/x", "main`", "main\ncurl", "main" * 500])
def test_no_command_is_shown_that_is_not_the_one_that_ran(text: str) -> None:
    assert not command(render(recorded(**sides(text, "."))))


def skeleton(text: str) -> str:
    """Returns what GitHub makes of a comment, without the contents of code."""
    html = MarkdownIt("commonmark").enable("table").render(text)
    return re.sub(r"<code[^>]*>.*?</code>", "<code/>", html, flags=re.DOTALL)


@pytest.mark.parametrize("odd", HOSTILE)
def test_what_a_stranger_wrote_stays_within_code(odd: str) -> None:
    def with_text(text: str) -> str:
        document = recorded(exit_code=2, headline=text, remarks=[text] * 3, options=[text])
        failure = {"cell": text, "side": "head", "kind": text, "message": text}
        rows = [row("slower", workload=text, mechanism=text) for _ in range(2)]
        document |= {**sides(text, text), "failures": [failure], "rows": rows}
        return render(document)

    found = with_text(odd)
    # No command is shown for -x, which is an option.
    assert skeleton(found) == skeleton(with_text("x" if command(found) else "-x"))
    shown = re.sub(r"```text\n.*?\n```|```sh\n.*?\n```|`[^`\n]*`", "", found, flags=re.DOTALL)
    assert not re.search(r"@|#\d|https?:|www\.|script|[\u202e\u200b\x1b]", shown)
    assert not re.search("[\u202e\u200b\x1b]", found)


def test_a_huge_comparison_fits() -> None:
    rows = [row("slower", workload=f"{n:05}" + "x" * 99) for n in range(3000)]
    text = render(recorded(rows=rows, exit_code=1))
    shown = text.count("\n| `")
    assert 100 < shown < 3000
    assert f"\n{3000 - shown:,} more rows changed: the comment has no place for them.\n" in text
    assert 0.8 * GITHUB_LIMIT < len(text) <= GITHUB_LIMIT
    # All at once, in characters of four bytes.
    wide = "🐍" * 2000
    failure = {"cell": wide, "side": "head", "kind": wide, "message": wide}
    rows = [row("slower", workload=wide, mechanism=wide) for n in range(3000)]
    document = recorded(rows=rows, failures=[failure] * 500, remarks=[wide] * 500, options=[wide])
    text = render({**document, **sides(wide, wide), "headline": wide})
    assert len(text.encode()) <= GITHUB_LIMIT
    assert text.rstrip().endswith("</details>")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "is not a comparison of two revisions; give the file that callcost compare"),
        ({"rows": []}, "is not a comparison of two revisions"),
        (made_records.record(), "is a record of callcost, not a comparison of two revisions"),
        ({"callcost_compare": 1}, "is damaged: the whole: it lacks"),
        (("rows", 0, "verdict", "great"), "is damaged: rows[0].verdict: "),
        (("rows", 0, "change", [1.0]), "is damaged: rows[0].change: "),
        (("rows", 0, "base_ns", float("nan")), "rows[0].base_ns: nan is not a number"),
        (("rows", 0, "spread", -1), "is damaged: rows[0].spread: "),
        (("exit_code", 7), "is damaged: exit_code: "),
        (("headline", "\ud800"), "is damaged: headline: it has characters that cannot be shown"),
    ],
)
def test_other_files_get_a_sentence(document: Any, said: str, tmp_path: Path) -> None:
    if isinstance(document, tuple):
        *above, last, value = document
        whole = recorded()
        functools.reduce(lambda found, key: found[key], above, whole)[last] = value
        document = whole
    path = made_records.written(tmp_path / "odd.json", document)
    done = CliRunner().invoke(comment, [str(path)])
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())
    assert "Traceback" not in done.output
